import { type ConcurrencyDeclaration, parseDuration } from '@orrery/protocol';
import type { CallFacts } from '../types.ts';
import { matches, partOf } from './limits.ts';

export type PlaceAnswer =
  | { ok: true; release(): void }
  | { ok: false; reason: 'concurrency'; detail: string; retryAfterMs: number };
export type Places = {
  /** Waits for a place in every limit that the call is about. */
  take(call: CallFacts, signal?: AbortSignal): Promise<PlaceAnswer>;
  /** Calls that wait now. */
  waiting(): number;
};

type Waiter = { give(): void };
type Pool = { taken: number; waiting: number; queues: Map<string, Waiter[]> };

const FREE: PlaceAnswer = { ok: true, release: () => undefined };

/**
 * How many calls may be under way at once. Those that wait are served one of each key in turn, so that a key with a thousand calls keeps
 * nobody else from the next place. Limits are taken in the order in which they are declared: no two calls can wait for each other.
 */
export function createPlaces(limits: () => readonly ConcurrencyDeclaration[]): Places {
  const pools = new Map<string, Pool>();

  function next(name: string, pool: Pool): void {
    const [first] = pool.queues;
    const waiter = first?.[1].shift();
    if (!first || !waiter) {
      pool.taken -= 1;
      if (pool.taken === 0) pools.delete(name);
      return;
    }
    const [key, queue] = first;
    // To the back: the other keys come first now.
    pool.queues.delete(key);
    if (queue.length > 0) pool.queues.set(key, queue);
    pool.waiting -= 1;
    waiter.give();
  }

  function wait(pool: Pool, limit: ConcurrencyDeclaration, key: string, signal?: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const queue = pool.queues.get(key) ?? [];
    const leave = () => {
      const at = queue.indexOf(waiter);
      if (at === -1) return;
      queue.splice(at, 1);
      pool.waiting -= 1;
      if (queue.length === 0 && pool.queues.get(key) === queue) pool.queues.delete(key);
      resolve(false);
    };
    const timer = setTimeout(leave, parseDuration(limit.wait) ?? 0);
    signal?.addEventListener('abort', leave, { once: true });
    const waiter: Waiter = { give: () => resolve(true) };
    queue.push(waiter);
    pool.queues.set(key, queue);
    pool.waiting += 1;
    return promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    });
  }

  /** One place in one limit; undefined: there was none in time. */
  async function takeOne(limit: ConcurrencyDeclaration, call: CallFacts, signal?: AbortSignal) {
    const each = limit.each === undefined ? '' : (partOf(call, limit.each) ?? '');
    const name = `${limit.name}/${each}`;
    const pool = pools.get(name) ?? { taken: 0, waiting: 0, queues: new Map() };
    pools.set(name, pool);
    if (pool.taken < limit.atOnce && pool.waiting === 0) pool.taken += 1;
    else if (pool.waiting >= limit.queue || signal?.aborted) return undefined;
    else if (!(await wait(pool, limit, call.key ?? call.caller.id, signal))) return undefined;
    return () => next(name, pool);
  }

  return {
    async take(call, signal) {
      const about = limits().filter((limit) => matches(limit.match, call));
      if (about.length === 0) return FREE;
      const releases: (() => void)[] = [];
      const release = () => {
        for (const one of releases.splice(0).reverse()) one();
      };
      for (const limit of about) {
        const one = await takeOne(limit, call, signal);
        if (one === undefined) {
          release();
          const detail = `The limit "${limit.name}" allows ${limit.atOnce} calls at once, and no place came free within ${limit.wait}.`;
          return { ok: false, reason: 'concurrency', detail, retryAfterMs: 1000 };
        }
        releases.push(one);
      }
      return { ok: true, release };
    },
    waiting: () => [...pools.values()].reduce((sum, { waiting }) => sum + waiting, 0),
  };
}
