import { describe, expect, it } from 'vitest';
import { alignSeries, mean, median, toBuckets } from './series.ts';

const at = (second: number) => new Date(second * 1000).toISOString();

describe('alignSeries', () => {
  it('puts lines on one column of times and leaves null where one has no value', () => {
    const a = {
      label: 'a',
      points: [
        [at(0), 1],
        [at(10), 2],
      ] as const,
    };
    const b = { label: 'b', points: [[at(10), 3]] as const };
    expect(alignSeries([a, b], 10_000)).toEqual({
      times: [0, 10_000],
      values: [
        [1, 2],
        [null, 3],
      ],
    });
  });
  it('breaks the line where buckets are missing', () => {
    const line = {
      label: 'a',
      points: [
        [at(0), 1],
        [at(10), 2],
        [at(60), 3],
      ] as const,
    };
    expect(alignSeries([line], 10_000)).toEqual({ times: [0, 10_000, 20_000, 60_000], values: [[1, 2, null, 3]] });
  });
  it('sorts what came out of order and skips what has no time', () => {
    const line = {
      label: 'a',
      points: [
        [at(10), 2],
        ['never', 9],
        [at(0), 1],
      ] as const,
    };
    expect(alignSeries([line], 10_000)).toEqual({ times: [0, 10_000], values: [[1, 2]] });
  });
});

describe('toBuckets', () => {
  it('averages what falls together, keeps gaps, and ignores what lies outside', () => {
    const points = [
      [at(0), 1],
      [at(1), 3],
      [at(39), 8],
      [at(-50), 99],
    ] as const;
    expect(toBuckets(points, 0, 40_000, 4)).toEqual([2, null, null, 8]);
  });
  it('counts a point at the very end to the last bucket', () => {
    expect(toBuckets([[at(40), 5]], 0, 40_000, 4)).toEqual([null, null, null, 5]);
  });
});

describe('mean and median', () => {
  it('leave out what was not measured', () => {
    expect(mean([1, null, 3, undefined])).toBe(2);
    expect(median([9, null, 1, 2])).toBe(2);
    expect(median([1, 2, 3, 10])).toBe(2.5);
  });
  it('say nothing of nothing', () => {
    expect(mean([])).toBeNull();
    expect(median([null])).toBeNull();
  });
});
