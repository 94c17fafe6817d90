import { describe, expect, it } from 'vitest';
import { pathOf } from '../forecaster.ts';
import { HORIZON, type MethodName } from '../outcome.ts';
import { reckon } from '../reckon.ts';
import { daily, noise, series } from '../testing.ts';
import { FORECASTERS } from './index.ts';

/** What every forecaster owes, whatever it is given. */
const WEEKS = (weeks: number) => weeks * 168;
const HISTORIES: Record<string, Float64Array> = {
  'a day and a week': series(WEEKS(4), (i) => 50 + daily(i, 10) + 5 * Math.sin((2 * Math.PI * i) / 168) + noise(i)),
  'noise alone': series(WEEKS(3), (i) => 20 + 5 * noise(i)),
  'a constant': series(WEEKS(3), () => 7),
  zeros: series(WEEKS(3), () => 0),
  'a trend': series(WEEKS(3), (i) => 10 + 0.1 * i + noise(i)),
  'a fall below zero': series(WEEKS(3), (i) => 5 - 0.1 * i + noise(i)),
  'negative values': series(WEEKS(3), (i) => -50 + daily(i, 10) + noise(i)),
  'a burst': series(WEEKS(3), (i) => (i === 300 ? 1e9 : 5 + daily(i, 2) + noise(i))),
  'a step': series(WEEKS(3), (i) => (i < 250 ? 5 : 500) + noise(i)),
  'very large': series(WEEKS(3), (i) => 9e15 * (0.9 + 0.05 * Math.sin((2 * Math.PI * i) / 24))),
  'very small': series(WEEKS(3), (i) => 1e-12 * (2 + noise(i))),
  'a few counts': series(WEEKS(3), (i) => (i % 50 === 0 ? 1 : 0)),
  'three years': series(3 * 365 * 24, (i) => 50 + daily(i, 10) + 0.001 * i + noise(i)),
};

describe.each(Object.entries(FORECASTERS) as [MethodName, (typeof FORECASTERS)[MethodName]][])('%s', (name, one) => {
  it.each(Object.keys(HISTORIES))('is finite, and the same again, on %s', (what) => {
    const history = HISTORIES[what] ?? new Float64Array();
    const before = history.slice();
    const path = pathOf(one, history, HORIZON, [24]);
    // It may pass, but not answer nonsense, and it leaves the history alone.
    if (path) {
      expect(path).toHaveLength(HORIZON);
      expect(path.every(Number.isFinite)).toBe(true);
      expect(pathOf(one, history, HORIZON, [24])).toEqual(path);
      if (history.every((value) => value >= 0)) expect(Math.min(...path)).toBeGreaterThanOrEqual(0);
    } else expect(['a burst', 'very large', 'very small', 'a few counts', 'zeros'], name).toContain(what);
    expect(history).toEqual(before);
  });

  it('passes on a history that is too short for it', () => {
    expect(pathOf(one, new Float64Array(0), HORIZON, [24, 168])).toBeUndefined();
    const least = one.least([24]);
    const short = series(least - 1, (i) => i + noise(i));
    expect(pathOf(one, short, HORIZON, [24])).toBeUndefined();
    expect(
      pathOf(
        one,
        series(least, (i) => daily(i, 5) + noise(i)),
        HORIZON,
        [24],
      ),
    ).toHaveLength(HORIZON);
  });

  it('says of a constant that it stays', () => {
    const path = pathOf(one, HISTORIES['a constant'] ?? new Float64Array(), HORIZON, [24]);
    expect(new Set(path)).toEqual(new Set([7]));
  });

  it('makes ordered bounds that hold its path', () => {
    const only = Object.fromEntries(Object.keys(FORECASTERS).map((each) => [each, one])) as typeof FORECASTERS;
    for (const [what, history] of Object.entries(HISTORIES)) {
      const outcome = reckon(history.subarray(-WEEKS(4)), only);
      if (outcome.state !== 'ready') continue;
      outcome.point.forEach((value, hour) => {
        const [low, high] = [outcome.lower[hour] ?? Number.NaN, outcome.upper[hour] ?? Number.NaN];
        expect(low <= value && value <= high && Number.isFinite(high - low), `${what}, hour ${hour}`).toBe(true);
      });
    }
  });
});

it('mstl follows a sine, drift and ets follow a slope', () => {
  const sine = pathOf(
    FORECASTERS.mstl,
    series(WEEKS(3), (i) => 50 + daily(i, 10)),
    HORIZON,
    [24],
  );
  sine?.forEach((value, h) => {
    expect(value).toBeCloseTo(50 + daily(WEEKS(3) + h, 10), 0);
  });
  for (const name of ['drift', 'ets'] as const) {
    const slope = pathOf(
      FORECASTERS[name],
      series(WEEKS(3), (i) => 10 + 0.1 * i),
      HORIZON,
      [],
    );
    expect(slope?.[HORIZON - 1], name).toBeCloseTo(10 + 0.1 * (WEEKS(3) + HORIZON - 1), 0);
  }
});
