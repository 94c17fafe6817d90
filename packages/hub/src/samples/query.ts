import type { FedMetrics, Series } from '@orrery/protocol';
import { authorize, type Caller } from '../access/index.ts';
import { type Clock, iso } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { addBucket, addValue, type Bucket, needsSketch, newBucket, type Stat, statOf } from './bucket.ts';
import { findLatest, findSeries, type SeriesInfo } from './find.ts';
import { LIMITS } from './limits.ts';
import { checkRange, resolutionFor, stepFor, wholeSteps } from './plan.ts';
import { type Content, type Range, readSeries } from './read.ts';
import { BLOCK, floorTo, HOUR, type SamplesTables } from './tables.ts';

export type QueryInput = {
  project: string;
  /** Keys, or beginnings of keys that end with `*`; a default selection when absent. */
  keys?: readonly string[];
  service?: string;
  /** Epoch ms, both inclusive; the last hour when absent. */
  from?: number;
  to?: number;
  /** Milliseconds of one point. Absent: the samples themselves when they are few, else a step that suits a chart. */
  step?: number;
  stat?: Stat;
};
export type ReadDeps = {
  db: Db;
  clock: Clock;
  rawRetentionMs: () => number;
  /** Whether a project exists, so that an unknown one is not taken for one without samples. */
  projectExists?: (project: string) => Promise<boolean>;
};

/** One value for each step that holds a sample. */
export function foldSteps({ points, buckets }: Content, step: number, stat: Stat): [at: number, value: number][] {
  const byStep = new Map<number, Bucket>();
  const bucketAt = (at: number): Bucket => {
    const start = floorTo(at, step);
    const bucket = byStep.get(start) ?? newBucket(start, needsSketch(stat));
    byStep.set(start, bucket);
    return bucket;
  };
  for (const { at, value } of points) addValue(bucketAt(at), value);
  for (const bucket of buckets) addBucket(bucketAt(bucket.start), bucket);
  return [...byStep.values()].sort((a, b) => a.start - b.start).map((bucket) => [bucket.start, statOf(bucket, stat)]);
}

/** The samples of a project over a range, as `GET /api/fed/metrics/{project}` answers them. */
export async function query(deps: ReadDeps, caller: Caller, input: QueryInput): Promise<FedMetrics> {
  const { db, clock } = deps;
  const { project, service, stat } = input;
  authorize(caller, 'ops:view', project);
  if (deps.projectExists && !(await deps.projectExists(project)))
    throw new HubError('not_found', `No project "${project}".`);
  const now = clock.now();
  const to = input.to ?? now;
  const range: Range = { from: input.from ?? to - HOUR, to };
  checkRange(range, input.step);
  const series = input.keys
    ? await findSeries(
        db,
        {
          projects: [project],
          keys: input.keys,
          kind: 'number',
          ...(service === undefined ? {} : { service }),
        },
        LIMITS.seriesPerAnswer + 1,
      )
    : await defaultSeries(db, project, service, range.from);
  if (series.length > LIMITS.seriesPerAnswer) {
    const reason = `matches more than ${LIMITS.seriesPerAnswer} series; name a longer key or a service`;
    throw new HubError('invalid', `query.key: ${reason}`, { fields: [{ field: 'query.key', reason }] });
  }
  const ids = series.map((s) => s.id);
  const rawFrom = now - deps.rawRetentionMs();
  const own = input.step === undefined && stat === undefined && range.from >= rawFrom && (await areFew(db, ids, range));
  const step = own ? undefined : (input.step ?? stepFor(range));
  const contents = await readSeries(db, ids, step === undefined ? range : wholeSteps(range, step), {
    resolution: step === undefined ? 'raw' : resolutionFor(step),
    stat: stat ?? 'avg',
    rawFrom,
  });
  return {
    project,
    series: series.map((info) => {
      const content = contents.get(info.id) ?? { points: [], buckets: [] };
      const pairs = step === undefined ? asMeasured(content) : foldSteps(content, step, stat ?? 'avg');
      return { ...describe(info), points: pairs.map(([at, value]) => [iso(at), value]) };
    }),
  };
}

const describe = ({ key, unit, service, tags }: SeriesInfo): Omit<Series, 'points'> => ({
  key,
  ...(unit === undefined ? {} : { unit }),
  ...(service === undefined ? {} : { service }),
  ...(tags === undefined ? {} : { tags }),
});

function asMeasured({ points, buckets }: Content): [number, number][] {
  const all: [number, number][] = points.map(({ at, value }) => [at, value]);
  for (const bucket of buckets) all.push([bucket.start, statOf(bucket, 'avg')]);
  return all.sort((a, b) => a[0] - b[0]);
}

/** Whether no series has more samples in the range than one answer may hold. Whole blocks are counted: it errs towards steps. */
async function areFew(db: Db, ids: readonly number[], { from, to }: Range): Promise<boolean> {
  if (ids.length === 0) return true;
  const tables = db.withTables<SamplesTables>();
  const counts = new Map<number, number>();
  const open = await tables
    .selectFrom('samples')
    .select(['series_id', ({ fn }) => fn.countAll<number>().as('n')])
    .where('series_id', 'in', ids)
    .where('at', '>=', from)
    .where('at', '<=', to)
    .groupBy('series_id')
    .execute();
  const packed = await tables
    .selectFrom('blocks')
    .select(['series_id', ({ fn }) => fn.sum<number>('points').as('n')])
    .where('series_id', 'in', ids)
    .where('kind', 'in', [BLOCK.raw, BLOCK.sparse])
    .where('start', '>', from - HOUR)
    .where('start', '<=', to)
    .groupBy('series_id')
    .execute();
  for (const { series_id, n } of [...open, ...packed]) counts.set(series_id, (counts.get(series_id) ?? 0) + Number(n));
  return [...counts.values()].every((n) => n <= LIMITS.points);
}

/** What a page shows that asks for no key: latencies first, then the product's own metrics; series that went silent before the range are left out. */
async function defaultSeries(db: Db, project: string, service: string | undefined, from: number) {
  const all = await findLatest(db, {
    projects: [project],
    kind: 'number',
    ...(service === undefined ? {} : { service }),
  });
  const rank = ({ key, tags }: SeriesInfo) =>
    key === 'probe.latency_ms'
      ? 0
      : key.startsWith('probe.')
        ? 3
        : tags === undefined || key.startsWith('logs.')
          ? 1
          : 2;
  return all
    .filter((series) => series.at >= from)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, LIMITS.defaultSeries);
}
