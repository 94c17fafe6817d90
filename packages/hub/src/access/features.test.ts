import { expect, it } from 'vitest';
import { anonymousCaller, type Caller, systemCaller } from './caller.ts';
import { authorizeFeature, hasFeature } from './features.ts';

const staff = systemCaller('test');
const of = (...features: string[]): Caller => ({
  ...staff,
  kind: 'key',
  tenant: 'acme',
  projects: ['shop'],
  features: new Set(features),
});

it.each([
  [of(), 'ai', true],
  [of('reports'), 'ai', true],
  [of('no-ai'), 'ai', false],
  [of('ai', 'no-ai'), 'ai', false],
  [of(), 'reports', false],
  [of('reports'), 'reports', true],
  [staff, 'reports', true],
  [{ ...staff, features: new Set(['no-ai']) }, 'ai', true],
  [anonymousCaller, 'reports', false],
] as const)('%# has what its tenant was given', (caller, name, has) => expect(hasFeature(caller, name)).toBe(has));

it('names the flag that is off', () => {
  expect(() => authorizeFeature(of('no-ai'), 'ai')).toThrow(
    expect.objectContaining({ code: 'forbidden', message: expect.stringContaining('"ai"') }),
  );
});
