import type { Clock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import type { ForecastFact, Threshold } from '../facts.ts';
import type { Watched } from '../gather.ts';
import { crossingOf, isSpokenOf } from './crossing.ts';
import { choiceOf, type ForecastRow, type ForecastTables, readPath } from './tables.ts';

/** Judging asks every few seconds: what another hub has forecast is known within a minute. */
const REREAD_MS = 60_000;
const ROWS = 200;

type Read = { madeAt: number; project: string; facts: ForecastFact[] };

/** The limits of a project that are about a series. */
export const limitsOf = (
  watched: Watched | undefined,
  series: { key: string; service?: string | undefined },
): readonly Threshold[] =>
  (watched?.thresholds ?? []).filter(
    ({ metric, service }) => metric === series.key && (service === undefined || service === series.service),
  );

/** What the stored forecasts say of declared limits, by project; each forecast is read once. */
export function createForecastFacts(deps: { db: Db; clock: Clock; watched: () => ReadonlyMap<string, Watched> }) {
  const read = new Map<number, Read>();
  let readAt = Number.NEGATIVE_INFINITY;

  async function refresh(): Promise<void> {
    const { db, clock } = deps;
    const tables = db.withTables<ForecastTables>();
    const stored = await tables
      .selectFrom('forecasts')
      .select(['series_id', 'made_at'])
      .where('path', 'is not', null)
      .execute();
    const ids = new Set(stored.map(({ series_id }) => series_id));
    for (const id of read.keys()) if (!ids.has(id)) read.delete(id);
    const fresh = stored.filter(({ series_id, made_at }) => read.get(series_id)?.madeAt !== made_at);
    for (let from = 0; from < fresh.length; from += ROWS) {
      const rows = await tables
        .selectFrom('forecasts')
        .selectAll()
        .where(
          'series_id',
          'in',
          fresh.slice(from, from + ROWS).map(({ series_id }) => series_id),
        )
        .execute();
      for (const row of rows)
        read.set(row.series_id, {
          madeAt: row.made_at ?? 0,
          project: row.project,
          facts: factsOf(row, deps.watched().get(row.project)),
        });
    }
    readAt = clock.monotonic();
  }

  const current = async () => {
    if (deps.clock.monotonic() - readAt >= REREAD_MS) await refresh();
  };

  return {
    /** What was read is forgotten: limits may have changed, or there are new forecasts. */
    forget(): void {
      read.clear();
      readAt = Number.NEGATIVE_INFINITY;
    },
    /** The series that will cross a limit, more likely than not. */
    async crossing(): Promise<number[]> {
      await current();
      return [...read].flatMap(([id, { facts }]) => (facts.some(({ crossing }) => isSpokenOf(crossing)) ? [id] : []));
    },
    async look(): Promise<ReadonlyMap<string, readonly ForecastFact[]>> {
      await current();
      const byProject = new Map<string, ForecastFact[]>();
      for (const { project, facts } of read.values())
        if (facts.length > 0) byProject.set(project, [...(byProject.get(project) ?? []), ...facts]);
      return byProject;
    },
  };
}

function factsOf(row: ForecastRow, watched: Watched | undefined): ForecastFact[] {
  const { key, unit, made_at: madeAt, data_until: until } = row;
  const choice = choiceOf(row);
  const path = readPath(row);
  if (!choice || !path || madeAt === null || until === null) return [];
  const service = row.service === '' ? undefined : row.service;
  return limitsOf(watched, { key, service }).flatMap((threshold): ForecastFact[] => {
    const crossing = crossingOf(path, choice, threshold, until);
    if (!crossing) return [];
    return [
      {
        ...{ threshold, key, madeAt, crossing },
        ...(service === undefined ? {} : { service }),
        ...(row.tags === '{}' ? {} : { tags: JSON.parse(row.tags) as Record<string, string> }),
        ...(unit === null ? {} : { unit }),
        last: path.recent.at(-1) ?? Number.NaN,
        method: choice.method,
        coverage: choice.coverage,
      },
    ];
  });
}
