import type { ServiceStatus } from '@orrery/protocol';
import type { InstanceChecks } from './probes/probe.ts';

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
  pending: ServiceStatus | null;
  checks: InstanceChecks | null;
  /** When the status changed between well and unwell of late, epoch ms, oldest first. */
  flips: readonly number[];
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
  flips: [],
};

const KEPT_FLIPS = 20;
const RANK = { up: 0, degraded: 1, down: 2 } as const;
const NAMES = ['up', 'degraded', 'down'] as const;

/** What a check came to; `unknown`: the hub itself could not look. */
type Seen = { status: ServiceStatus; latencyMs: number | null; reason?: string; checks?: InstanceChecks };
type Limits = { failAfter: number; recoverAfter: number };

/**
 * Pure: the standing after one more check. The status gets worse after `failAfter` checks in a row that say so, better after `recoverAfter`,
 * and unknown after `failAfter` of which nothing was seen.
 */
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
    failures: seen.status === 'unknown' ? before.failures : failures,
    checks: seen.checks ?? (seen.status === 'down' || seen.status === 'unknown' ? before.checks : null),
    flips: changed && isFlip(before.status, next.status) ? [...before.flips, at].slice(-KEPT_FLIPS) : before.flips,
  };
}

/** From well to unwell or back; what nobody could see is neither. */
const isFlip = (from: ServiceStatus, to: ServiceStatus): boolean =>
  from !== 'unknown' && to !== 'unknown' && (from === 'up') !== (to === 'up');

function decide(
  before: Standing,
  seen: ServiceStatus,
  limits: Limits,
): Pick<Standing, 'status' | 'streak' | 'pending'> {
  const settled = (status: ServiceStatus) => ({ status, streak: 0, pending: null });
  if (seen === before.status) return settled(seen);
  if (seen === 'unknown') {
    const blind = before.pending === 'unknown' ? before.streak + 1 : 1;
    return blind >= limits.failAfter ? settled(seen) : { status: before.status, streak: blind, pending: seen };
  }
  // The first word on a probe is believed at once, unless it is bad news.
  if (before.status === 'unknown' && seen !== 'down') return settled(seen);
  const from = before.status === 'unknown' ? -1 : RANK[before.status];
  const worse = RANK[seen] > from;
  const waiting = before.pending === null || before.pending === 'unknown' ? undefined : RANK[before.pending];
  const sameSide = waiting !== undefined && waiting > from === worse;
  const ranks = sameSide ? [waiting, RANK[seen]] : [RANK[seen]];
  const pending = NAMES[worse ? Math.min(...ranks) : Math.max(...ranks)] ?? seen;
  const streak = sameSide ? before.streak + 1 : 1;
  return streak >= (worse ? limits.failAfter : limits.recoverAfter)
    ? settled(pending)
    : { status: before.status, streak, pending };
}
