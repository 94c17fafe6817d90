import { describe, expect, it } from 'vitest';
import { meaningOfRise, median, trendOf } from './trend.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-20T06:00:00Z');

/** One value a day, newest day first, each standing for `hours` hours of it. */
const series = (key: string, days: readonly number[], hours = 24) => ({
  project: 'veria',
  key,
  hours: days.flatMap((value, age) =>
    Array.from({ length: hours }, (_, i) => [NOW - (age * 24 + i + 1) * HOUR, value] as const),
  ),
});

describe('a trend', () => {
  it.each([
    [
      'twice the latency of steady days',
      'performance.latency_p95_ms',
      [400, 200, 200, 200, 200, 200, 200],
      'up',
      'worse',
      100,
    ],
    ['half the revenue', 'revenue_24h', [500, 1000, 1010, 990, 1000, 1005, 1000], 'down', 'worse', -50],
    ['more users', 'active_users', [180, 100, 102, 98, 101, 99, 100], 'up', 'better', 80],
    ['fewer errors', 'performance.error_rate', [1, 10, 10.5, 9.5, 10, 10, 10], 'down', 'better', -90],
    ['a metric that nobody knows', 'widgets', [300, 100, 100, 100, 100, 100, 100], 'up', 'neither', 200],
    ['errors where there were none', 'db.errors', [4, 0, 0, 0, 0, 0, 0], 'up', 'worse', null],
  ] as const)('is told of %s', (_, key, days, direction, meaning, changePercent) => {
    expect(trendOf(series(key, days), NOW)).toMatchObject({ direction, meaning, changePercent, days: 6 });
  });

  it.each([
    ['days that differ as much among themselves', [400, 150, 420, 200, 390, 180, 410]],
    ['a change of less than a fifth, however steady it was', [119, 100, 100, 100, 100, 100, 100]],
    ['two days before: too few to know what is usual', [400, 200, 200]],
    ['no value at all', []],
    ['the same as ever', [100, 100, 100, 100]],
  ])('is not told of %s', (_, days) => {
    expect(trendOf(series('performance.latency_p95_ms', days), NOW)).toBeUndefined();
  });

  it('does not take a day of five hours for a day', () => {
    expect(trendOf(series('db.errors', [9, 1, 1, 1, 1], 5), NOW)).toBeUndefined();
    expect(trendOf(series('db.errors', [9, 1, 1, 1, 1], 6), NOW)).toBeDefined();
  });
});

describe('the median', () => {
  it.each([
    [[3], 3],
    [[1, 2], 1.5],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
  ])('of %j is %d', (values, expected) => expect(median(values)).toBe(expected));
});

it.each([
  ['performance.latency_p95_ms', 'worse'],
  ['ai_cost', 'worse'],
  ['vercel_cost', 'worse'],
  ['mrr', 'better'],
  ['orders', 'better'],
  ['queue_depth_of_something', 'neither'],
])('a rise of %s is %s', (key, meaning) => expect(meaningOfRise(key)).toBe(meaning));
