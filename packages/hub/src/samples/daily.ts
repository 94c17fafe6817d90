import type { Db } from '../platform/db.ts';
import { findSeries } from './find.ts';
import { foldSteps, type ReadDeps } from './query.ts';
import { readSeries } from './read.ts';
import { DAY, floorTo } from './tables.ts';

/** The mean of a key on each day (UTC) since `from`, by `project/service`; a day without samples is absent. Days are epoch ms. */
export async function dailyMeans(
  deps: ReadDeps & { db: Db },
  { projects, key, from }: { projects: readonly string[]; key: string; from: number },
): Promise<Map<string, Map<number, number>>> {
  const series = await findSeries(deps.db, { projects, keys: [key], kind: 'number' }, 5000);
  const now = deps.clock.now();
  const contents = await readSeries(
    deps.db,
    series.map(({ id }) => id),
    { from: floorTo(from, DAY), to: now },
    { resolution: 'hour', stat: 'avg', rawFrom: now - deps.rawRetentionMs() },
  );
  const means = new Map<string, Map<number, number>>();
  for (const [name, own] of Map.groupBy(series, (info) => `${info.project}/${info.service ?? ''}`)) {
    const parts = own.flatMap(({ id }) => contents.get(id) ?? []);
    const whole = { points: parts.flatMap((part) => part.points), buckets: parts.flatMap((part) => part.buckets) };
    means.set(name, new Map(foldSteps(whole, DAY, 'avg')));
  }
  return means;
}
