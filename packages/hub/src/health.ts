import type { PublicHealth } from '@orrery/protocol';

/** A lease is renewed every 2.5 s; twice that without a write means that the database is away or very slow. */
const SILENT_MS = 5000;
/** After this long it is no hiccup. */
const LOST_MS = 60_000;

/** How the hub itself is, from what it knows of its database, its checks and its jobs. */
export function healthOf(facts: {
  /** Since the last write to the database, ms. */
  silentMs: number;
  /** Checks that wait in memory because they could not be written. */
  waitingChecks: number;
  /** Jobs whose last runs all failed. */
  failingJobs: number;
}): PublicHealth['status'] {
  if (facts.silentMs > LOST_MS) return 'unhealthy';
  return facts.silentMs > SILENT_MS || facts.waitingChecks > 0 || facts.failingJobs > 0 ? 'degraded' : 'healthy';
}
