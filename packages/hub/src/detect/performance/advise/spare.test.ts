import { describe, expect, it } from 'vitest';
import type { Index } from './collect.ts';
import { duplicateIndexes, unusedIndexes } from './spare.ts';

const DAY = 86_400;
const MIB = 1024 * 1024;
const index = (name: string, columns: string[], more: Partial<Index> = {}): Index => ({
  ...{ schema: 'public', table: 'orders', name, method: 'btree', columns, predicate: null, definition: name },
  shape: ['btree', columns.map(() => '1').join(' '), '0', '0', columns.length, columns.join(), ''].join('|'),
  ...{ unique: false, valid: true, bound: false, bytes: 8 * MIB, scans: 0 },
  ...more,
});
const names = (advice: { sql: string }[]) => advice.map(({ sql }) => sql.split('.').at(-1));

describe('an index that nobody uses', () => {
  it.each<[string, Partial<Index>, number, boolean]>([
    ['is told of after a week', {}, 7 * DAY, true],
    ['is left alone while the statistics are young', {}, 7 * DAY - 1, false],
    ['is left alone when it was used once', { scans: 1 }, 90 * DAY, false],
    ['is left alone when it keeps values unique', { unique: true }, 90 * DAY, false],
    ['is left alone when a constraint needs it', { bound: true }, 90 * DAY, false],
    ['is left alone when it is small', { bytes: MIB - 1 }, 90 * DAY, false],
    ['is left alone while it is being made', { valid: false }, 90 * DAY, false],
  ])('%s', (_what, more, age, told) => {
    expect(unusedIndexes([index('orders_status', ['status'], more)], age)).toHaveLength(told ? 1 : 0);
  });

  it('comes as text that can be run as it stands, whatever its name', () => {
    const [advice] = unusedIndexes([index('Odd "name"', ['status'], { schema: 'Sales' })], 8 * DAY);
    expect(advice?.sql).toBe('DROP INDEX CONCURRENTLY "Sales"."Odd ""name"""');
  });
});

describe('indexes that are there twice', () => {
  const [a, b] = [index('a', ['x']), index('b', ['x'])];
  it.each<[string, Index[], string[]]>([
    ['the later one by name goes', [b, a], ['b']],
    ['the one that a constraint needs stays', [a, index('b', ['x'], { bound: true, unique: true })], ['a']],
    ['a unique one stays', [a, index('b', ['x'], { unique: true })], ['a']],
    ['the beginning of a longer one goes', [a, index('long', ['x', 'y'])], ['a']],
    [
      'the beginning of a longer one stays where it is unique',
      [index('a', ['x'], { unique: true }), index('long', ['x', 'y'])],
      [],
    ],
    ['another order of columns is another index', [a, index('long', ['y', 'x'])], []],
    ['another predicate is another index', [a, index('part', ['x', 'y'], { predicate: '(z > 1)' })], []],
    ['another table is another index', [a, index('b', ['x'], { table: 'items' })], []],
    ['one that is not ready serves nothing', [b, index('a', ['x'], { valid: false })], []],
  ])('%s', (_what, indexes, gone) => expect(names(duplicateIndexes(indexes))).toEqual(gone));

  it('another class of operators or order is another index', () => {
    const text = index('text', ['x', 'y'], { shape: 'btree|2 1|0|0 0|2|x,y|' });
    const down = index('down', ['x', 'y'], { shape: 'btree|1 1|0|3 0|2|x,y|' });
    expect(names(duplicateIndexes([a, text, down]))).toEqual([]);
  });
});
