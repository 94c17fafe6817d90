import { expect, test } from 'vitest';
import { isOutage } from './outage.ts';

const withCode = (code: string, more: object = {}) => Object.assign(new Error('x'), { code, ...more });

test.each([
  ['a refused connection', withCode('ECONNREFUSED', { syscall: 'connect' })],
  ['a connection that was cut', new Error('Connection terminated unexpectedly')],
  ['no free connection', new Error('timeout exceeded when trying to connect')],
  ['an answer that never came', new Error('Query read timeout')],
  ['a server that shuts down', withCode('57P01')],
  ['a server that starts', withCode('57P03')],
  ['too many clients', withCode('53300')],
  ['a full disk', withCode('53100')],
  ['a read-only server', withCode('25006')],
  ['a lock that somebody holds', withCode('55P03')],
  ['a statement that took too long', withCode('57014')],
  ['a full disk under SQLite', withCode('ERR_SQLITE_ERROR', { errcode: 13 })],
  ['an I/O error under SQLite, extended', withCode('ERR_SQLITE_ERROR', { errcode: 778 })],
  ['both addresses refused', new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')])],
  ['one wrapped by a library', new Error('could not read', { cause: withCode('57P03') })],
])('%s is an outage', (_name, error) => {
  expect(isOutage(error)).toBe(true);
});

test.each([
  ['a duplicate', withCode('23505')],
  ['a syntax error', withCode('42601')],
  ['a constraint of SQLite', withCode('ERR_SQLITE_ERROR', { errcode: 1555 })],
  ['a mistake of ours', new TypeError('x is undefined')],
  ['no error at all', 'ECONNREFUSED'],
])('%s is none', (_name, error) => {
  expect(isOutage(error)).toBe(false);
});
