import type { Forecast } from '@orrery/protocol';
import { expect, it } from 'vitest';
import { matches, outlook, urgency, whereOf } from './words.ts';

const forecast = (more: Partial<Forecast> = {}): Forecast => ({
  ...{ id: '1', project: 'shop', service: 'db', metric: 'disk.used_percent', state: 'ready' },
  ...{ triedAt: '2026-03-10T12:00:00Z', periods: [], scores: [], level: 0.9, limits: 1, crossings: [] },
  ...more,
});
const crossing = (inHours: number, confidence: number) => ({
  ...{ threshold: { above: 90, severity: 'critical' as const }, inHours, confidence },
  ...{ at: '2026-03-11T12:00:00Z', earliestAt: '2026-03-11T02:00:00Z' },
});

it('says which limit is crossed, when and how surely, and why there is no forecast', () => {
  const words = [
    forecast(),
    forecast({ limits: 0 }),
    forecast({ crossings: [crossing(31, 0.93)] }),
    forecast({ crossings: [crossing(0, 0.6)] }),
    forecast({ state: 'not_enough_data', reason: 'silent for 9 hours' }),
    forecast({ state: 'failed', reason: 'no answer within 20000 ms' }),
  ].map(outlook);
  expect(words).toEqual([
    { tone: 'ok', word: 'No limit in sight' },
    { tone: 'quiet', word: 'No limit declared' },
    { tone: 'warn', word: 'above 90% in about 31 h, 93% sure' },
    { tone: 'quiet', word: 'above 90% within the hour, 60% sure' },
    { tone: 'none', word: 'Not enough data: silent for 9 hours' },
    { tone: 'bad', word: 'Failed: no answer within 20000 ms' },
  ]);
});

it('puts what is soonest first and finds a series by any words of its name', () => {
  const some = [forecast({ state: 'failed' }), forecast(), forecast({ crossings: [crossing(5, 1)] })];
  expect(some.map(urgency)).toEqual([2000, 1000, 5]);
  expect(whereOf(forecast({ tags: { mount: '/' } }))).toBe('shop/db · mount=/');
  expect(['disk', 'SHOP used', 'db percent', ''].every((text) => matches(forecast(), text))).toBe(true);
  expect(matches(forecast(), 'disk memory')).toBe(false);
});
