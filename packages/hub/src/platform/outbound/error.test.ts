import { expect, test } from 'vitest';
import { toOutboundError } from './error.ts';

const failure = (code: string, address: string) =>
  Object.assign(new Error(`connect ${code} ${address}`), { code, address });
const kindOf = (...all: [code: string, address: string][]) => {
  const [first, ...more] = all.map(([code, address]) => failure(code, address));
  return toOutboundError(more.length === 0 ? first : new AggregateError([first, ...more]), false).kind;
};

test.each<[string, [code: string, address: string][], string]>([
  ['no local port is left', [['EADDRNOTAVAIL', '192.0.2.1']], 'starved'],
  ['the hub speaks no IPv6', [['EADDRNOTAVAIL', '2001:db8::1']], 'refused'],
  ['there is no route', [['ENETUNREACH', '192.0.2.1']], 'refused'],
  [
    'it is refused, and the hub speaks no IPv6',
    [
      ['ECONNREFUSED', '127.0.0.1'],
      ['EADDRNOTAVAIL', '::1'],
    ],
    'refused',
  ],
  [
    'no local port is left, and there is no route for IPv6',
    [
      ['EADDRNOTAVAIL', '192.0.2.1'],
      ['ENETUNREACH', '2001:db8::1'],
    ],
    'starved',
  ],
])('a connection that fails since %s', (_why, errors, kind) => expect(kindOf(...errors)).toBe(kind));
