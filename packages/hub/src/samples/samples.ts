import { DEFAULT_TIERS, type TierMap } from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import { createAppend, type OnStored } from './append.ts';
import { dailyMeans } from './daily.ts';
import { expireOld } from './expire.ts';
import { findLatest, findSeries, type LatestNumber, type SeriesInfo } from './find.ts';
import { hourlyMeans } from './hourly.ts';
import { keys } from './keys.ts';
import type { Retention } from './limits.ts';
import { createPast } from './past.ts';
import { type QueryInput, query } from './query.ts';
import { sealDue } from './seal.ts';
import { createSeriesIndex } from './series.ts';
import { type SparklinesInput, sparklines } from './sparklines.ts';
import { type WindowInput, window, windowOf } from './window.ts';

export type SamplesDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  /** Samples older than this are refused, milliseconds; read each time, since a reload may change it. */
  rawRetentionMs: () => number;
  /** Which platform a tier is; a reload may change it. */
  tiers?: () => TierMap;
  /** Told of samples as they are written, inside the transaction that may still be undone. */
  onStored?: OnStored;
  /** Whether a project exists; without it every name is taken for one. */
  projectExists?: (project: string) => Promise<boolean>;
};

/** More than a project may write to in a week. */
const MOST_SERIES = 5000;

export type Samples = ReturnType<typeof createSamples>;

/** The measured values of every project: append, query, roll up, expire. */
export function createSamples(deps: SamplesDeps) {
  const series = createSeriesIndex(deps);
  return {
    clock: deps.clock,
    append: createAppend({ ...deps, series, tiers: deps.tiers ?? (() => DEFAULT_TIERS) }),
    query: (caller: Caller, input: QueryInput) => query(deps, caller, input),
    sparklines: (caller: Caller, input: SparklinesInput) => sparklines(deps, caller, input),
    keys: (caller: Caller, project: string) => keys(deps, caller, project),

    /** The newest number of every series of these projects and keys (`*` at the end stands for any rest), in one query. */
    async latest(projects: readonly string[], keyNames: readonly string[]): Promise<LatestNumber[]> {
      const latest = await findLatest(deps.db, { projects, keys: keyNames, kind: 'number' });
      return latest.filter((series) => typeof series.value === 'number') as LatestNumber[];
    },
    /** What stood there at a moment of the past (epoch ms). */
    latestAt: createPast({ db: deps.db, now: deps.clock.now }),
    /** The number series of a project that were written to within `withinMs` (give or take a day). */
    seriesOf: (project: string, withinMs: number): Promise<SeriesInfo[]> =>
      findSeries(
        deps.db,
        { projects: [project], kind: 'number', activeSince: deps.clock.now() - withinMs },
        MOST_SERIES,
      ),
    /** The mean of each hour that begins in [from, to], by series: [start, value], oldest first. An hour without samples is absent. */
    hourly: (ids: readonly number[], from: number, to: number) => hourlyMeans(deps, ids, from, to),
    /** The same of every project's series that carry a tag. */
    async tagged(name: string, value: string): Promise<LatestNumber[]> {
      const latest = await findLatest(deps.db, { kind: 'number', tag: [name, value] });
      // LIKE knows no case in one of the engines.
      return latest.filter(
        ({ tags, value: last }) => tags?.[name] === value && typeof last === 'number',
      ) as LatestNumber[];
    },
    daily: (input: Parameters<typeof dailyMeans>[1]) => dailyMeans(deps, input),
    window: (input: WindowInput) => window(deps, input),
    windowOf: (ids: readonly number[], from: number, to: number) => windowOf(deps, ids, from, to),

    /** Packs the hours that are over and keeps their minute and hour buckets; returns how many hours were packed. */
    rollup: (signal?: AbortSignal) => sealDue(deps, signal),

    /** Packs what is due, then deletes what is older than its retention; returns how many blocks went. */
    async expire(retention: Retention, signal?: AbortSignal): Promise<number> {
      // A late sample must reach its hour before that hour is judged by its age.
      await sealDue(deps, signal);
      const deleted = await expireOld(deps, retention, signal);
      if (deleted > 0) deps.log.info({ blocks: deleted }, 'expired samples');
      return deleted;
    },
  };
}
