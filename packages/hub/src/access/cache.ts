import type { Clock } from '../platform/clock.ts';

const MAX_ENTRIES = 10_000;

export type ShortCache<T> = {
  /** The kept answer, or `load`'s; those who ask at once share one load, and a failure is not kept. */
  get(key: string, load: () => Promise<T>): Promise<T>;
  /** Forgets everything, also what is being loaded now. */
  clear(): void;
};

/** Keeps answers for `ttlMs`: what another hub changes is seen after that long, what this hub changes at once by `clear`. */
export function createShortCache<T>(clock: Clock, ttlMs: number): ShortCache<T> {
  const entries = new Map<string, { answer: Promise<T>; until: number }>();
  return {
    get(key, load) {
      const now = clock.monotonic();
      const known = entries.get(key);
      if (known && known.until > now) return known.answer;
      const entry = { answer: load(), until: now + ttlMs };
      entries.delete(key);
      entries.set(key, entry);
      entry.answer.catch(() => {
        if (entries.get(key) === entry) entries.delete(key);
      });
      const oldest = entries.size > MAX_ENTRIES ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
      return entry.answer;
    },
    clear: () => entries.clear(),
  };
}
