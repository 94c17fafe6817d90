import { describe, expect, it } from 'vitest';
import { BUCKET_MS, bucketOf, byHour, type Counts, count } from './counts.ts';
import { isNew, riseOf } from './judge.ts';

const NOW = Date.parse('2026-11-20T12:05:00Z');
const HOUR = 3_600_000;
const known = { since: NOW - 24 * HOUR, lines: 10_000 };

/** `each` lines in every ten minutes of the last `hours`, then `now` lines. */
function usual(each: number, hours: number, now: number): Counts {
  let counts: Counts = [];
  for (let at = NOW - hours * HOUR; at < NOW - BUCKET_MS; at += BUCKET_MS) counts = count(counts, at, each, at);
  return count(counts, NOW, now, NOW);
}

describe('a new template', () => {
  it.each([
    ['in a log that was known for long', { firstAt: NOW - 60_000 }, known, true],
    ['in a log that is new itself', { firstAt: NOW - 60_000 }, { since: NOW - HOUR / 2, lines: 900 }, false],
    ['in a log of which little was seen', { firstAt: NOW - 60_000 }, { since: NOW - 5 * HOUR, lines: 50 }, false],
    ['an hour later', { firstAt: NOW - HOUR }, known, false],
  ])('%s: %j', (_name, { firstAt }, log, expected) =>
    expect(isNew({ firstAt, lastAt: NOW, counts: [] }, log, NOW)).toBe(expected),
  );
});

describe('a rise', () => {
  const riseOfCounts = (counts: Counts, log = known) => riseOf({ firstAt: log.since, lastAt: NOW, counts }, log, NOW);
  it.each([
    ['ten times as many', usual(10, 20, 200), true],
    ['twice as many', usual(10, 20, 40), false],
    ['few, though none were before', usual(0, 20, 15), false],
    ['many, and none were before', usual(0, 20, 60), true],
    ['as many as ever', usual(100, 20, 100), false],
  ])('%s', (_name, counts, expected) => expect(riseOfCounts(counts) !== undefined).toBe(expected));

  it('is not told of a log that was not known for an hour', () =>
    expect(riseOfCounts(usual(0, 20, 500), { since: NOW - HOUR, lines: 500 })).toBeUndefined());

  it('says how many lines there were, and how many were usual', () => {
    const rise = riseOfCounts(usual(10, 23, 500));
    expect(rise?.lines).toBeGreaterThanOrEqual(500);
    expect(rise?.usual).toBeGreaterThan(15);
    expect(rise?.usual).toBeLessThan(25);
  });
});

describe('counts', () => {
  const day = (): Counts => {
    let counts: Counts = [];
    for (let hour = 30; hour >= 0; hour--) counts = count(counts, NOW - hour * HOUR, 2, NOW - hour * HOUR);
    return counts;
  };

  it('keep a day, in order, each line at its own time', () => {
    const counts = count(day(), NOW - 2 * HOUR, 5, NOW);
    expect(counts.length).toBe(24);
    expect(counts.at(-3)).toEqual([bucketOf(NOW - 2 * HOUR), 7]);
    expect(byHour(counts, NOW)).toHaveLength(24);
    expect(byHour(counts, NOW).slice(-3)).toEqual([7, 2, 2]);
    expect(count(counts, NOW - 25 * HOUR, 5, NOW)).toEqual(counts);
    expect(count(counts, NOW - 1.5 * HOUR, 1, NOW).map(([bucket]) => bucket)).toEqual(
      [...counts.map(([bucket]) => bucket), bucketOf(NOW - 1.5 * HOUR)].sort((a, b) => a - b),
    );
  });

  it('forget what a clock that was ahead has counted', () => {
    const ahead = count(day(), NOW + 12 * HOUR, 50, NOW + 12 * HOUR);
    const back = count(ahead, NOW, 3, NOW);
    expect(back.at(-1)).toEqual([bucketOf(NOW), 5]);
    expect(byHour(back, NOW).reduce((sum, lines) => sum + lines, 0)).toBe(5 + 11 * 2);
  });
});
