import type { CheckView, ServiceStatus } from '@orrery/protocol';

/** One bar: the worst of the checks it stands for. `check` is absent where there was none yet. */
export type Beat = { status: ServiceStatus | 'none'; check?: CheckView; count: number };

const RANK: Record<ServiceStatus, number> = { up: 0, unknown: 1, degraded: 2, down: 3 };

/** The worst state of several; `unknown` when there is none. */
export function worstOf(statuses: readonly ServiceStatus[]): ServiceStatus {
  return (
    statuses.reduce<ServiceStatus | undefined>(
      (worst, status) => (worst === undefined || RANK[status] > RANK[worst] ? status : worst),
      undefined,
    ) ?? 'unknown'
  );
}

/**
 * Puts checks (any order) into exactly `slots` bars, oldest first. With more checks than bars, neighbours share one and
 * the worst of them shows, so that a single failure is never hidden; with fewer, the front is empty.
 */
export function toBeats(history: readonly CheckView[], slots: number): Beat[] {
  if (slots <= 0) return [];
  const checks = [...history].sort((a, b) => a.at.localeCompare(b.at));
  const empty = Math.max(0, slots - checks.length);
  const beats: Beat[] = Array.from({ length: empty }, () => ({ status: 'none', count: 0 }));
  const bars = slots - empty;
  for (let bar = 0; bar < bars; bar += 1) {
    const start = Math.floor((bar * checks.length) / bars);
    const shared = checks.slice(start, Math.floor(((bar + 1) * checks.length) / bars));
    const worst = shared.reduce((a, b) => (RANK[b.status] >= RANK[a.status] ? b : a));
    beats.push({ status: worst.status, check: worst, count: shared.length });
  }
  return beats;
}
