import { performance } from 'node:perf_hooks';

/** Wall time orders what people see; monotonic time drives timers, so that a stepped clock fires nothing. */
export type Clock = {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back. */
  monotonic(): number;
};

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** RFC 3339 UTC text of epoch milliseconds. */
export const iso = (ms: number): string => new Date(ms).toISOString();
/** The same for a column that may be empty. */
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));
