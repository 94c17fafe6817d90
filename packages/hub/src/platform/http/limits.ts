import type { Clock } from '../clock.ts';

type Bucket = { tokens: number; at: number };
const MAX_BUCKETS = 20_000;

export type RateLimit = (key: string, perMinute: number) => { ok: true } | { ok: false; retryAfter: number };

/** Token buckets, one per key, refilled continuously; a sixth of a minute's budget may be spent at once. Memory is bounded: the oldest key goes first. */
export function createRateLimit(clock: Clock): RateLimit {
  const buckets = new Map<string, Bucket>();
  return (key, perMinute) => {
    const now = clock.monotonic();
    const burst = Math.max(5, perMinute / 6);
    const bucket = buckets.get(key) ?? { tokens: burst, at: now };
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > MAX_BUCKETS) {
      const oldest = buckets.keys().next().value;
      if (oldest !== undefined) buckets.delete(oldest);
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * perMinute) / 60_000);
    bucket.at = now;
    if (bucket.tokens < 1)
      return { ok: false, retryAfter: Math.max(1, Math.ceil(((1 - bucket.tokens) * 60) / perMinute)) };
    bucket.tokens -= 1;
    return { ok: true };
  };
}

/** How many requests each caller has under way; `enter` answers undefined to one too many, else the way out again. */
export function createCrowd(limit: number): { enter(key: string): (() => void) | undefined } {
  const inside = new Map<string, number>();
  return {
    enter(key) {
      const count = inside.get(key) ?? 0;
      if (count >= limit) return undefined;
      inside.set(key, count + 1);
      return () => {
        const left = (inside.get(key) ?? 1) - 1;
        if (left > 0) inside.set(key, left);
        else inside.delete(key);
      };
    },
  };
}
