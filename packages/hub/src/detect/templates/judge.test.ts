import { describe, expect, it } from 'vitest';
import { BUCKET_MS, bucketOf, byHour, type Counts, count } from './counts.ts';
import { isNew, riseOf } from './judge.ts';

const NOW = Date.parse('2026-11-20T12:05:00Z');
const HOUR = 3_600_000;
const known = { since: NOW - 24 * HOUR, lines: 10_000 };

/** `each` lines in every ten minutes of the last `hours`, then `now` lines. */
function usual(each: number, hours: number, now: number): Counts {
  let counts: Counts = [];
  for (let at = NOW - hours * HOUR; at < NOW - BUCKET_MS; at += BUCKET_MS) counts = count(counts, at, each);
  return count(counts, NOW, now);
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
  it('keep a day, in order, also when the clock steps back', () => {
    let counts: Counts = [];
    for (let hour = 30; hour >= 0; hour--) counts = count(counts, NOW - hour * HOUR, 2);
    counts = count(counts, NOW - 2 * HOUR, 5);
    expect(counts.at(-1)).toEqual([bucketOf(NOW), 7]);
    expect(counts.length).toBe(24);
    expect(byHour(counts, NOW).at(-1)).toBe(7);
    expect(byHour(counts, NOW)).toHaveLength(24);
  });
});
