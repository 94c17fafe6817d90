import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

/** Work that ends when it is told to, and a record of the order in which it began. */
function workshop() {
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const work = (name: string) => () => {
    began.push(name);
    return new Promise<string>((resolve) => ends.push(() => resolve(name)));
  };
  const endOne = async () => {
    await new Promise(setImmediate);
    ends.shift()?.();
  };
  return { began, work, endOne };
}

test('one that brings much waits for itself, and the others hardly for it', async () => {
  const { began, work, endOne } = workshop();
  const turns = createTurns({ atOnce: 1, perKey: 10, inAll: 100 });
  const all = [
    ...Array.from({ length: 5 }, (_, n) => turns.take('loud', work(`loud-${n}`))),
    turns.take('calm', work('calm-0')),
    turns.take('quiet', work('quiet-0')),
  ];
  for (let n = 0; n < 7; n++) await endOne();
  await Promise.all(all);
  expect(began).toEqual(['loud-0', 'loud-1', 'calm-0', 'quiet-0', 'loud-2', 'loud-3', 'loud-4']);
  expect(turns.waiting()).toBe(0);
});

test('what waits is bounded, for each and in all, and says when to come again', async () => {
  const { work, endOne } = workshop();
  const turns = createTurns({ atOnce: 1, perKey: 2, inAll: 3 });
  const taken = [turns.take('a', work('1')), turns.take('a', work('2')), turns.take('a', work('3'))];
  await expect(turns.take('a', work('4'))).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 1 });
  taken.push(turns.take('b', work('5')));
  await expect(turns.take('c', work('6'))).rejects.toMatchObject({ code: 'rate_limited' });
  for (let n = 0; n < 4; n++) await endOne();
  expect(await Promise.all(taken)).toEqual(['1', '2', '3', '5']);
});

test('work that fails gives its turn on', async () => {
  const turns = createTurns({ atOnce: 1, perKey: 5, inAll: 5 });
  const failed = turns.take('a', () => Promise.reject(new Error('no')));
  const after = turns.take('b', async () => 'done');
  await expect(failed).rejects.toThrow('no');
  expect(await after).toBe('done');
});
