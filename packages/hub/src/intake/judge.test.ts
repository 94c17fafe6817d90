import { describe, expect, test } from 'vitest';
import { judge, type Standing, UNKNOWN } from './judge.ts';
import type { CheckStatus } from './probes/probe.ts';
import { countCheck, type Hours, uptimePercent } from './uptime.ts';

const LETTERS: Record<string, CheckStatus> = { u: 'up', g: 'degraded', d: 'down' };
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
