import type { PublicHealth } from '@orrery/protocol';
import type { Clock } from './platform/clock.ts';

/** A lease is renewed every 2.5 s; twice that without a write means that the database is away or very slow. */
const SILENT_MS = 5000;
/** After this long it is no hiccup. */
const LOST_MS = 60_000;
const LOOK_MS = 1000;
/** The newest troubles: a short one must not hide the long one before it. */
const KEPT = 8;

export type HealthFacts = {
  /** Since the last write to the database, ms. */
  silentMs: number;
  /** Checks that wait in memory because they could not be written. */
  waitingChecks: number;
  /** Jobs whose last runs all failed. */
  failingJobs: readonly string[];
};
/** What the hub could not do, from when (epoch ms) until when; still, when there is no end. */
export type Trouble = { kind: 'database' | 'jobs'; since: number; until?: number };

const isSilent = ({ silentMs, waitingChecks }: HealthFacts) => silentMs > SILENT_MS || waitingChecks > 0;

/** How the hub itself is, from what it knows of its database, its checks and its jobs. */
export function healthOf(facts: HealthFacts): PublicHealth['status'] {
  if (facts.silentMs > LOST_MS) return 'unhealthy';
  return isSilent(facts) || facts.failingJobs.length > 0 ? 'degraded' : 'healthy';
}

/** The hub's eye on itself: how it is now, and the troubles that are or were; what the database could not take is told once it is back. */
export function watchOwnHealth(facts: () => HealthFacts, clock: Clock) {
  let troubles: readonly Trouble[] = [];
  const note = (kind: Trouble['kind'], isNow: boolean, since: number) => {
    const known = troubles.find((one) => one.kind === kind && one.until === undefined);
    if (isNow && !known) troubles = [...troubles, { kind, since }].slice(-KEPT);
    else if (!isNow && known) troubles = troubles.map((one) => (one === known ? { ...one, until: clock.now() } : one));
  };
  const look = () => {
    const now = facts();
    note('database', isSilent(now), clock.now() - (now.silentMs > SILENT_MS ? now.silentMs : 0));
    note('jobs', now.failingJobs.length > 0, clock.now());
  };
  const timer = setInterval(look, LOOK_MS).unref();
  return {
    status: () => healthOf(facts()),
    troubles: () => troubles,
    stop: () => clearInterval(timer),
  };
}
