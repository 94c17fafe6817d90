import type { ServiceStatus } from '@orrery/protocol';
import type { CheckStatus, InstanceChecks } from './probes/probe.ts';

/** What the hub thinks of a probe. */
export type Standing = {
  status: ServiceStatus;
  /** When the status became what it is, epoch ms. */
  since: number | null;
  lastCheckAt: number | null;
  latencyMs: number | null;
  reason: string | null;
  /** Checks in a row that said down. */
  failures: number;
  /** Checks in a row that disagree with the status towards the same side, and the least change that all of them support. */
  streak: number;
  pending: CheckStatus | null;
  checks: InstanceChecks | null;
};

export const UNKNOWN: Standing = {
  status: 'unknown',
  since: null,
  lastCheckAt: null,
  latencyMs: null,
  reason: null,
  failures: 0,
  streak: 0,
  pending: null,
  checks: null,
};

const RANK = { up: 0, degraded: 1, down: 2 } as const;
const NAMES = ['up', 'degraded', 'down'] as const;

type Seen = { status: CheckStatus; latencyMs: number | null; reason?: string; checks?: InstanceChecks };
type Limits = { failAfter: number; recoverAfter: number };

/** Pure: the standing after one more check. The status gets worse after `failAfter` checks in a row that say so, better after `recoverAfter`. */
export function judge(before: Standing, seen: Seen, limits: Limits, at: number): Standing {
  const failures = seen.status === 'down' ? before.failures + 1 : 0;
  const next = decide(before, seen.status, limits);
  const changed = next.status !== before.status;
  return {
    ...next,
    since: changed ? at : before.since,
    lastCheckAt: at,
    latencyMs: seen.latencyMs,
    // While a recovery waits to be confirmed, the reason of the failure still explains the status.
    reason: seen.reason ?? (next.status === 'up' || next.status === 'unknown' ? null : before.reason),
    failures,
    checks: seen.checks ?? (seen.status === 'down' ? before.checks : null),
  };
}

function decide(before: Standing, seen: CheckStatus, limits: Limits): Pick<Standing, 'status' | 'streak' | 'pending'> {
  const settled = (status: ServiceStatus) => ({ status, streak: 0, pending: null });
  if (seen === before.status) return settled(seen);
  // The first word on a probe is believed at once, unless it is bad news.
  if (before.status === 'unknown' && seen !== 'down') return settled(seen);
  const from = before.status === 'unknown' ? -1 : RANK[before.status];
  const worse = RANK[seen] > from;
  const sameSide = before.pending !== null && RANK[before.pending] > from === worse;
  const ranks = sameSide && before.pending !== null ? [RANK[before.pending], RANK[seen]] : [RANK[seen]];
  const pending = NAMES[worse ? Math.min(...ranks) : Math.max(...ranks)] ?? seen;
  const streak = sameSide ? before.streak + 1 : 1;
  return streak >= (worse ? limits.failAfter : limits.recoverAfter)
    ? settled(pending)
    : { status: before.status, streak, pending };
}
