import { type AttackFamily, type AttackReport, type AttackSighting, MAX_SIGHTINGS } from '@orrery/protocol';
import { createActors } from './actor.ts';
import { ATTEMPT_LIMITS, type AttemptLimits, createAttempts } from './attempts.ts';
import { type Inspected, inspect } from './inspect.ts';

/** An answered request, as far as it is known without touching it. */
export type SeenRequest = Inspected & {
  method: string;
  /** The route's template. */
  route: string;
  status: number;
  /** An address or a user, or how to find out: of most requests nobody asks. Made opaque before anything leaves the process. */
  actor?: string | (() => string | undefined) | undefined;
};

export type AttackOptions = {
  /** Looks at requests at all. Default true. */
  enabled?: boolean;
  /** Looks into bodies that the product has parsed. Default true. */
  bodies?: boolean;
  limits?: Partial<AttemptLimits>;
};

export type AttackWatch = {
  /** Looks at one answered request. Never throws, keeps nothing of it, and takes some microseconds. */
  see(request: SeenRequest): void;
  /** What was seen since it was last taken; undefined when that is nothing. */
  take(): AttackReport | undefined;
  /** Attacks since the start, by family; and requests that could not be looked at. */
  totals(): { attacks: ReadonlyMap<AttackFamily, number>; requests: number; errors: number };
};

type Open = Omit<AttackSighting, 'firstAt' | 'lastAt'> & { firstAt: number; lastAt: number };
/** Beyond so many the actors of a report are told together, and beyond all there is room for only counted. */
const MOST_BY_ACTOR = MAX_SIGHTINGS - 16;
const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);

/** Inspects answered requests and counts what it finds. `key` makes actors opaque; `now` is monotonic, in ms. */
export function createAttackWatch(
  options: AttackOptions & { key: Uint8Array; now: () => number; wallClock?: () => number },
): AttackWatch {
  const wallClock = options.wallClock ?? Date.now;
  const opaque = createActors(options.key, wallClock);
  const attempts = createAttempts({ ...ATTEMPT_LIMITS, ...options.limits }, options.now);
  const totals = new Map<AttackFamily, number>();
  let open = new Map<string, Open>();
  let more = 0;
  let requests = 0;
  let errors = 0;

  function note(
    sign: Pick<AttackSighting, 'family' | 'rule' | 'place'>,
    request: SeenRequest,
    actor: string,
    count: number,
  ): void {
    totals.set(sign.family, (totals.get(sign.family) ?? 0) + count);
    const method = METHODS.has(request.method) ? request.method : 'OTHER';
    const route = `${method} ${request.route.slice(0, 200)}`;
    const at = wallClock();
    const keyOf = (who: string) => `${sign.family} ${sign.rule} ${route} ${who}`;
    let key = keyOf(actor);
    let who = actor;
    if (!open.has(key) && open.size >= MOST_BY_ACTOR) [key, who] = [keyOf('others'), 'others'];
    let sighting = open.get(key);
    if (!sighting) {
      if (open.size >= MAX_SIGHTINGS) {
        more += count;
        return;
      }
      const { family, rule, place } = sign;
      sighting = {
        family,
        rule,
        route,
        place,
        actor: who,
        count: 0,
        passed: 0,
        refused: 0,
        failed: 0,
        firstAt: at,
        lastAt: at,
      };
      open.set(key, sighting);
    }
    sighting.count += count;
    sighting[request.status >= 500 ? 'failed' : request.status >= 400 ? 'refused' : 'passed'] += count;
    sighting.lastAt = at;
  }

  return {
    see(request) {
      if (options.enabled === false) return;
      try {
        requests++;
        const asked = options.bodies === false ? { ...request, body: undefined } : request;
        const signs = inspect(asked);
        if (signs.length === 0 && !attempts.concerns(request.status)) return;
        const actor = typeof request.actor === 'function' ? request.actor() : request.actor;
        for (const sign of signs) note(sign, request, actor === undefined ? 'unknown' : opaque(actor), 1);
        // Nobody can be told from anybody else without an actor: a crowd would look like one who guesses.
        const attempt =
          actor === undefined ? undefined : attempts.see(request.method, request.route, request.status, actor);
        if (attempt)
          note(
            { ...attempt, place: 'status' },
            request,
            attempt.actor === undefined ? 'several' : opaque(attempt.actor),
            attempt.count,
          );
      } catch {
        // The product's request is answered; that this one was not looked at is counted.
        errors++;
      }
    },
    take() {
      if (open.size === 0) return undefined;
      const sightings = [...open.values()].map((sighting) => ({
        ...sighting,
        firstAt: new Date(sighting.firstAt).toISOString(),
        lastAt: new Date(sighting.lastAt).toISOString(),
      }));
      const report = { sightings, more };
      open = new Map();
      more = 0;
      return report;
    },
    totals: () => ({ attacks: totals, requests, errors }),
  };
}
