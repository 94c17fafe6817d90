import { describe, expect, test } from 'vitest';
import { flappingOf } from './flapping.ts';

const NOW = 1_800_000_000_000;
const SECOND = 1000;
/** Changes so many seconds ago. */
const ago = (...seconds: number[]) => seconds.map((s) => NOW - s * SECOND);

describe('a probe', () => {
  test.each<[string, number[], number, number | undefined]>([
    ['that never changed is steady', [], 15, undefined],
    ['that went down is steady', ago(2), 15, undefined],
    ['that went down and came back is steady', ago(9, 2), 15, undefined],
    ['that is down again is steady', ago(20, 9, 2), 15, undefined],
    ['that was down twice within a minute flaps', ago(30, 20, 9, 2), 1, 4],
    ['that was down twice within a minute and a bit does not', ago(63, 40, 20, 2), 1, undefined],
    ['that was down twice within ten intervals flaps', ago(149, 100, 50, 1), 15, 4],
    ['that was down twice within more than ten intervals does not', ago(158, 110, 60, 5), 15, undefined],
    ['that has been quiet for a minute has stopped', ago(90, 80, 70, 60), 1, undefined],
    ['that has been quiet for a little less goes on', ago(90, 80, 70, 59), 1, 4],
    ['with a long interval is waited for longer', ago(250, 200, 150, 70), 15, undefined],
    ['with a long interval goes on after a minute', ago(180, 150, 100, 70), 15, 4],
    ['that flapped once and goes on slowly still flaps', ago(160, 150, 140, 130, 80, 30), 1, 6],
    ['whose row was broken begins anew', ago(200, 190, 180, 170, 50, 10), 1, undefined],
    ['whose changes lie in the future has none', ago(-3600, -3590, -3580, -3570), 1, undefined],
  ])('%s', (_name, flips, interval, expected) => {
    expect(flappingOf(flips, interval * SECOND, NOW)?.flips).toBe(expected);
  });

  test('says since when it flaps', () => {
    expect(flappingOf(ago(30, 20, 9, 2), SECOND, NOW)).toEqual({ flips: 4, since: NOW - 30 * SECOND });
  });
});
