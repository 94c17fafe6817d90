import { type CauseKind, parseDuration } from '@orrery/protocol';
import type { LivingAlert } from '../alerts/index.ts';
import { type Lesson, type Lessons, type ProbeState, type RepairContext, statusOf, type Target } from './context.ts';
import { type GuardFacts, LOOK_AGAIN_MS, type PastAttempt } from './guard.ts';
import { attemptsIn, deniedFor, openAttempts, pausedBy, unconfirmedSince } from './store.ts';
import type { AttemptRow } from './tables.ts';

const HOUR = 3_600_000;
/** The breaker and earned trust look back so far; longer ago is another time. */
const MEMORY_MS = 30 * 24 * HOUR;
/** A failure that was seen by so many checks in a row is no chance. */
const CONFIRMED_BY = 2;

/** What is the same for every target of one turn. */
export type TurnFacts = {
  paused: string | undefined;
  alerts: readonly LivingAlert[];
  states: readonly ProbeState[];
  services: number;
  open: readonly AttemptRow[];
  /** Attempts that acted within the memory, newest first. */
  acted: readonly AttemptRow[];
  /** When a second look last refused an attempt, of the last minute, by target. */
  unconfirmed: ReadonlyMap<string, number>;
  /** Who said no, by `alert policy`. */
  denied: ReadonlyMap<string, string>;
  lessons: Lessons;
  causes: ReadonlyMap<string, CauseKind>;
};

export async function gatherTurn(context: RepairContext): Promise<TurnFacts> {
  const now = context.clock.now();
  const [paused, alerts, states, lessons, open, unconfirmed, acted] = await Promise.all([
    pausedBy(context.db),
    context.alerts(),
    context.states(),
    context.lessons(),
    openAttempts(context.db),
    unconfirmedSince(context.db, now - LOOK_AGAIN_MS),
    attemptsIn(context.db)
      .selectFrom('heal_attempts')
      .selectAll()
      .where('acting_at', '>', now - MEMORY_MS)
      .orderBy('acting_at', 'desc')
      .limit(5000)
      .execute(),
  ]);
  const services = new Set(states.map(({ project, service }) => `${project}/${service}`)).size;
  const causes = alerts.length > 0 ? await context.causes?.(alerts.map(({ id }) => id)) : undefined;
  return {
    paused: paused?.by,
    alerts,
    states,
    services,
    open,
    unconfirmed,
    acted,
    denied: await deniedFor(
      context.db,
      alerts.map(({ id }) => id),
    ),
    lessons,
    causes: causes ?? new Map(),
  };
}

/** Whether a policy is for this alert: of a metric also one of the project as a whole. */
export function isFor(
  { project, service, policy }: Target,
  alert: Pick<LivingAlert, 'project' | 'service' | 'severity' | 'detector' | 'description'>,
): boolean {
  const { severity, metric } = policy.when;
  if (alert.project !== project || !severity.includes(alert.severity)) return false;
  if (metric === undefined) return alert.detector === 'status' && alert.service === service;
  // The title may be the threshold's own words; the description begins with the metric.
  const isOf = alert.detector === 'threshold' && alert.description.startsWith(`${metric} `);
  return isOf && (alert.service === service || alert.service === null);
}

/** The alert that a policy is for, the oldest of several. */
export const alertFor = (target: Target, alerts: readonly LivingAlert[]): LivingAlert | undefined =>
  alerts.filter((alert) => isFor(target, alert)).sort((a, b) => a.openedAt - b.openedAt)[0];

/** What the guard is told of one target. */
export function factsFor(
  context: RepairContext,
  target: Target,
  alert: LivingAlert,
  lesson: Lesson,
  turn: TurnFacts,
  now: number,
): GuardFacts {
  const { project, service, policy } = target;
  const limits = context.limits();
  const mine = (row: AttemptRow) => row.project === project && row.service === service;
  const lately = turn.acted.filter(({ acting_at }) => (acting_at ?? 0) > now - HOUR);
  const own = turn.states.filter((state) => state.project === project && state.service === service);
  const failing = own.filter(({ status }) => status === 'down' || status === 'degraded');
  const status = statusOf(turn.states, project, service);
  // The alert may be an older one that was opened again.
  const since = failing.length === 0 ? null : Math.min(...failing.map((state) => state.since ?? now));
  return {
    enabled: context.enabled(),
    pausedBy: turn.paused,
    deniedBy: turn.denied.get(`${alert.id} ${policy.name}`),
    policy: {
      name: policy.name,
      mode: policy.mode,
      forMs: parseDuration(policy.when.for) ?? 0,
      cooldownMs: parseDuration(policy.limits.cooldown) ?? 0,
      perHour: policy.limits.perHour,
      earnTrust: policy.limits.earnTrust,
    },
    globalDryRun: limits.dryRun,
    alert: { openedAt: alert.openedAt, inhibited: alert.inhibited, recurrences: alert.recurrences },
    target: {
      // A threshold's trouble is not seen by the checks.
      status: policy.when.metric !== undefined && status === 'up' ? 'degraded' : status,
      confirmed: policy.when.metric !== undefined || failing.some(isConfirmed),
      since: policy.when.metric === undefined ? since : null,
      healthySince: own.length > 0 && failing.length === 0 ? Math.max(...own.map(({ since }) => since ?? now)) : null,
    },
    secondLookFailedAt: turn.unconfirmed.get(`${project}/${service}`) ?? null,
    upstream: upstreamOf(alert, since ?? alert.openedAt, turn.states, now),
    inMaintenance: context.inMaintenance(project, service, now),
    past: turn.acted.filter((row) => mine(row) && (row.acting_at ?? 0) > now - 4 * HOUR).map(toPast),
    ofPolicy: turn.acted.filter((row) => mine(row) && row.policy === policy.name).map(toPast),
    learned: lesson,
    busy: turn.open.some(mine),
    projectActsLastHour: lately.filter((row) => row.project === project).length,
    allActsLastHour: lately.length,
    limits,
    underRepair: turn.open.filter(({ status: how }) => how !== 'awaiting approval').length,
    services: Math.max(1, turn.services),
  };
}

/** Longer is not waited for a look at what is needed: the slowest probe of all must not keep everything from being repaired. */
const LONGEST_LOOK_MS = 30_000;

/**
 * What the part of an alert depends on, by its newest checks. It may have failed in the same moment and be found out later: until each of its
 * probes has looked since the trouble began, or has had the time to, nothing is known of it.
 */
export function upstreamOf(
  { upstream, upstreamDownMs }: Pick<LivingAlert, 'upstream' | 'upstreamDownMs'>,
  began: number,
  states: readonly ProbeState[],
  now: number,
): GuardFacts['upstream'] {
  if (upstream.length === 0) return { fails: false, isSeen: true, backAt: null };
  const needed = new Set(upstream);
  const own = states.filter(({ project, service }) => needed.has(`${project}/${service}`));
  const back = own.flatMap(({ status, since }) => (status === 'up' && since !== null && since > began ? since : []));
  return {
    // One failure is not believed yet, and no reason to go ahead either.
    fails: own.some(
      ({ status, consecutiveFailures }) => status === 'down' || (status === 'up' && consecutiveFailures > 0),
    ),
    isSeen:
      now >= began + Math.min(upstreamDownMs, LONGEST_LOOK_MS) ||
      own.every(({ lastCheckAt }) => lastCheckAt !== null && lastCheckAt > began),
    backAt: back.length === 0 ? null : Math.max(...back),
  };
}

/** Seen by two checks in a row: one that lies once has no say. */
const isConfirmed = ({ status, consecutiveFailures }: ProbeState): boolean =>
  status === 'degraded' || consecutiveFailures >= CONFIRMED_BY;

const toPast = (row: AttemptRow): PastAttempt => ({
  policy: row.policy,
  actedAt: row.acting_at ?? row.created_at,
  outcome:
    row.outcome === 'healed' || row.outcome === 'no effect' || row.outcome === 'worse' || row.outcome === 'failed'
      ? row.outcome
      : null,
  approved: row.approved_by !== null,
});
