import { HealLimits, HealPolicy, type SimulatedPolicy } from '@orrery/protocol';
import { describe, expect, it, test } from 'vitest';
import type { PastAlert } from '../alerts/index.ts';
import type { Lesson, Target } from './context.ts';
import { type Replay, replay } from './replay.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let number = 0;
/** An alert that began so long ago and was open for so long. */
const alert = (agoMs: number, openMs: number | null, over: Partial<PastAlert> = {}): PastAlert => {
  const { project = 'shop', service = 'api' } = over;
  return {
    ...{ id: `alr_${number++}`, project, service, severity: 'critical', category: 'availability', detector: 'status' },
    ...{ title: `${project}/${service} is down`, description: '', fingerprint: `${project}/${service}` },
    ...{ openedAt: NOW - agoMs, endedAt: openMs === null ? null : NOW - agoMs + openMs, inhibitedDuring: [], ...over },
  };
};
const target = (over: object = {}, service = 'api', project = 'shop'): Target => ({
  ...{ project, service, declaredIn: 'orrery.yaml:1' },
  policy: HealPolicy.parse({ name: 'restart', remedy: { kind: 'docker', container: 'x' }, mode: 'automatic', ...over }),
});
const UNKNOWN: Lesson = { expected: 0.5, tries: 0, successes: 0, upper: 0.9 };
const run = (past: Partial<Replay>): SimulatedPolicy[] => {
  const work = replay({
    ...{ targets: [target()], alerts: [], limits: HealLimits.parse({}), lessons: () => UNKNOWN },
    symptoms: new Map(),
    ...{ inMaintenance: () => false, services: 20, from: NOW - 7 * DAY, now: NOW, ...past },
  });
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
};
const only = (past: Partial<Replay>) => run(past)[0] as SimulatedPolicy;

describe('a replay of the past', () => {
  it('says how often a policy would have acted, when, and what really became of it', () => {
    const [ended, lasting] = [alert(5 * DAY, 90 * SECOND), alert(HOUR, null)];
    const { acts, alerts } = only({ alerts: [ended, lasting, alert(20 * DAY, MINUTE)].slice(0, 2) });
    expect(alerts).toBe(2);
    expect(acts[0]).toMatchObject({
      ...{ alertId: ended.id, at: new Date(ended.openedAt).toISOString(), kind: 'act' },
      ...{ endedAfterMs: 90 * SECOND, openForMs: 90 * SECOND },
    });
    expect(acts[1]).toMatchObject({ alertId: lasting.id, endedAfterMs: null, openForMs: HOUR });
  });

  it('treats a dry run as what it would be without being one', () => {
    expect(only({ targets: [target({ mode: 'dryRun' })], alerts: [alert(DAY, MINUTE)] }).acts).toMatchObject([
      { kind: 'act', reason: 'the policy is a dry run' },
    ]);
  });

  it('waits until an alert is old enough, and does nothing about one that ended before', () => {
    const targets = [target({ when: { for: '5m' } })];
    const { acts, refused } = only({ targets, alerts: [alert(2 * DAY, 4 * MINUTE), alert(DAY, 6 * MINUTE)] });
    expect(acts).toHaveLength(1);
    expect(acts[0]).toMatchObject({ endedAfterMs: MINUTE });
    expect(refused).toEqual([]);
  });

  it('keeps the cooldown, and loses its freedom after two acts that did not help', () => {
    const { acts, refused } = only({ alerts: [alert(DAY, 6 * HOUR)] });
    expect(acts.map(({ kind }) => kind)).toEqual(['act', 'act', 'approve']);
    const [first, second] = acts.map(({ at }) => Date.parse(at));
    expect((second ?? 0) - (first ?? 0)).toBe(5 * MINUTE);
    expect(refused.map(({ reason }) => reason)).toContain('cooling down');
  });

  it('counts each reason once for each alert, the most frequent first', () => {
    const alerts = [3, 2, 1].map((days) => alert(days * DAY, 3 * MINUTE));
    const inhibitedDuring = [{ from: 0, to: null }];
    const { acts, refused } = only({
      alerts: [...alerts.map((one) => ({ ...one, inhibitedDuring })), alert(HOUR, MINUTE)],
      inMaintenance: (_, __, at) => at > NOW - 2 * HOUR,
    });
    expect(acts).toEqual([]);
    expect(refused).toEqual([
      { reason: 'what it depends on is down', alerts: 3 },
      { reason: 'the service is in maintenance', alerts: 1 },
    ]);
  });

  it('shares the budgets of the hub between all policies, in the order of time', () => {
    const names = Array.from({ length: 30 }, (_, i) => `s${i}`);
    const results = run({
      targets: names.map((name) => target({}, name)),
      alerts: names.map((service, i) => alert(DAY - i * SECOND, 30 * SECOND, { service })),
      limits: HealLimits.parse({ perHour: 5, projectPerHour: 100, maxTargets: 100, maxSharePercent: 100 }),
    });
    expect(results.filter(({ acts }) => acts.length > 0).map(({ service }) => service)).toEqual(names.slice(0, 5));
    expect(results[10]?.refused).toEqual([{ reason: "the hub's 5 attempts an hour are spent", alerts: 1 }]);
  });

  it('tries what is likelier to help first', () => {
    const targets = [target({ name: 'first' }), target({ name: 'better', remedy: { kind: 'action', action: 'a.b' } })];
    const lessons: Replay['lessons'] = ({ remedy }) => ({ ...UNKNOWN, expected: remedy.kind === 'action' ? 0.9 : 0.4 });
    const results = run({ targets, lessons, alerts: [alert(DAY, MINUTE)] });
    expect(results.map(({ policy, acts }) => [policy, acts.length])).toEqual([
      ['first', 0],
      ['better', 1],
    ]);
  });

  it('asks where it is to ask, once of an alert', () => {
    const { acts } = only({ targets: [target({ mode: 'approve' })], alerts: [alert(DAY, 70 * MINUTE)] });
    expect(acts.map(({ kind }) => kind)).toEqual(['approve']);
  });
});

test('the same past gives the same answer, and a year of it gives way in between', () => {
  const alerts = Array.from({ length: 400 }, (_, i) => alert(DAY * 360 - i * 20 * HOUR, (i % 9) * 10 * MINUTE));
  const past = { alerts, from: 0, services: 9 };
  expect(run(past)).toEqual(run(past));
  const work = replay({
    ...{ targets: [target()], limits: HealLimits.parse({}), lessons: () => UNKNOWN, now: NOW, ...past },
    symptoms: new Map(),
    inMaintenance: () => false,
  });
  expect(work.next().done).toBe(false);
});
