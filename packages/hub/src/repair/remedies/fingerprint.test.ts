import { expect, test } from 'vitest';
import { fingerprint } from './fingerprint.ts';

test.each([
  ['UPDATE t SET name = $1 WHERE id = 7', "UPDATE t SET name='Ann O''Hara' WHERE id = 123456"],
  ['select * from t where id in (1,2,3)', 'SELECT *\n  FROM t WHERE id IN (9)'],
  ["INSERT INTO t VALUES (E'a\\'b', 1.5e3)", "INSERT INTO t VALUES ('x', -2)"],
  ['SELECT $tag$secret$tag$', "SELECT 'x' /* somebody@example.com */ -- and more"],
  ["SELECT 'cut off in the mid", "SELECT 'another"],
])('%j and %j are one statement', (one, other) => {
  expect(fingerprint(one)).toBe(fingerprint(other));
});

test.each([
  ['UPDATE t SET a = 1', 'UPDATE u SET a = 1'],
  ['SELECT a1 FROM t', 'SELECT a2 FROM t'],
])('%j and %j are two', (one, other) => {
  expect(fingerprint(one)).not.toBe(fingerprint(other));
});

test('tells the command, and nothing of the text', () => {
  expect(fingerprint("update users set ssn = '078-05-1120'")).toMatch(/^UPDATE [0-9a-f]{12}$/);
  expect(fingerprint("hunter2 'x'")).toMatch(/^statement [0-9a-f]{12}$/);
  expect(fingerprint('')).toMatch(/^statement [0-9a-f]{12}$/);
});
