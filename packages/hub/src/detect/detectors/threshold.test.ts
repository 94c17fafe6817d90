import { describe, expect, it } from 'vitest';
import type { Condition, Facts, MetricFact, Threshold } from '../facts.ts';
import { breaks, threshold, thresholdFingerprint } from './threshold.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const MINUTE = 60_000;
const above = (limit: number, forMs = 0): Threshold => ({
  metric: 'error_rate',
  above: limit,
  forMs,
  severity: 'critical',
});
const below = (limit: number): Threshold => ({ metric: 'error_rate', below: limit, forMs: 0, severity: 'warning' });

function metric(given: {
  limit?: Threshold;
  value: number;
  at?: number;
  receivedAt?: number;
  history?: [secondsAgo: number, value: number][];
  intervalMs?: number;
  service?: string;
}): MetricFact {
  const at = given.at ?? NOW;
  return {
    threshold: given.limit ?? above(5),
    series: {
      id: 1,
      project: 'veria',
      key: 'error_rate',
      kind: 'number',
      unit: '%',
      value: given.value,
      at,
      receivedAt: given.receivedAt ?? at,
      ...(given.service === undefined ? {} : { service: given.service }),
    },
    history: (given.history ?? []).map(([ago, value]) => ({ at: at - ago * 1000, value })),
    intervalMs: given.intervalMs ?? 15_000,
  };
}
const factsOf = (...metrics: MetricFact[]): Facts => ({
  project: 'veria',
  name: 'Veria',
  lastSeenAt: NOW,
  silentMs: 0,
  services: [],
  metrics,
});
const judge = (fact: MetricFact, known?: Condition, now = NOW) => {
  const remembered = new Map(known ? [[thresholdFingerprint('veria', fact), known]] : []);
  return threshold(factsOf(fact), undefined, remembered, now)[0];
};

describe('a limit', () => {
  it.each([
    ['above 5', above(5), 5.000001, true],
    ['above 5, exactly on it', above(5), 5, false],
    ['above 5, under it', above(5), 4.9, false],
    ['above 0, a negative value', above(0), -1, false],
    ['above, no number', above(5), Number.NaN, false],
    ['below 5', below(5), 4.999999, true],
    ['below 5, exactly on it', below(5), 5, false],
    ['below 0, a negative value', below(0), -1, true],
    ['below, no number', below(5), Number.NaN, false],
  ])('%s', (_name, limit, value, broken) => {
    expect(breaks(limit, value)).toBe(broken);
    expect(judge(metric({ limit, value }))?.state).toBe(broken ? 'firing' : undefined);
  });
});

describe('"for"', () => {
  const limit = above(5, MINUTE);
  const since = (ms: number, firing = false): Condition => ({ since: NOW - ms, seenAt: NOW - 15_000, firing });
  it.each<[string, MetricFact, Condition | undefined, string | undefined]>([
    ['waits at first', metric({ limit, value: 9 }), undefined, 'pending'],
    ['still waits one millisecond before', metric({ limit, value: 9 }), since(MINUTE - 1), 'pending'],
    ['fires exactly on time', metric({ limit, value: 9 }), since(MINUTE), 'firing'],
    ['goes on firing', metric({ limit, value: 9 }), since(5 * MINUTE, true), 'firing'],
    ['ends at once with a good value', metric({ limit, value: 5 }), since(5 * MINUTE, true), undefined],
    [
      'begins anew after a good value in between',
      metric({ limit, value: 9, history: [[10, 1]] }),
      since(5 * MINUTE, true),
      'pending',
    ],
    [
      'forgets a good value that it has judged before',
      metric({ limit, value: 9, history: [[20, 1]] }),
      since(2 * MINUTE),
      'firing',
    ],
    [
      'looks back over what was stored before it watched',
      metric({
        limit,
        value: 9,
        history: [
          [75, 9],
          [60, 9],
          [30, 9],
        ],
      }),
      undefined,
      'firing',
    ],
    [
      'looks back only to the last good value',
      metric({
        limit,
        value: 9,
        history: [
          [75, 9],
          [60, 2],
          [30, 9],
        ],
      }),
      undefined,
      'pending',
    ],
  ])('%s', (_name, fact, known, state) => {
    expect(judge(fact, known)?.state).toBe(state);
  });

  it('dates the trouble from its first bad sample', () => {
    const verdict = judge(
      metric({
        limit,
        value: 9,
        history: [
          [75, 9],
          [60, 2],
          [30, 9],
          [15, 9],
        ],
      }),
    );
    expect(verdict).toMatchObject({ state: 'pending', since: NOW - 30_000, seenAt: NOW });
  });

  it('waits its full time after the clock was set back, instead of for ever', () => {
    const known: Condition = { since: NOW + 60 * MINUTE, seenAt: NOW + 60 * MINUTE, firing: false };
    const first = judge(metric({ limit, value: 9 }), known);
    expect(first).toMatchObject({ state: 'pending', since: NOW });
    const later = judge(
      metric({ limit, value: 9, at: NOW + MINUTE }),
      { since: NOW, seenAt: NOW, firing: false },
      NOW + MINUTE,
    );
    expect(later?.state).toBe('firing');
  });

  it('keeps firing when the clock was set back', () => {
    expect(judge(metric({ limit, value: 9 }), { since: NOW + 60 * MINUTE, seenAt: NOW, firing: true })?.state).toBe(
      'firing',
    );
  });

  it('waits in full though the instance dates its samples an hour back', () => {
    const fact = metric({ limit, value: 9, at: NOW - 60 * MINUTE, receivedAt: NOW });
    expect(judge(fact)).toMatchObject({ state: 'pending', since: NOW });
  });
});

describe('a silent metric', () => {
  const silent = (ms: number, value = 9, intervalMs = 15_000) => metric({ value, at: NOW - ms, intervalMs });
  const firing: Condition = { since: NOW - 60 * MINUTE, seenAt: NOW - 6 * MINUTE, firing: true };
  it.each<[string, MetricFact, Condition | undefined, string | undefined]>([
    ['counts for exactly five minutes', silent(5 * MINUTE), undefined, 'firing'],
    ['does not begin to fire after that', silent(5 * MINUTE + 1), undefined, undefined],
    ['does not stop firing either, whatever its last value', silent(6 * MINUTE, 0), firing, 'unknown'],
    [
      'counts for three of its intervals when those are longer',
      silent(25 * MINUTE, 9, 10 * MINUTE),
      undefined,
      'firing',
    ],
    ['and not for more than three', silent(31 * MINUTE, 9, 10 * MINUTE), undefined, undefined],
  ])('%s', (_name, fact, known, state) => {
    expect(judge(fact, known)?.state).toBe(state);
  });
});

describe('a metric that is reported no more', () => {
  const firing: Condition = { since: NOW - 90 * MINUTE, seenAt: NOW - 40 * MINUTE, firing: true };
  const judged = (silentMs: number, projectSilentMs: number) => {
    const fact = metric({ value: 9, at: NOW - silentMs });
    const facts = { ...factsOf(fact), lastSeenAt: NOW - projectSilentMs };
    return threshold(facts, undefined, new Map([[thresholdFingerprint('veria', fact), firing]]), NOW)[0]?.state;
  };
  it('has ended when its product went on for half an hour without it', () => {
    expect(judged(30 * MINUTE, 0)).toBe('unknown');
    expect(judged(30 * MINUTE + 1, 0)).toBeUndefined();
  });

  it('has not ended while the product is silent as well', () => {
    expect(judged(600 * MINUTE, 590 * MINUTE)).toBe('unknown');
  });
});

describe('a finding', () => {
  it('names the metric, the value that broke the limit and since when', () => {
    const verdict = judge(metric({ limit: above(5, MINUTE), value: 7.25, service: 'api' }), {
      since: NOW - 2 * MINUTE,
      seenAt: NOW - 15_000,
      firing: true,
    });
    if (verdict?.state !== 'firing') throw new Error('expected a finding');
    expect(verdict.finding).toMatchObject({
      project: 'veria',
      service: 'api',
      severity: 'critical',
      category: 'performance',
      title: 'veria/api: error_rate is above 5 %',
      description:
        'error_rate is 7.25 %; the limit is above 5 % for at least 1m. It has been so since 2026-03-10T11:58:00.000Z.',
      autoFixable: false,
      observedAt: NOW,
    });
  });

  it("takes the declaration's own words when it has some", () => {
    const limit = { ...above(5), title: 'Too many errors', recommendation: 'Roll back' };
    const verdict = judge(metric({ limit, value: 9 }));
    expect(verdict).toMatchObject({ finding: { title: 'Too many errors', recommendation: 'Roll back' } });
  });

  it('has one fingerprint for each service, tag set, side and severity, whatever the value and the limit', () => {
    const of = (fact: MetricFact) => thresholdFingerprint('veria', fact);
    const first = metric({ value: 9 });
    expect(of(metric({ value: 10, limit: above(7), at: NOW + 1 }))).toBe(of(first));
    const tagged = { ...first, series: { ...first.series, tags: { zone: 'a' } } };
    const others = [
      metric({ value: 9, service: 'api' }),
      tagged,
      metric({ value: 1, limit: below(5) }),
      metric({ value: 9, limit: { ...above(5), severity: 'warning' } }),
    ];
    expect(new Set([first, ...others].map(of)).size).toBe(5);
    expect(of(first)).toMatch(/^[0-9a-f]{32}$/);
  });
});
