import { DDSketch } from '@datadog/sketches-js';
import { quantile } from './window.ts';

/** How full a pool of connections is. */
export type PoolState = { max: number; size: number; idle: number; waiting: number };

export type PoolSummary = PoolState & {
  pool: string;
  /** Clients asked for since the last report, and how long it took until they came. */
  asked: number;
  waitP95Ms: number;
};

export type Pools = {
  /** Watches a pool. The answer is called when a client is asked for; what it answers when the client came, or did not. */
  watch(name: string | undefined, read: () => PoolState): () => () => void;
  /** All pools added up as they are now; undefined where there is none. */
  now(): PoolState | undefined;
  /** Each pool with the most that waited since the last report. */
  take(): PoolSummary[];
};

const MAX_POOLS = 20;

type Watched = { pool: string; read: () => PoolState; asked: number; mostWaiting: number; waits: DDSketch };

export function createPools(now: () => number): Pools {
  const pools: Watched[] = [];
  return {
    watch(name, read) {
      const mine: Watched = {
        pool: name ?? (pools.length === 0 ? 'default' : `pool-${pools.length + 1}`),
        read,
        asked: 0,
        mostWaiting: 0,
        waits: new DDSketch(),
      };
      if (pools.length < MAX_POOLS) pools.push(mine);
      return () => {
        const since = now();
        mine.asked++;
        // This one may wait too; the pool counts it once it has been asked.
        mine.mostWaiting = Math.max(mine.mostWaiting, read().waiting);
        return () => {
          mine.mostWaiting = Math.max(mine.mostWaiting, read().waiting);
          mine.waits.accept(Math.max(now() - since, 0));
        };
      };
    },
    now() {
      if (pools.length === 0) return undefined;
      const sum: PoolState = { max: 0, size: 0, idle: 0, waiting: 0 };
      for (const { read } of pools) {
        const state = read();
        for (const key of ['max', 'size', 'idle', 'waiting'] as const) sum[key] += state[key];
      }
      return sum;
    },
    take: () =>
      pools.map((one) => {
        const state = one.read();
        const summary = {
          ...state,
          pool: one.pool,
          waiting: Math.max(one.mostWaiting, state.waiting),
          asked: one.asked,
          waitP95Ms: quantile(one.waits, 0.95) ?? 0,
        };
        Object.assign(one, { asked: 0, mostWaiting: 0, waits: new DDSketch() });
        return summary;
      }),
  };
}
