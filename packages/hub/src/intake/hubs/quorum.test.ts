import type { ServiceStatus } from '@orrery/protocol';
import { describe, expect, test } from 'vitest';
import { decide } from './quorum.ts';

const LETTERS: Record<string, ServiceStatus> = { u: 'up', g: 'degraded', d: 'down', '?': 'unknown' };
const statusOf = (letter: string): ServiceStatus => LETTERS[letter] ?? 'unknown';
/** `d|uu`: what the judge saw, and what its witnesses did. */
function together(seen: string, quorum: number, living: number, standing: string) {
  const [own = '', others = ''] = seen.split('|');
  const votes = [...others].map((letter, i) => ({
    hub: `w${i}`,
    status: statusOf(letter),
    reason: letter === 'u' ? null : `w${i} says so`,
  }));
  const status = statusOf(own);
  return decide({ status, ...(status === 'up' ? {} : { reason: 'refused' }) }, votes, {
    quorum,
    living,
    standing: statusOf(standing),
  });
}

describe('what hubs saw together', () => {
  test.each<[string, number, number, string, string, string | undefined]>([
    ['d|', 1, 3, 'u', 'd', 'refused'],
    ['d|', 2, 1, 'u', 'd', 'refused'],
    ['d|uu', 2, 3, 'u', 'u', '1 of 3 hubs sees it down: refused'],
    ['d|du', 2, 3, 'u', 'd', '2 of 3 hubs see it down: refused'],
    ['d|dd', 2, 3, 'u', 'd', '3 of 3 hubs see it down: refused'],
    ['u|dd', 2, 3, 'u', 'd', '2 of 3 hubs see it down: w0 says so'],
    ['u|du', 2, 3, 'u', 'u', '1 of 3 hubs sees it down: w0 says so'],
    ['u|uu', 2, 3, 'd', 'u', undefined],
    // Most of those who live are enough where fewer live than the quorum asks for.
    ['d|d', 3, 2, 'u', 'd', '2 of 2 hubs see it down: refused'],
    ['d|u', 3, 2, 'u', 'u', '1 of 2 hubs sees it down: refused'],
    ['d|dd', 3, 3, 'u', 'd', '3 of 3 hubs see it down: refused'],
    ['d|du', 3, 3, 'u', 'd', '2 of 3 hubs see it down: refused'],
    ['d|dduu', 3, 5, 'u', 'd', '3 of 5 hubs see it down: refused'],
    ['d|duuu', 3, 5, 'd', 'u', '2 of 5 hubs see it down: refused'],
    // Who could not look has no voice, and alone no one has enough of them: the standing stays.
    ['d|??', 2, 3, 'u', 'u', '1 of 1 hubs sees it down: refused'],
    ['d|', 2, 3, 'd', 'd', '1 of 1 hubs sees it down: refused'],
    ['?|dd', 2, 3, 'u', 'd', '2 of 2 hubs see it down: w0 says so'],
    ['?|??', 2, 3, 'u', '?', 'refused'],
    ['?|uu', 2, 3, 'd', 'u', undefined],
    ['d|u', 2, 3, 'd', 'd', '1 of 2 hubs sees it down: refused'],
    ['g|du', 2, 3, 'u', 'g', '2 of 3 hubs see it degraded: refused'],
    ['g|uu', 2, 3, 'u', 'u', '1 of 3 hubs sees it degraded: refused'],
    ['u|gd', 2, 3, 'u', 'g', '2 of 3 hubs see it degraded: w0 says so'],
  ])('%s with quorum %i of %i living, standing %s: %s', (seen, quorum, living, standing, status, reason) => {
    expect(together(seen, quorum, living, standing)).toEqual({
      status: statusOf(status),
      ...(reason === undefined ? {} : { reason }),
    });
  });
});
