import { describe, expect, it } from 'vitest';
import { isTimeToCollect } from './rest.ts';

const MIB = 1024 ** 2;

describe('a collection at rest', () => {
  it.each([
    { when: 'at rest and grown', utilization: 0.02, rss: 130 * MIB, restRss: 112 * MIB, due: true },
    { when: 'at rest and as it was', utilization: 0.02, rss: 113 * MIB, restRss: 112 * MIB, due: false },
    { when: 'busy, however much it has grown', utilization: 0.4, rss: 400 * MIB, restRss: 112 * MIB, due: false },
    { when: 'smaller than the last time', utilization: 0.02, rss: 90 * MIB, restRss: 112 * MIB, due: false },
  ])('$when: $due', ({ due, utilization, rss, restRss }) => {
    expect(isTimeToCollect({ utilization, rss, restRss })).toBe(due);
  });
});
