import { authorize, type Caller, visibleProjects } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import type { Stat } from './bucket.ts';
import { findSeries } from './find.ts';
import { checkRange, resolutionFor, stepFor, wholeSteps } from './plan.ts';
import { foldSteps, type ReadDeps } from './query.ts';
import { readSeries } from './read.ts';
import { HOUR } from './tables.ts';

export type SparklinesInput = { key: string; from?: number; to?: number; points?: number; stat?: Stat };
export type Sparklines = { items: { project: string; unit?: string; points: [at: string, value: number][] }[] };

/** Projects beyond this many get no sparkline: an overview draws no more. */
const MAX_SERIES = 2000;

/** One small line for each visible project: all its series of one key together, in `points` steps or a few less. */
export async function sparklines(deps: ReadDeps, caller: Caller, input: SparklinesInput): Promise<Sparklines> {
  authorize(caller, 'ops:view');
  const visible = visibleProjects(caller);
  const now = deps.clock.now();
  const to = input.to ?? now;
  const range = { from: input.from ?? to - HOUR, to };
  checkRange(range, undefined);
  const step = stepFor(range, input.points ?? 30);
  const stat = input.stat ?? 'avg';
  const series = await findSeries(
    deps.db,
    { keys: [input.key], kind: 'number', ...(visible === 'all' ? {} : { projects: visible }) },
    MAX_SERIES,
  );
  const contents = await readSeries(
    deps.db,
    series.map((s) => s.id),
    wholeSteps(range, step),
    { resolution: resolutionFor(step), stat, rawFrom: now - deps.rawRetentionMs() },
  );
  const byProject = Map.groupBy(series, (s) => s.project);
  const items = [...byProject]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([project, own]) => {
      const parts = own.flatMap(({ id }) => contents.get(id) ?? []);
      const whole = { points: parts.flatMap((p) => p.points), buckets: parts.flatMap((p) => p.buckets) };
      const unit = own.find((s) => s.unit !== undefined)?.unit;
      return {
        project,
        ...(unit === undefined ? {} : { unit }),
        points: foldSteps(whole, step, stat).map(([at, value]): [string, number] => [iso(at), value]),
      };
    });
  return { items };
}
