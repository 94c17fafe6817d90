import { describe, expect, it } from 'vitest';
import { baselineOf, type Hour } from './baseline.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-20T06:30:00Z');
/** Hours before now, newest first, each with the p95 that `p95` says of its age. */
const hours = (count: number, p95: (age: number) => number, calls = 100): Hour[] =>
  Array.from({ length: count }, (_, age) => ({
    hour: Math.floor(NOW / HOUR) * HOUR - age * HOUR,
    count: calls,
    p95Ms: p95(age),
  }));

describe('what is usual', () => {
  it('is not known from fewer than six hours, nor from hours with few calls', () => {
    expect(
      baselineOf(
        hours(7, () => 100),
        NOW,
      ),
    ).toBeUndefined();
    expect(
      baselineOf(
        hours(300, () => 100, 19),
        NOW,
      ),
    ).toBeUndefined();
    expect(
      baselineOf(
        hours(12, () => 100),
        NOW,
      ),
    ).toMatchObject({ usualMs: 100, limitMs: 200, calmMs: 150 });
  });

  it('is that of the same time of day, where the days differ from the nights', () => {
    const night = baselineOf(
      hours(14 * 24, (age) => (age % 24 <= 1 || age % 24 >= 23 ? 900 : 50)),
      NOW,
    );
    expect(night?.usualMs).toBe(900);
  });

  it('does not take the trouble of the last two hours for usual', () => {
    expect(
      baselineOf(
        hours(24, (age) => (age < 2 ? 5000 : 100)),
        NOW,
      )?.usualMs,
    ).toBe(100);
  });

  it('leaves room for what varies, and for what is too small to notice', () => {
    const steady = baselineOf(
      hours(24, () => 2),
      NOW,
    );
    expect(steady?.limitMs).toBe(22);
    const wild = baselineOf(
      hours(24, (age) => 100 + (age % 5) * 80),
      NOW,
    );
    expect(wild?.limitMs).toBeGreaterThan(2 * (wild?.usualMs ?? 0));
    expect(wild?.calmMs).toBeLessThanOrEqual(wild?.limitMs ?? 0);
  });
});
