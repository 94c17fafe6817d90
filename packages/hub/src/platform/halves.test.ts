import { describe, expect, test } from 'vitest';
import { inHalves } from './halves.ts';

const numbers = Array.from({ length: 100 }, (_, n) => n);
const options = { isShared: (error: unknown) => error === 'away', tries: 64 };

/** Work that refuses these items, and notes what it did. */
function refusing(bad: readonly number[], error: unknown = 'bad') {
  const [done, asked]: [number[], number[]] = [[], []];
  return {
    done,
    asked,
    async work(part: readonly number[]) {
      asked.push(part.length);
      if (part.some((one) => bad.includes(one))) throw error;
      done.push(...part);
    },
  };
}

describe('what is worked on together', () => {
  test('is done in one go when nothing is wrong with it', async () => {
    const { work, asked } = refusing([]);
    expect(await inHalves(numbers, work, options)).toEqual({ done: numbers, bad: [], left: [] });
    expect(asked).toEqual([100]);
  });

  test('is done but for those that cannot be, in order', async () => {
    const { work, done } = refusing([0, 41, 99]);
    const result = await inHalves(numbers, work, options);
    expect(result.bad).toEqual([0, 41, 99].map((item) => ({ item, error: 'bad' })));
    expect(done).toEqual(numbers.filter((one) => ![0, 41, 99].includes(one)));
    expect(result).toMatchObject({ done, left: [] });
  });

  test('is left as it is when the trouble is not its own', async () => {
    const { work, asked } = refusing([5], 'away');
    expect(await inHalves(numbers, work, options)).toEqual({ done: [], bad: [], left: numbers, error: 'away' });
    expect(asked).toHaveLength(1);
  });

  test('is tried so often and no more, and nothing of it gets lost', async () => {
    const { work, asked } = refusing(numbers);
    const { done, bad, left, error } = await inHalves(numbers, work, { ...options, tries: 20 });
    expect(asked).toHaveLength(20);
    expect([...done, ...bad.map(({ item }) => item), ...left].sort((a, b) => a - b)).toEqual(numbers);
    expect(error).toBe('bad');
  });
});
