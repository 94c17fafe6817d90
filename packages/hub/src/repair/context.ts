import type { Cause, CauseKind, GeneralRemedy, HealLimits, HealPolicy, ServiceStatus, Symptom } from '@orrery/protocol';
import type { AuditEntry } from '../access/index.ts';
import type { LivingAlert, PastAlert } from '../alerts/index.ts';
import type { NewEvent } from '../events/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import type { Outbound } from '../platform/outbound.ts';
import type { Secrets } from '../platform/secrets.ts';
import type { RemedyContext } from './remedies/index.ts';

/** A policy where it belongs: the target is a service of a project. */
export type Target = { project: string; service: string; declaredIn: string; policy: HealPolicy };

/** How a probe of a service stood at its newest check. */
export type ProbeState = {
  project: string;
  service: string;
  status: ServiceStatus;
  since: number | null;
  lastCheckAt: number | null;
  consecutiveFailures: number;
  reason?: string | null | undefined;
  /** The kind of the probe: http, docker, … */
  kind?: string | undefined;
};

/** What was learned of one remedy for one symptom at one service. */
export type Lesson = {
  /** How likely it helps, 0–1. */
  expected: number;
  /** Its verified tries here that still count against it, and those of them that healed. */
  tries: number;
  successes: number;
  /** The upper bound of what is believed of it. */
  upper: number;
};
export type Lessons = (about: { project: string; service: string; symptom: Symptom; remedy: GeneralRemedy }) => Lesson;

/** Something that happened to an attempt, or, without one, to a policy that only a person can go on with. Times are epoch ms. */
export type RepairStep = {
  /** `heal.began`, `heal.healed`, … as in the event stream. */
  type: string;
  at: number;
  title: string;
  project: string;
  service: string;
  alertId: string;
  policy: string;
  remedy: string;
  /** What was known of the cause. */
  why: string;
  /** `ordinal`: which attempt for its alert it was, from 1. */
  attempt?: { id: string; ordinal: number; detail: string | null; expiresAt: number | null };
};

export type RepairDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  secrets: Secrets;
  outbound: Pick<Outbound, 'request' | 'open'>;
  /** This process among all hubs on the database. */
  holderId: string;
  limits(): HealLimits;
  /** Whether repair is enabled: by the file, else by the environment. */
  enabled(): boolean;
  alerts(): Promise<readonly LivingAlert[]>;
  pastAlerts(since: number): Promise<readonly PastAlert[]>;
  states(): Promise<readonly ProbeState[]>;
  /** Checks the services now instead of at their interval. */
  checkSoon(refs: readonly { project: string; service: string }[]): void;
  /** What was learned so far, by whoever learns. */
  lessons(): Promise<Lessons>;
  /** The likeliest causes of these alerts, where somebody diagnosed them. */
  causes?(alertIds: readonly string[]): Promise<ReadonlyMap<string, CauseKind>>;
  /** What another hub than the one that judges sees of a service now; empty where there is none. */
  lookFromElsewhere(
    ref: { project: string; service: string },
    signal: AbortSignal,
  ): Promise<readonly { hub: string; status: ServiceStatus; reason: string | null }[]>;
  inMaintenance(project: string, service: string, at: number): boolean;
  /** What diagnosis takes for the cause behind an alert; undefined while it takes nothing for it. */
  topCause?: (alertId: string) => Promise<Cause | undefined>;
  act: (project: string, ...asked: Parameters<RemedyContext['act']>) => ReturnType<RemedyContext['act']>;
  appendEvents(trx: Db, events: readonly NewEvent[]): Promise<unknown>;
  audit(trx: Db, entry: AuditEntry): Promise<void>;
  /** Whoever tells people of what happened hears it in its transaction, and `stepped` when that is committed. */
  onStep(trx: Db, step: RepairStep): Promise<void>;
  stepped(): void;
  /** Lets repair look again now instead of at its next turn. */
  lookNow(): void;
};
export type RepairContext = RepairDeps & {
  targets(): readonly Target[];
};

const RANK = { down: 3, degraded: 2, unknown: 1, up: 0 } as const satisfies Record<ServiceStatus, number>;

/** How a service is by all of its probes: as bad as the worst of them. */
export function statusOf(states: readonly ProbeState[], project: string, service: string): ServiceStatus {
  const own = states.filter((state) => state.project === project && state.service === service);
  return own.reduce<ServiceStatus>(
    (worst, { status }) => (RANK[status] > RANK[worst] ? status : worst),
    own.length === 0 ? 'unknown' : 'up',
  );
}
