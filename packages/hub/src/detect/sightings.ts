import type { Clock } from '../platform/clock.ts';

/** Rounds come every few seconds; a longer pause means that the hub was stopped or starved. */
const MAX_PAUSE_MS = 15_000;

/**
 * For how long projects have been silent while this hub was really watching. Wall time alone would call every project offline after
 * a restart, a suspended process or a stepped clock; so the silence counts from the moment when this hub noticed the last sign of life.
 */
export function createSightings(clock: Clock, offlineAfterMs: () => number) {
  const noticed = new Map<string, { lastSeenAt: number; at: number }>();
  let lastLook: number | undefined;
  let lost = 0;
  /** Monotonic time less the stretches in which nobody looked. */
  const watched = () => clock.monotonic() - lost;

  return {
    /** Called before each round: a long pause between two rounds was nobody's silence. */
    look(): void {
      const now = clock.monotonic();
      if (lastLook !== undefined && now - lastLook > Math.max(MAX_PAUSE_MS, offlineAfterMs() / 4))
        lost += now - lastLook;
      lastLook = now;
    },
    silentMs(project: string, lastSeenAt: number): number {
      const known = noticed.get(project);
      if (!known || known.lastSeenAt !== lastSeenAt) {
        noticed.set(project, { lastSeenAt, at: watched() });
        return 0;
      }
      return Math.max(0, Math.min(clock.now() - lastSeenAt, watched() - known.at));
    },
    forget(keep: ReadonlySet<string>): void {
      for (const project of noticed.keys()) if (!keep.has(project)) noticed.delete(project);
    },
  };
}
