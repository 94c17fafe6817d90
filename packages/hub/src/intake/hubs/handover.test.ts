import { describe, expect, test } from 'vitest';
import { waitAfterHandover } from './handover.ts';

const every = (everyMs: number, phase: number) => ({ everyMs, phase });

describe('a probe that changes hands', () => {
  test.each<[string, { everyMs: number; phase: number }, number | null, number, number | undefined]>([
    ['of which no check is known begins like a new one', every(1000, 0.5), null, 10_000, undefined],
    ['is checked at its place, as if it had not moved', every(1000, 0.5), 9500, 10_100, 400],
    ['whose check came late keeps its place', every(1000, 0.5), 9700, 10_100, 400],
    ['whose check came early is not checked twice', every(1000, 0.5), 9490, 9495, 1005],
    ['whose place has just passed is checked at once', every(1000, 0.5), 8500, 9530, 0],
    ['whose hub has been gone for longer is checked soon', every(1000, 0.5), 6500, 9990, 125],
    ['with a long interval is spread over half a second at most', every(60_000, 0.5), 30_000, 200_000, 250],
    ['with a long interval waits for its place', every(60_000, 0.5), 30_000, 62_000, 28_000],
    ['whose check seems to be of the future begins like a new one', every(1000, 0.5), 3_600_000, 10_000, undefined],
  ])('%s', (_name, probe, ranAt, now, wait) => {
    expect(waitAfterHandover(probe, ranAt, now)).toBe(wait);
  });

  test('never waits for longer than an interval and a half', () => {
    for (let i = 0; i < 2000; i++) {
      const [phase, ranAt] = [Math.random(), 100_000 + Math.random() * 5000];
      const wait = waitAfterHandover(every(5000, phase), ranAt, ranAt + Math.random() * 20_000) ?? Number.NaN;
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(7500);
    }
  });
});
