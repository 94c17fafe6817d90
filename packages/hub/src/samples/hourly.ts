import { foldSteps, type ReadDeps } from './query.ts';
import { readSeries } from './read.ts';
import { HOUR } from './tables.ts';

/** The mean of each hour that begins in [from, to] (epoch ms), by series: [start, value], oldest first. */
export async function hourlyMeans(
  deps: ReadDeps,
  ids: readonly number[],
  from: number,
  to: number,
): Promise<Map<number, [start: number, value: number][]>> {
  const contents = await readSeries(
    deps.db,
    ids,
    { from, to },
    { resolution: 'hour', stat: 'avg', rawFrom: deps.clock.now() - deps.rawRetentionMs() },
  );
  return new Map([...contents].map(([id, content]) => [id, foldSteps(content, HOUR, 'avg')]));
}
