import { describe, expect, it, test } from 'vitest';
import { BACKOFF, BREAKER, type GuardFacts, guard, INEFFECTIVE, type PastAttempt } from './guard.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Everything in favour of acting. */
const READY: GuardFacts = {
  enabled: true,
  pausedBy: undefined,
  deniedBy: undefined,
  policy: { name: 'restart', mode: 'automatic', forMs: 0, cooldownMs: 5 * MINUTE, perHour: 3, earnTrust: 0 },
  globalDryRun: false,
  alert: { openedAt: NOW - MINUTE, inhibited: false, recurrences: 1 },
  target: { status: 'down', confirmed: true, since: NOW - MINUTE, healthySince: null },
  secondLookFailedAt: null,
  upstream: { fails: false, isSeen: true, backAt: null },
  inMaintenance: false,
  past: [],
  ofPolicy: [],
  learned: { tries: 0, successes: 0, upper: 0.9 },
  busy: false,
  projectActsLastHour: 0,
  allActsLastHour: 0,
  limits: { projectPerHour: 6, perHour: 20, maxTargets: 3, maxSharePercent: 34 },
  underRepair: 0,
  services: 10,
};
const past = (agoMs: number, outcome: PastAttempt['outcome'] = 'no effect', approved = false): PastAttempt => ({
  policy: 'restart',
  actedAt: NOW - agoMs,
  outcome,
  approved,
});
type Change = { [K in keyof GuardFacts]?: Partial<GuardFacts[K]> | GuardFacts[K] };
const facts = (change: Change): GuardFacts =>
  Object.fromEntries(
    Object.entries(READY).map(([key, value]) => {
      const other = change[key as keyof GuardFacts];
      const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
      return [key, key in change ? (isMap ? { ...value, ...(other as object) } : other) : value];
    }),
  ) as GuardFacts;
const says = (change: Change) => guard(facts(change), NOW);

test('acts when what it depends on came back long enough ago', () => {
  expect(says({ upstream: { backAt: NOW - 20 * SECOND } }).kind).toBe('act');
});

test('acts when every limit is kept', () => {
  expect(guard(READY, NOW)).toEqual({ kind: 'act', reason: 'every limit is kept' });
});

describe('each mechanism by itself', () => {
  it.each<[string, Change, string, string]>([
    ['opt-in: nothing is enabled by itself', { enabled: false }, 'wait', 'not enabled'],
    ['kill switch', { pausedBy: 'ada' }, 'wait', 'paused by ada'],
    ['denial', { deniedBy: 'ada' }, 'wait', 'ada said no'],
    ['lock per target', { busy: true }, 'wait', 'another attempt'],
    ['maintenance window', { inMaintenance: true }, 'wait', 'maintenance'],
    ['dependency order', { alert: { inhibited: true } }, 'wait', 'depends on'],
    ['dependency order before the alert of the upstream is there', { upstream: { fails: true } }, 'wait', 'depends on'],
    ['a look at what it depends on first', { upstream: { isSeen: false } }, 'wait', 'looked at first'],
    ['time to follow what has come back', { upstream: { backAt: NOW - 19 * SECOND } }, 'wait', 'just come back'],
    ['a hub that cannot look', { target: { status: 'unknown' } }, 'wait', 'cannot tell'],
    ['a target that is well by now', { target: { status: 'up' } }, 'wait', 'is well'],
    ['time to be more than a moment', { target: { since: NOW - 1999 } }, 'wait', 'of a moment'],
    ['time that the alert must be open', { policy: { forMs: 2 * MINUTE } }, 'wait', 'to be open for 2 min'],
    ['confirmation by a second look', { target: { confirmed: false } }, 'wait', 'second look'],
    [
      'quorum: a second look that did not confirm it',
      { secondLookFailedAt: NOW - 29 * SECOND },
      'wait',
      'did not confirm',
    ],
    ['cooldown', { past: [past(4 * MINUTE, 'healed')] }, 'wait', 'cooling down'],
    [
      'attempts an hour',
      { past: [past(10 * MINUTE, 'healed'), past(20 * MINUTE, 'healed'), past(59 * MINUTE, 'healed')] },
      'wait',
      '3 attempts an hour',
    ],
    ['budget of the project', { projectActsLastHour: 6 }, 'wait', "project's 6"],
    ['budget of the hub', { allActsLastHour: 20 }, 'wait', "hub's 20"],
    ['blast radius: targets at once', { underRepair: 3, services: 100 }, 'wait', 'no more than 3'],
    ['blast radius: share of the portfolio', { underRepair: 2, services: 8 }, 'wait', 'more than 34 %'],
    ['ineffectiveness', { past: [past(HOUR), past(2 * HOUR), past(3 * HOUR)] }, 'person', 'attempts did not help'],
    ['recurrence', { alert: { recurrences: INEFFECTIVE.recurrences } }, 'person', 'came back 5 times'],
    [
      'suppression of a remedy that has not helped here',
      { learned: { tries: 4, successes: 0, upper: 0.37 } },
      'person',
      'has not helped here: 0 of 4',
    ],
    ['dry run of all policies', { globalDryRun: true }, 'would', 'dry run of all'],
    ['dry run of the policy', { policy: { mode: 'dryRun' } }, 'would', 'policy is a dry run'],
    ['suggestion', { policy: { mode: 'suggest' } }, 'suggest', 'only suggests'],
    ['approval', { policy: { mode: 'approve' } }, 'approve', 'asks for approval'],
    [
      'circuit breaker, half open',
      { ofPolicy: [past(9 * HOUR), past(10 * HOUR, 'worse')] },
      'approve',
      'half open: 2 attempts',
    ],
    [
      'circuit breaker, open',
      { ofPolicy: Array.from({ length: 4 }, (_, i) => past((9 + i) * HOUR)) },
      'person',
      'breaker is open',
    ],
    [
      'earned trust that is still to come',
      { policy: { earnTrust: 3 }, ofPolicy: [past(5 * HOUR, 'healed', true), past(6 * HOUR, 'healed')] },
      'approve',
      '1 of 3',
    ],
  ])('%s', (_, change, kind, reason) => {
    const verdict = says(change);
    expect(verdict.kind).toBe(kind);
    expect(verdict.reason).toContain(reason);
  });
});

describe('limits at their very edge', () => {
  it.each<[string, Change, string]>([
    ['the cooldown is over', { past: [past(5 * MINUTE, 'healed')] }, 'act'],
    [
      'the oldest of three attempts is an hour old',
      { past: [past(10 * MINUTE, 'healed'), past(20 * MINUTE, 'healed'), past(HOUR, 'healed')] },
      'act',
    ],
    ['one attempt is left to the project', { projectActsLastHour: 5 }, 'act'],
    ['one attempt is left to the hub', { allActsLastHour: 19 }, 'act'],
    ['one target more is allowed', { underRepair: 2, services: 9 }, 'act'],
    ['the only service is a share of all', { underRepair: 0, services: 1 }, 'act'],
    ['the alert has just been open for long enough', { policy: { forMs: MINUTE } }, 'act'],
    ['three tries are too few to suppress a remedy', { learned: { tries: 3, successes: 0, upper: 0.3 } }, 'act'],
    ['a remedy that may yet help in four of ten cases', { learned: { tries: 9, successes: 1, upper: 0.4 } }, 'act'],
    ['half a minute after a second look it may be decided anew', { secondLookFailedAt: NOW - 30 * SECOND }, 'act'],
    ['four recurrences are not five', { alert: { recurrences: 4 } }, 'act'],
    [
      'a healed attempt closes the breaker',
      { ofPolicy: [past(HOUR, 'healed'), past(2 * HOUR), past(3 * HOUR)] },
      'act',
    ],
    [
      'three of three approved repairs have healed',
      { policy: { earnTrust: 3 }, ofPolicy: [1, 2, 3].map((h) => past(h * 5 * HOUR, 'healed', true)) },
      'act',
    ],
  ])('%s', (_, change, kind) => expect(says(change).kind).toBe(kind));
});

describe('back-off', () => {
  const cold = { policy: { cooldownMs: 0, perHour: 60 } };
  it.each([
    [1, 10 * SECOND],
    [2, 20 * SECOND],
  ])('after %d attempts without effect lasts %d ms', (failed, ms) => {
    const attempts = (agoMs: number) => Array.from({ length: failed }, (_, i) => past(agoMs + i * HOUR));
    expect(says({ ...cold, past: attempts(ms - 1) })).toMatchObject({ kind: 'wait', until: NOW + 1 });
    expect(says({ ...cold, past: attempts(ms) }).kind).not.toBe('wait');
  });
  it('never lasts longer than five minutes', () => expect(BACKOFF.mostMs).toBe(5 * MINUTE));
  it('is forgotten after ten healthy minutes', () => {
    const twice = [past(5 * SECOND), past(2 * HOUR)];
    expect(says({ ...cold, past: twice }).kind).toBe('wait');
    expect(says({ ...cold, past: twice, target: { healthySince: NOW - BACKOFF.forgetMs } }).kind).toBe('act');
  });
});

test('what forbids is named before what delays, and what is hopeless before what is early', () => {
  expect(says({ pausedBy: 'ada', past: [past(MINUTE)] }).reason).toContain('paused');
  expect(says({ past: [past(MINUTE), past(HOUR), past(2 * HOUR)] }).kind).toBe('person');
});

test('never acts while any one thing forbids it, whatever else is so (40,000 facts)', () => {
  let state = 7;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const pick = <T>(...all: T[]): T => all[Math.floor(random() * all.length)] as T;
  let acted = 0;
  for (let i = 0; i < 40_000; i++) {
    const one = facts({
      enabled: pick(true, true, true, false),
      pausedBy: pick(undefined, undefined, undefined, 'ada'),
      busy: pick(false, false, false, true),
      inMaintenance: pick(false, false, false, true),
      globalDryRun: pick(false, false, false, true),
      policy: { mode: pick('automatic', 'automatic', 'approve', 'dryRun', 'suggest'), earnTrust: pick(0, 0, 1) },
      alert: { inhibited: pick(false, false, false, true), recurrences: pick(1, 1, 2, 5) },
      target: { status: pick('down', 'down', 'degraded', 'up', 'unknown'), confirmed: pick(true, true, false) },
      past: pick([], [past(6 * MINUTE, 'healed')], [past(MINUTE)]),
      allActsLastHour: pick(0, 0, 20),
      projectActsLastHour: pick(0, 0, 6),
      underRepair: pick(0, 0, 1, 3),
    });
    if (guard(one, NOW).kind !== 'act') continue;
    acted++;
    expect(one).toMatchObject({
      enabled: true,
      pausedBy: undefined,
      busy: false,
      inMaintenance: false,
      globalDryRun: false,
    });
    expect(one.policy).toMatchObject({ mode: 'automatic', earnTrust: 0 });
    expect(one.alert.inhibited || one.alert.recurrences >= INEFFECTIVE.recurrences).toBe(false);
    expect(one.target.confirmed && ['down', 'degraded'].includes(one.target.status)).toBe(true);
    expect(one.underRepair).toBeLessThan(3);
  }
  expect(acted).toBeGreaterThan(50);
  expect(BREAKER.suggestAfter).toBeLessThan(BREAKER.personAfter);
});
