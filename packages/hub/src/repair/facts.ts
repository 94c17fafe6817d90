import { type CauseKind, parseDuration } from '@orrery/protocol';
import type { LivingAlert } from '../alerts/index.ts';
import { type Lesson, type Lessons, type ProbeState, type RepairContext, statusOf, type Target } from './context.ts';
import type { GuardFacts, PastAttempt } from './guard.ts';
import { attemptsIn, openAttempts, pausedBy } from './store.ts';
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
  lessons: Lessons;
  causes: ReadonlyMap<string, CauseKind>;
};

export async function gatherTurn(context: RepairContext): Promise<TurnFacts> {
  const now = context.clock.now();
  const [paused, alerts, states, lessons, open, acted] = await Promise.all([
    pausedBy(context.db),
    context.alerts(),
    context.states(),
    context.lessons(),
    openAttempts(context.db),
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
  return { paused: paused?.by, alerts, states, services, open, acted, lessons, causes: causes ?? new Map() };
}

/** The alert that a policy is for, the oldest of several. */
export function alertFor(
  { project, service, policy }: Target,
  alerts: readonly LivingAlert[],
): LivingAlert | undefined {
  const { severity, metric } = policy.when;
  return alerts
    .filter(
      (alert) =>
        alert.project === project &&
        severity.includes(alert.severity) &&
        (metric === undefined
          ? alert.detector === 'status' && alert.service === service
          : isOf(metric, alert) && (alert.service === service || alert.service === null)),
    )
    .sort((a, b) => a.openedAt - b.openedAt)[0];
}

/** The title may be the threshold's own words; the description begins with the metric. */
const isOf = (metric: string, { detector, description }: LivingAlert): boolean =>
  detector === 'threshold' && description.startsWith(`${metric} `);

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
  return {
    enabled: context.enabled(),
    pausedBy: turn.paused,
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
      healthySince: own.length > 0 && failing.length === 0 ? Math.max(...own.map(({ since }) => since ?? now)) : null,
    },
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
