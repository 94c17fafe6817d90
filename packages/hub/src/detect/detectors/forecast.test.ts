import { describe, expect, it } from 'vitest';
import type { Condition, Facts, ForecastFact, Verdict } from '../facts.ts';
import { forecast } from './forecast.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-03-10T12:20:00Z');
const fact = (more: Partial<ForecastFact> & { confidence?: number; known?: boolean } = {}): ForecastFact => {
  const { confidence = 0.9, known = false, ...rest } = more;
  return {
    key: 'disk.used_percent',
    service: 'db',
    unit: '%',
    threshold: { metric: 'disk.used_percent', above: 90, severity: 'critical', forMs: 0 },
    crossing: { confidence, known, at: NOW + 31 * HOUR, earliestAt: NOW + 20 * HOUR },
    madeAt: NOW,
    last: 81,
    method: 'drift',
    coverage: 0.88,
    ...rest,
  };
};
const judge = (facts: ForecastFact[], remembered = new Map<string, Condition>(), now = NOW): Verdict[] =>
  forecast(
    {
      project: 'shop',
      name: 'Shop',
      lastSeenAt: NOW,
      silentMs: 0,
      services: [],
      metrics: [],
      forecasts: facts,
    } as Facts,
    { offlineAfterMs: 1 },
    remembered,
    now,
  );
const remember = ([verdict]: Verdict[]) =>
  new Map(verdict ? [[verdict.fingerprint, { since: NOW - HOUR, seenAt: NOW - HOUR, firing: true }]] : []);

describe('a limit that will be crossed', () => {
  it('is told with when, how surely and what it rests on, and is never critical', () => {
    const [verdict] = judge([fact()]);
    expect(verdict).toMatchObject({
      state: 'firing',
      finding: {
        severity: 'warning',
        category: 'performance',
        title: 'shop/db: disk.used_percent will be above 90 % in about 31 h',
        description:
          'disk.used_percent is 81 % and is expected to go above 90 % around 2026-03-11T19:20:00.000Z, at the earliest around 2026-03-11T08:20:00.000Z. Confidence 90 % (method drift). In the backtest its 90 % interval held 88 %.',
      },
    });
    const money = fact({ key: 'cost.day', threshold: { metric: 'cost.day', above: 9, severity: 'info', forMs: 0 } });
    expect(judge([money])[0]).toMatchObject({ finding: { severity: 'info', category: 'cost' } });
  });
  it('opens at 80 % and ends below 50 %, so that it does not flap', () => {
    const firing = remember(judge([fact()]));
    const states = [0.79, 0.8, 0.5, 0.49].map((confidence) => [
      judge([fact({ confidence })]).length,
      judge([fact({ confidence })], firing).length,
    ]);
    expect(states).toEqual([
      [0, 1],
      [1, 1],
      [0, 1],
      [0, 0],
    ]);
    expect(judge([fact({ confidence: 0.6 })], firing)[0]).toMatchObject({ since: NOW - HOUR });
  });
  it('ends when it is beyond, when the forecast is old, and when there is none', () => {
    const firing = remember(judge([fact()]));
    expect(judge([fact({ known: true })], firing)).toEqual([]);
    expect(judge([fact()], firing, NOW + 7 * HOUR)).toEqual([]);
    expect(judge([], firing)).toEqual([]);
  });
  it('keeps its name while the limit is edited, and has another for another side, severity or series', () => {
    const limit = fact().threshold;
    const names = [
      fact(),
      fact({ threshold: { ...limit, above: 95 } }),
      fact({ threshold: { metric: limit.metric, below: 1, severity: 'critical', forMs: 0 } }),
      fact({ threshold: { ...limit, severity: 'info' } }),
      fact({ tags: { mount: '/' } }),
      fact({ threshold: { ...limit, rank: 1 } }),
    ].map((one) => judge([one])[0]?.fingerprint);
    expect(names[1]).toBe(names[0]);
    expect(new Set(names).size).toBe(5);
  });
});
