import type { Forecast, ForecastCrossing, ForecastDetail } from '@orrery/protocol';
import { authorize, type Caller, inProjects, sees } from '../../access/index.ts';
import { type Clock, iso } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import type { Samples } from '../../samples/index.ts';
import type { Threshold } from '../facts.ts';
import type { Watched } from '../gather.ts';
import { crossingOf, isSpokenOf } from './crossing.ts';
import { limitsOf } from './facts.ts';
import { HOUR, LEVEL } from './outcome.ts';
import { choiceOf, type ForecastRow, type ForecastTables, readPath } from './tables.ts';

export type ListDeps = {
  db: Db;
  clock: Clock;
  samples: Pick<Samples, 'hourly'>;
  watched: () => ReadonlyMap<string, Watched>;
  /** The series that will cross a limit. */
  crossing: () => Promise<readonly number[]>;
};
export type ForecastFilter = {
  project?: string | undefined;
  metric?: string | undefined;
  /** Only those that will cross a limit. */
  crossing?: boolean | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
};

/** A week of what was measured stands before the three days ahead. */
const SHOWN_MS = 7 * 24 * HOUR;

/** What is forecast in the projects that the caller sees, in the order in which the series came to be known. */
export async function listForecasts(
  deps: ListDeps,
  caller: Caller,
  { project, metric, crossing, limit = 100, cursor }: ForecastFilter,
): Promise<{ items: Forecast[]; nextCursor?: string }> {
  authorize(caller, 'ops:view', project);
  let query = deps.db
    .withTables<ForecastTables>()
    .selectFrom('forecasts')
    .selectAll()
    .where(inProjects(caller, 'project'))
    .orderBy('series_id')
    .limit(limit + 1);
  if (project !== undefined) query = query.where('project', '=', project);
  if (metric !== undefined) query = query.where('key', '=', metric);
  if (crossing) {
    const ids = await deps.crossing();
    if (ids.length === 0) return { items: [] };
    query = query.where('series_id', 'in', ids);
  }
  if (cursor !== undefined) query = query.where('series_id', '>', Number(cursor));
  const rows = await query.execute();
  const items = rows.slice(0, limit).map((row) => toForecast(row, deps));
  const last = items.at(-1);
  return { items, ...(rows.length > limit && last ? { nextCursor: last.id } : {}) };
}

/** One series with its hours; `not_found` for one that the caller does not see. */
export async function getForecast(deps: ListDeps, caller: Caller, id: string): Promise<ForecastDetail> {
  authorize(caller, 'ops:view');
  const row = await deps.db
    .withTables<ForecastTables>()
    .selectFrom('forecasts')
    .selectAll()
    .where('series_id', '=', Number(id))
    .executeTakeFirst();
  if (!row || !sees(caller, row.project)) throw new HubError('not_found', `No forecast "${id}".`);
  const path = readPath(row);
  const until = row.data_until ?? deps.clock.now();
  const hours = await deps.samples.hourly([row.series_id], until - SHOWN_MS, until - 1);
  return {
    ...toForecast(row, deps),
    thresholds: limitsOf(deps.watched().get(row.project), seriesOf(row)).map(shownLimit),
    measured: (hours.get(row.series_id) ?? []).map(([at, value]) => [iso(at), value]),
    points: (path?.point ?? []).map((value, hour) => ({
      at: iso(until + hour * HOUR),
      value,
      lower: path?.lower[hour] ?? value,
      upper: path?.upper[hour] ?? value,
    })),
  };
}

const seriesOf = ({ key, service }: ForecastRow) => ({ key, ...(service === '' ? {} : { service }) });

const shownLimit = ({ above, below, severity }: Threshold) => ({
  ...(above === undefined ? {} : { above }),
  ...(below === undefined ? {} : { below }),
  severity,
});

function toForecast(row: ForecastRow, { clock, watched }: Pick<ListDeps, 'clock' | 'watched'>): Forecast {
  const choice = choiceOf(row);
  const path = readPath(row);
  const score = choice?.scores.find(({ method }) => method === choice.method);
  const [last, expected] = [path?.recent.at(-1), path?.point.at(-1)];
  return {
    id: row.series_id.toFixed(),
    project: row.project,
    ...(row.service === '' ? {} : { service: row.service }),
    metric: row.key,
    ...(row.tags === '{}' ? {} : { tags: JSON.parse(row.tags) as Record<string, string> }),
    ...(row.unit === null ? {} : { unit: row.unit }),
    state: row.state,
    ...(row.reason === null ? {} : { reason: row.reason }),
    triedAt: iso(row.tried_at),
    ...(row.made_at === null ? {} : { madeAt: iso(row.made_at) }),
    ...(row.data_until === null ? {} : { dataUntil: iso(row.data_until) }),
    periods: choice?.periods ?? [],
    scores: choice?.scores ?? [],
    level: LEVEL,
    ...(choice ? { method: choice.method, coverage: choice.coverage, origins: choice.origins } : {}),
    ...(score ? { mase: score.mase, smape: score.smape } : {}),
    ...(row.chosen_at === null ? {} : { backtestAt: iso(row.chosen_at) }),
    ...(last === undefined ? {} : { last }),
    ...(expected === undefined ? {} : { expected }),
    ...(path ? { outline: { values: [...path.recent, ...path.point], measured: path.recent.length } } : {}),
    limits: limitsOf(watched().get(row.project), seriesOf(row)).length,
    crossings: crossingsOf(row, watched().get(row.project), clock.now()),
  };
}

/** What it comes to beyond which limit, the soonest first. */
function crossingsOf(row: ForecastRow, watched: Watched | undefined, now: number): ForecastCrossing[] {
  const choice = choiceOf(row);
  const path = readPath(row);
  const until = row.data_until;
  if (!choice || !path || until === null) return [];
  return limitsOf(watched, seriesOf(row))
    .flatMap((threshold): ForecastCrossing[] => {
      const crossing = crossingOf(path, choice, threshold, until);
      if (!crossing || !isSpokenOf(crossing)) return [];
      return [
        {
          threshold: shownLimit(threshold),
          at: iso(crossing.at),
          earliestAt: iso(crossing.earliestAt),
          inHours: Math.max(0, Math.round((crossing.at - now) / HOUR)),
          confidence: crossing.confidence,
        },
      ];
    })
    .sort((a, b) => a.inHours - b.inHours);
}
