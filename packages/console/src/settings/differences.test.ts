import { expect, test } from 'vitest';
import { differences } from './differences.ts';

test.each([
  [{ status: 'open' }, { status: 'resolved' }, [['status', 'open', 'resolved']]],
  [
    null,
    { a: 1, b: { c: [1, 2] } },
    [
      ['a', undefined, '1'],
      ['b.c', undefined, '[1,2]'],
    ],
  ],
  [{ a: 1 }, null, [['a', '1', undefined]]],
  [{ a: 1, b: 2 }, { a: 1, b: 3 }, [['b', '2', '3']]],
  [{ a: { x: 1 } }, { a: 'text' }, [['a', '{"x":1}', 'text']]],
  [null, null, []],
])('%j and %j differ in %j', (before, after, expected) => {
  expect(differences(before, after).map((row) => [row.path, row.before, row.after])).toEqual(expected);
});
