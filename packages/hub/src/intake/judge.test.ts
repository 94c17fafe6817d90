import type { ServiceStatus } from '@orrery/protocol';
import { describe, expect, test } from 'vitest';
import { judge, type Standing, UNKNOWN } from './judge.ts';
import { countCheck, type Hours, uptimePercent } from './uptime.ts';

const LETTERS: Record<string, ServiceStatus> = { u: 'up', g: 'degraded', d: 'down', '?': 'unknown' };
/** Judges `uudd` one letter (up, deGraded, down) at a time and writes the standing after each. */
function course(text: string, failAfter: number, recoverAfter: number): { letters: string; last: Standing } {
  let standing: Standing = UNKNOWN;
  let letters = '';
  [...text].forEach((letter, i) => {
    const status = LETTERS[letter] ?? 'down';
    standing = judge(
      standing,
      { status, latencyMs: 1, ...(status === 'up' ? {} : { reason: status }) },
      { failAfter, recoverAfter },
      i,
    );
    letters += { up: 'u', degraded: 'g', down: 'd', unknown: '?' }[standing.status];
  });
  return { letters, last: standing };
}

describe('a standing', () => {
  test.each([
    ['ud', 1, 1, 'ud'],
    ['udu', 1, 1, 'udu'],
    ['uddu', 2, 1, 'uudu'],
    ['ududud', 2, 1, 'uuuuuu'],
    ['uddduuu', 3, 2, 'uuuddu' + 'u'],
    ['uddduduu', 3, 2, 'uuudddd' + 'u'],
    ['d', 2, 1, '?'],
    ['dd', 2, 1, '?d'],
    ['du', 2, 1, '?u'],
    ['g', 2, 1, 'g'],
    ['ugdd', 2, 1, 'uugg'],
    ['ugddd', 2, 1, 'uuggd'],
    ['ddgg', 1, 2, 'dddg'],
    ['ddgu', 1, 2, 'dddg'],
    ['ddug', 1, 2, 'dddg'],
    ['uggu', 1, 1, 'uggu'],
    // What the hub could not see is unknown once it lasts, and a failure before it proves as little as one after.
    ['u?u', 1, 1, 'u?u'],
    ['u?u', 2, 1, 'uuu'],
    ['u??u', 2, 1, 'uu?u'],
    ['ud?d', 2, 1, 'uuuu'],
    ['d?d', 2, 1, '???'],
    ['u??dd', 2, 1, 'uu??d'],
    ['dd?d', 2, 2, '?ddd'],
    ['dd??d', 2, 1, '?dd??'],
    ['dd?uu', 2, 2, '?dddu'],
  ])('%s with failAfter %i and recoverAfter %i goes %s', (seen, failAfter, recoverAfter, expected) => {
    expect(course(seen, failAfter, recoverAfter).letters).toBe(expected);
  });

  test('keeps since until it changes, and the reason until a recovery is confirmed', () => {
    const { last } = course('udddu', 2, 2);
    expect(last).toMatchObject({ status: 'down', since: 2, lastCheckAt: 4, reason: 'down', failures: 0 });
    expect(course('udddd', 2, 2).last.failures).toBe(4);
    expect(course('udduu', 2, 2).last).toMatchObject({ status: 'up', since: 4, reason: null });
  });
});

test.each([
  ['ududu', [1, 2, 3, 4]],
  ['uggdu', [1, 4]],
  // Between two sights of it nobody knows what it did.
  ['u?d?u', []],
  ['ud?ud', [1, 4]],
  ['d?du', [3]],
])('%s changes between well and unwell at %j', (seen, flips) => {
  expect(course(seen, 1, 1).last.flips).toEqual(flips);
});

test('of the changes the newest twenty are kept', () => {
  expect(course('ud'.repeat(30), 1, 1).last.flips).toEqual(Array.from({ length: 20 }, (_, i) => 40 + i));
});

test('uptime counts the last 24 hours, hour by hour', () => {
  const HOUR = 3_600_000;
  let hours: Hours = [];
  for (let hour = 0; hour < 30; hour++)
    for (let i = 0; i < 4; i++) hours = countCheck(hours, hour * HOUR + i, hour < 20 || i > 0);
  expect(hours.length).toBeLessThanOrEqual(24);
  expect(uptimePercent(hours, 29 * HOUR + 10)).toBeCloseTo((100 * (14 * 4 + 10 * 3)) / 96, 2);
  expect(uptimePercent(hours, 60 * HOUR)).toBeNull();
  expect(uptimePercent([], 0)).toBeNull();
});
