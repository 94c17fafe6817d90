/**
 * How long to wait after a failure, in milliseconds, when things have been failing for `failingForMs`. The ceiling grows with the outage
 * (so it is exponential in attempts), and the wait is anywhere below it: hubs and rows spread out, and whatever the luck,
 * a receiver that is back is tried again soon, in proportion to how long it was away.
 */
export function backoff(failingForMs: number, maxMs: number, random: number): number {
  const ceiling = Math.min(Math.max(failingForMs * 0.15, FIRST_MS), maxMs - FLOOR_MS);
  return Math.round(FLOOR_MS + random * ceiling);
}

const FLOOR_MS = 500;
const FIRST_MS = 1000;

/** Milliseconds from a Retry-After header (seconds or an HTTP date), at most an hour; undefined when there is none to go by. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d{1,12}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) : undefined;
}

/** No receiver is waited for longer, whatever it asks for. */
export const MAX_RETRY_AFTER_MS = 3_600_000;
