/** One hour of a route or statement. `hour` is its start, epoch ms. */
export type Hour = { hour: number; count: number; p95Ms: number };
export type Baseline = {
  usualMs: number;
  /** Beyond it the p95 is slow. */
  limitMs: number;
  /** Below it, it is slow no more: easier to stay than to enter would flap. */
  calmMs: number;
  hours: number;
};

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
export const BASELINE_MS = 14 * DAY;
/** The newest hours may be the trouble itself. */
const RECENT_MS = 2 * HOUR;
/** An hour with fewer calls has no p95 worth the name. */
const MIN_CALLS = 20;
/** So many hours of the same time of day, on so many days, are a usual of their own. */
const MIN_ALIKE = 5;
const MIN_DAYS = 3;
/** Else all hours serve, from this many on. */
const MIN_HOURS = 6;
/** Slow is twice the usual, */
const FACTOR = 2;
const CALM_FACTOR = 1.5;
/** far beyond its spread (Iglewicz and Hoaglin's limit for a modified z-score, 1993), */
const Z_LIMIT = 3.5;
/** and by more than what people or plans would notice, in ms. */
const FLOOR_MS = 20;

/**
 * Pure: what is usual of a p95 at this time: the median of the same time of day, an hour more or less, over the last 14 days; of all hours
 * where those are too few. Undefined while six hours with 20 calls each are not known.
 */
export function baselineOf(hours: readonly Hour[], now: number): Baseline | undefined {
  const usable = hours.filter(
    ({ hour, count }) => count >= MIN_CALLS && hour + HOUR <= now - RECENT_MS && hour >= now - BASELINE_MS,
  );
  const alike = usable.filter(({ hour }) => {
    const apart = Math.abs((((hour - now) % DAY) + DAY) % DAY);
    return apart <= 1.5 * HOUR || apart >= DAY - 2 * HOUR;
  });
  const days = new Set(alike.map(({ hour }) => Math.floor((now - hour) / DAY)));
  const chosen = alike.length >= MIN_ALIKE && days.size >= MIN_DAYS ? alike : usable;
  if (chosen.length < MIN_HOURS && chosen === usable) return undefined;
  const values = chosen.map(({ p95Ms }) => p95Ms);
  const usualMs = median(values);
  const spread = 1.4826 * median(values.map((value) => Math.abs(value - usualMs)));
  const limitMs = Math.max(FACTOR * usualMs, usualMs + Z_LIMIT * spread, usualMs + FLOOR_MS);
  return {
    usualMs,
    limitMs,
    calmMs: Math.min(limitMs, Math.max(CALM_FACTOR * usualMs, usualMs + FLOOR_MS)),
    hours: chosen.length,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
