import {
  type HealLimits,
  parseDuration,
  type SimulatedAct,
  type SimulatedPolicy,
  type Symptom,
} from '@orrery/protocol';
import type { PastAlert } from '../alerts/index.ts';
import { iso } from '../platform/clock.ts';
import type { Lesson, Lessons, Target } from './context.ts';
import { isFor } from './facts.ts';
import { type GuardFacts, guard, INEFFECTIVE, type PastAttempt, type Verdict } from './guard.ts';
import { describeRemedy } from './remedies/index.ts';
import { remedyFormOf, symptomOf } from './symptom.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** What gives no time is asked again after so long: a turn of repair looks each second, and no week has so many of them. */
const ASK_AGAIN_MS = MINUTE;
/** Whoever drives the replay is given a turn after so many questions. */
const ASKS_PER_TURN = 200;

export type Replay = {
  targets: readonly Target[];
  alerts: readonly PastAlert[];
  limits: HealLimits;
  lessons: Lessons;
  /** What was frozen of alerts that something was tried against; of others their words must do. */
  symptoms: ReadonlyMap<string, Symptom>;
  inMaintenance(project: string, service: string, at: number): boolean;
  services: number;
  from: number;
  now: number;
};

/** An act of the replay: what the guard is told of it, and until when its target is busy. An approval that nobody gave never acted. */
type Act = PastAttempt & { project: string; until: number };
type Case = {
  target: Target;
  order: number;
  alert: PastAlert;
  lesson: Lesson;
  /** When the same trouble opened, itself among them. */
  openings: readonly number[];
  acts: SimulatedAct[];
  refused: Set<string>;
};
type Waiting = { one: Case; at: number };
type Done = { byService: Map<string, Act[]>; recent: Act[] };

/**
 * What policies would have done in the past, by the same guard that decides today: it is pure, so it can do nothing. What would have come of
 * an act nobody knows: it counts as healed when the alert really ended in the time that the policy's check allows, else as without effect.
 * Gives way after some questions, so that a long past keeps nobody waiting.
 */
export function* replay(past: Replay): Generator<void, SimulatedPolicy[]> {
  const cases = casesOf(past);
  const queue: Waiting[] = [];
  for (const one of cases) enqueue(queue, { one, at: Math.max(one.alert.openedAt, past.from) });
  const done: Done = { byService: new Map(), recent: [] };
  let asks = 0;
  for (let next = queue.pop(); next; next = queue.pop()) {
    const { one, at } = next;
    if (at > past.now || (one.alert.endedAt !== null && at >= one.alert.endedAt)) continue;
    const again = settle(past, one, done, guard(factsAt(past, one, done, at), at), at);
    if (again !== undefined) enqueue(queue, { one, at: again });
    if (++asks % ASKS_PER_TURN === 0) yield;
  }
  return past.targets.map((target) =>
    summarise(
      target,
      cases.filter((one) => one.target === target),
    ),
  );
}

function casesOf({ targets, alerts, lessons, symptoms }: Replay): Case[] {
  const openings = Map.groupBy(alerts, ({ fingerprint }) => fingerprint);
  return targets.flatMap((target, order) => {
    const { project, service, policy } = target;
    const remedy = remedyFormOf(policy);
    return alerts
      .filter((alert) => isFor(target, alert))
      .map((alert): Case => {
        const symptom = symptoms.get(alert.id) ?? symptomOf(alert, policy, [], undefined);
        return {
          ...{ target, order, alert, acts: [], refused: new Set() },
          lesson: lessons({ project, service, symptom, remedy }),
          openings: (openings.get(alert.fingerprint) ?? []).map(({ openedAt }) => openedAt),
        };
      });
  });
}

/** Whether `a` comes before `b`: the earlier, then the likelier to help, then what was declared first. */
const isBefore = (a: Waiting, b: Waiting): boolean =>
  (a.at - b.at || b.one.lesson.expected - a.one.lesson.expected || a.one.order - b.one.order) < 0;

/** Keeps the queue in order, the next one last. */
function enqueue(queue: Waiting[], entry: Waiting): void {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(entry, queue[middle] as Waiting)) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, entry);
}

const placeOf = ({ target: { project, service } }: Case) => `${project}/${service}`;

/** Writes down what the verdict means; when it is to be asked again, or undefined. */
function settle(past: Replay, one: Case, done: Done, verdict: Verdict, at: number): number | undefined {
  const { target, alert } = one;
  const { policy, project } = target;
  if (verdict.kind === 'wait') {
    // That an alert is younger than its policy wants is no refusal.
    if (at >= alert.openedAt + (parseDuration(policy.when.for) ?? 0)) one.refused.add(headOf(verdict.reason));
    return verdict.until === undefined ? at + ASK_AGAIN_MS : Math.max(verdict.until, at + 1);
  }
  const kind = verdict.kind === 'would' ? 'act' : verdict.kind;
  one.acts.push({
    at: iso(at),
    ...{ alertId: alert.id, title: alert.title, severity: alert.severity, kind, reason: verdict.reason },
    endedAfterMs: alert.endedAt === null ? null : alert.endedAt - at,
    openForMs: (alert.endedAt ?? past.now) - alert.openedAt,
  });
  // A suggestion is made once of an alert, and what a person is asked or left to stays theirs.
  if (kind === 'suggest' || kind === 'person') return undefined;
  const own = done.byService.get(placeOf(one)) ?? [];
  done.byService.set(placeOf(one), own);
  const base = { policy: policy.name, project, actedAt: at, approved: false };
  if (kind === 'approve') {
    const until = at + (parseDuration(past.limits.approvalExpires) ?? 0);
    own.unshift({ ...base, outcome: null, until: Math.min(until, alert.endedAt ?? until) });
    return undefined;
  }
  const within = parseDuration(policy.verify.within) ?? 0;
  const isHealed = alert.endedAt !== null && alert.endedAt <= at + within;
  const until = isHealed ? (alert.endedAt ?? at) + (parseDuration(policy.verify.stableFor) ?? 0) : at + within;
  const act: Act = { ...base, outcome: isHealed ? 'healed' : 'no effect', until };
  own.unshift(act);
  done.recent.push(act);
  return until;
}

/** What the guard would have been told then. */
function factsAt(past: Replay, one: Case, done: Done, at: number): GuardFacts {
  const { alert, lesson, openings } = one;
  const { project, service, policy } = one.target;
  const here = done.byService.get(placeOf(one)) ?? [];
  const acted = here.filter(({ outcome }) => outcome !== null);
  const lately = done.recent.filter(({ actedAt, until }) => actedAt > at - HOUR || until > at);
  done.recent = lately;
  const lastHour = lately.filter(({ actedAt }) => actedAt > at - HOUR);
  return {
    enabled: true,
    pausedBy: undefined,
    deniedBy: undefined,
    policy: {
      name: policy.name,
      mode: policy.mode,
      forMs: parseDuration(policy.when.for) ?? 0,
      cooldownMs: parseDuration(policy.limits.cooldown) ?? 0,
      perHour: policy.limits.perHour,
      earnTrust: policy.limits.earnTrust,
    },
    globalDryRun: past.limits.dryRun,
    alert: {
      openedAt: alert.openedAt,
      inhibited: alert.inhibitedDuring.some(({ from, to }) => from <= at && (to === null || at < to)),
      recurrences: openings.filter((openedAt) => openedAt <= at && openedAt > at - INEFFECTIVE.withinMs).length,
    },
    // An open alert is what says so: it was judged by checks in a row.
    target: { status: 'down', confirmed: true, since: null, healthySince: null },
    upstream: { fails: false, isSeen: true, backAt: backBy(alert, at) },
    secondLookFailedAt: null,
    inMaintenance: past.inMaintenance(project, service, at),
    past: acted.filter(({ actedAt }) => actedAt > at - INEFFECTIVE.withinMs),
    ofPolicy: acted.filter((act) => act.policy === policy.name),
    learned: lesson,
    busy: here.some(({ until }) => at < until),
    projectActsLastHour: lastHour.filter((act) => act.project === project).length,
    allActsLastHour: lastHour.length,
    limits: past.limits,
    underRepair: lately.filter(({ until }) => at < until).length,
    services: Math.max(1, past.services),
  };
}

/** When what it depends on last came back, by then. */
function backBy({ inhibitedDuring }: PastAlert, at: number): number | null {
  const ends = inhibitedDuring.flatMap(({ to }) => (to !== null && to <= at ? to : []));
  return ends.length === 0 ? null : Math.max(...ends);
}

/** The mechanism of a reason, without the figures of the moment. */
const headOf = (reason: string): string => reason.split(':')[0] ?? reason;

function summarise({ project, service, policy }: Target, cases: readonly Case[]): SimulatedPolicy {
  const reasons = new Map<string, number>();
  for (const { refused } of cases) for (const reason of refused) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  return {
    ...{ project, service, policy: policy.name, mode: policy.mode },
    remedy: { kind: policy.remedy.kind, text: describeRemedy(policy.remedy) },
    alerts: cases.length,
    acts: cases.flatMap(({ acts }) => acts).sort((a, b) => a.at.localeCompare(b.at)),
    refused: [...reasons].map(([reason, alerts]) => ({ reason, alerts })).sort((a, b) => b.alerts - a.alerts),
  };
}
