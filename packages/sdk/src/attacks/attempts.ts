export type AttemptLimits = {
  /** Refused sign-ins (401 and 403 of what sends something) of one actor at one route within a minute. */
  guesses: number;
  /** Other refusals (401 and 403) of the same. */
  denials: number;
  /** Answers of 429 of the same. */
  limited: number;
  /** Refused sign-ins at one route by many actors within a minute. */
  spread: number;
};
export const ATTEMPT_LIMITS: AttemptLimits = { guesses: 10, denials: 120, limited: 10, spread: 60 };

export type Attempt = { family: 'brute-force' | 'rate-limit'; rule: string; count: number; actor: string | undefined };

const WINDOW_MS = 60_000;
/** A success so long after the guesses is another story. */
const MEMORY_MS = 600_000;
const MOST = 5000;
const MANY_ACTORS = 10;

/** A count over a sliding minute: the running minute, and of the one before as much as still overlaps. */
class Minute {
  #since = 0;
  #now = 0;
  #before = 0;
  lastAt = 0;
  told = false;

  add(at: number): number {
    const passed = at - this.#since;
    if (passed >= WINDOW_MS) {
      this.#before = passed < 2 * WINDOW_MS ? this.#now : 0;
      this.#now = 0;
      this.#since = passed < 2 * WINDOW_MS ? this.#since + WINDOW_MS : at;
      if (this.#before === 0) this.told = false;
    }
    this.#now++;
    this.lastAt = at;
    return this.#now + Math.floor(this.#before * (1 - (at - this.#since) / WINDOW_MS));
  }
}

type Known = { guesses: Minute; denials: Minute; limited: Minute };

/** Counts refusals by route and actor. What comes to mind of an actor is its address, in memory only and for some minutes. */
export function createAttempts(limits: AttemptLimits, now: () => number) {
  const known = new Map<string, Known>();
  const routes = new Map<string, { guesses: Minute; actors: Map<string, number> }>();

  function forget(at: number): void {
    for (const [key, { guesses, denials, limited }] of known)
      if (at - Math.max(guesses.lastAt, denials.lastAt, limited.lastAt) > MEMORY_MS) known.delete(key);
    // A flood of actors: those seen first go.
    for (const key of known.keys()) {
      if (known.size < MOST) break;
      known.delete(key);
    }
    if (routes.size > MOST) routes.clear();
  }

  /** The refusals up to now when the limit is reached just now, then one at a time; 0 below it. */
  function beyond(minute: Minute, at: number, limit: number): number {
    const count = minute.add(at);
    if (count < limit) return 0;
    const news = minute.told ? 1 : count;
    minute.told = true;
    return news;
  }

  function spread(route: string, actor: string, at: number): number {
    const entry = routes.get(route) ?? { guesses: new Minute(), actors: new Map<string, number>() };
    routes.set(route, entry);
    for (const [each, seenAt] of entry.actors) if (at - seenAt > WINDOW_MS) entry.actors.delete(each);
    if (entry.actors.size < MANY_ACTORS || entry.actors.has(actor)) entry.actors.set(actor, at);
    const count = beyond(entry.guesses, at, limits.spread);
    if (entry.actors.size >= MANY_ACTORS) return count;
    entry.guesses.told = false;
    return 0;
  }

  const isRefusal = (status: number) => status === 401 || status === 403 || status === 429;

  return {
    /** Whether an answer of this status may make anything of what was before: then its actor matters. */
    concerns: (status: number): boolean => isRefusal(status) || (known.size > 0 && status < 400),
    /** What an answer makes of what was before; undefined when nothing. */
    see(method: string, route: string, status: number, actor: string): Attempt | undefined {
      const refused = isRefusal(status);
      if (!refused && (known.size === 0 || status >= 400)) return undefined;
      const key = `${route}\n${actor}`;
      const at = now();
      let entry = known.get(key);
      if (!refused) {
        const guessed = entry?.guesses.told === true && at - entry.guesses.lastAt < MEMORY_MS;
        if (!guessed) return undefined;
        known.delete(key);
        return { family: 'brute-force', rule: 'succeeded', count: 1, actor };
      }
      if (!entry) {
        if (known.size >= MOST) forget(at);
        entry = { guesses: new Minute(), denials: new Minute(), limited: new Minute() };
        known.set(key, entry);
      }
      // Who guesses and is told to wait guesses on.
      const guesses = status === 429 && entry.guesses.lastAt > 0 && at - entry.guesses.lastAt < MEMORY_MS;
      if (status === 429 && !guesses) {
        const count = beyond(entry.limited, at, limits.limited);
        return count > 0 ? { family: 'rate-limit', rule: 'exceeded', count, actor } : undefined;
      }
      if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') {
        const count = beyond(entry.denials, at, limits.denials);
        return count > 0 ? { family: 'brute-force', rule: 'denied', count, actor } : undefined;
      }
      const own = beyond(entry.guesses, at, limits.guesses);
      const all = spread(route, actor, at);
      if (own > 0) return { family: 'brute-force', rule: 'guessing', count: own, actor };
      return all > 0 ? { family: 'brute-force', rule: 'spread', count: all, actor: undefined } : undefined;
    },
    size: () => known.size,
  };
}
