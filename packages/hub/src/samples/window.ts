import type { Db } from '../platform/db.ts';
import type { Point } from './bucket.ts';
import { findSeries, type SeriesInfo } from './find.ts';
import type { ReadDeps } from './query.ts';
import { readSeries } from './read.ts';

export type WindowInput = { project: string; key: string; service?: string; from: number; to: number };

/** The samples themselves of every series of a key over [from, to], oldest first: what a detector looks back on. */
export async function window(deps: ReadDeps, input: WindowInput): Promise<{ series: SeriesInfo; points: Point[] }[]> {
  const { project, key, service, from, to } = input;
  const filter = { projects: [project], keys: [key], kind: 'number' as const };
  const series = await findSeries(deps.db, service === undefined ? filter : { ...filter, service }, 100);
  const contents = await windowOf(
    deps,
    series.map((s) => s.id),
    from,
    to,
  );
  return series.map((info) => ({ series: info, points: contents.get(info.id) ?? [] }));
}

/** The same for series that are known already, by id. */
export async function windowOf(
  deps: ReadDeps & { db: Db },
  ids: readonly number[],
  from: number,
  to: number,
): Promise<Map<number, Point[]>> {
  const contents = await readSeries(
    deps.db,
    ids,
    { from, to },
    {
      resolution: 'raw',
      stat: 'avg',
      rawFrom: deps.clock.now() - deps.rawRetentionMs(),
    },
  );
  return new Map([...contents].map(([id, { points }]) => [id, points]));
}
