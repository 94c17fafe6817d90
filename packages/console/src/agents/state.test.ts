import { expect, it } from 'vitest';
import { inShort } from './state.ts';

const of = (...states: ('well' | 'failing' | 'stuck' | 'idle' | 'waiting' | 'off')[]) =>
  inShort(states.map((state) => ({ state })));

it('names trouble before work, and the worst of it', () => {
  expect(of('well', 'idle', 'off')).toEqual({ tone: 'ok', word: '1 of 3 at work' });
  expect(of('well', 'failing', 'waiting')).toEqual({ tone: 'warn', word: '2 in trouble' });
  expect(of('failing', 'stuck')).toEqual({ tone: 'bad', word: '2 in trouble' });
});
