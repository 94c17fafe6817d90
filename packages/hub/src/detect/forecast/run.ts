import type { Clock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import type { Log } from '../../platform/log.ts';
import type { Samples, SeriesInfo } from '../../samples/index.ts';
import type { Watched } from '../gather.ts';
import type { Crew } from './crew.ts';
import { historyOf } from './hourly.ts';
import { HOUR, type Outcome } from './outcome.ts';
import { choiceOf, type ForecastRow, type ForecastTables } from './tables.ts';
import { wantedOf } from './wanted.ts';

export type RunDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  samples: Pick<Samples, 'seriesOf' | 'hourly'>;
  watched: () => ReadonlyMap<string, Watched>;
  crew: Crew;
};

/** More than this are not forecast: an hour must be enough for all. */
const MOST_SERIES = 2000;
/** Histories read at once: decoding more of them would hold up everything else. */
const BATCH = 10;
/** One hour more than is kept, so that a gap at its beginning is seen. */
const BACK_MS = 29 * 24 * HOUR;
/** The forecasters are tried anew once a day. */
const CHOICE_HOLDS_MS = 23.5 * HOUR;
const RECENT_HOURS = 48;
/** A series that nobody has written to for longer is no series any more. */
const LIVES_MS = 8 * 24 * HOUR;

type Known = Pick<ForecastRow, 'series_id' | 'tried_at'>;

/** Each series has its own moment of the hour, so that they do not all come at once. */
const momentOf = (id: number): number => (Math.imul(id, 0x9e3779b1) >>> 0) % HOUR;

/** Whether the series' moment has come since it was last tried. */
export function isDue({ id, triedAt }: { id: number; triedAt: number | undefined }, now: number): boolean {
  if (triedAt === undefined) return true;
  const moment = Math.floor(now / HOUR) * HOUR + momentOf(id);
  // After the hub's clock was set back, what was tried in the future is tried again.
  return triedAt > now || triedAt < (moment <= now ? moment : moment - HOUR);
}

/** Forecasts every series whose turn it is, and forgets those that are wanted no more; returns how many were tried. */
export async function runDue(deps: RunDeps, signal?: AbortSignal): Promise<number> {
  const { db, clock, log, samples, watched, crew } = deps;
  const tables = db.withTables<ForecastTables>();
  const wanted: SeriesInfo[] = [];
  for (const [slug, project] of watched()) wanted.push(...wantedOf(await samples.seriesOf(slug, LIVES_MS), project));
  if (wanted.length > MOST_SERIES)
    log.warn({ wanted: wanted.length, forecast: MOST_SERIES }, 'too many series to forecast; the newest are left out');
  const chosen = wanted.sort((a, b) => a.id - b.id).slice(0, MOST_SERIES);
  const known: Known[] = await tables.selectFrom('forecasts').select(['series_id', 'tried_at']).execute();
  await forget(db, known, new Set(chosen.map(({ id }) => id)));
  const triedAt = new Map(known.map((row) => [row.series_id, row.tried_at]));
  const due = chosen
    .filter(({ id }) => isDue({ id, triedAt: triedAt.get(id) }, clock.now()))
    .sort((a, b) => (triedAt.get(a.id) ?? 0) - (triedAt.get(b.id) ?? 0));
  let tried = 0;
  try {
    for (let from = 0; from < due.length && !signal?.aborted; from += BATCH) {
      const batch = due.slice(from, from + BATCH);
      const now = clock.now();
      const hour = Math.floor(now / HOUR) * HOUR;
      const hours = await samples.hourly(
        batch.map(({ id }) => id),
        hour - BACK_MS,
        hour - 1,
      );
      const earlier = await tables
        .selectFrom('forecasts')
        .select(['series_id', 'chosen_at', 'choice'])
        .where(
          'series_id',
          'in',
          batch.map(({ id }) => id),
        )
        .where('chosen_at', '>', now - CHOICE_HOLDS_MS)
        .where('chosen_at', '<=', now)
        .execute();
      const choices = new Map(earlier.map((row) => [row.series_id, row]));
      for (const series of batch) {
        if (signal?.aborted) break;
        await one(deps, series, hours.get(series.id) ?? [], choices.get(series.id), now);
        tried += 1;
      }
    }
  } finally {
    // Its memory is not needed until the next turn.
    await crew.rest();
  }
  return tried;
}

async function one(
  { db, crew, log }: RunDeps,
  series: SeriesInfo,
  hours: readonly (readonly [number, number])[],
  earlier: Pick<ForecastRow, 'choice' | 'chosen_at'> | undefined,
  now: number,
): Promise<void> {
  const history = historyOf(hours, now);
  if (typeof history === 'string') {
    await save(db, series, now, { state: 'not_enough_data', reason: history });
    return;
  }
  let outcome: Outcome;
  try {
    outcome = await crew.reckon({ history: history.values, earlier: earlier && choiceOf(earlier) });
  } catch (error) {
    log.warn(
      { err: error, project: series.project, metric: series.key },
      'a forecast failed; the next hour tries again',
    );
    await save(db, series, now, { state: 'failed', reason: error instanceof Error ? error.message : String(error) });
    return;
  }
  if (outcome.state !== 'ready') {
    await save(db, series, now, outcome);
    return;
  }
  const { choice, point, lower, upper } = outcome;
  const recent = [...history.values.slice(-RECENT_HOURS)];
  await save(db, series, now, {
    state: 'ready',
    reason: null,
    made_at: now,
    data_until: history.until,
    chosen_at: earlier?.chosen_at ?? now,
    choice: JSON.stringify(choice, short),
    path: JSON.stringify({ point, lower, upper, recent }, short),
  });
}

/** Nine digits say as much of a measured value as anybody can read. */
const short = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(9)) : value;

type Saved = Pick<ForecastRow, 'state' | 'reason'> & Partial<ForecastRow>;

async function save(db: Db, series: SeriesInfo, now: number, saved: Saved): Promise<void> {
  const empty = { made_at: null, data_until: null, chosen_at: null, choice: null, path: null };
  const row: ForecastRow = {
    series_id: series.id,
    project: series.project,
    key: series.key,
    service: series.service ?? '',
    tags: JSON.stringify(series.tags ?? {}),
    unit: series.unit ?? null,
    tried_at: now,
    ...empty,
    ...saved,
  };
  const { made_at, data_until, chosen_at, choice, path, ...tried } = row;
  // The path of before outlives a try that failed.
  const change = saved.state === 'failed' ? tried : row;
  await db
    .withTables<ForecastTables>()
    .insertInto('forecasts')
    .values(row)
    .onConflict((conflict) => conflict.column('series_id').doUpdateSet(change))
    .execute();
}

async function forget(db: Db, known: readonly Known[], wanted: ReadonlySet<number>): Promise<void> {
  const gone = known.map(({ series_id }) => series_id).filter((id) => !wanted.has(id));
  for (let from = 0; from < gone.length; from += 500)
    await db
      .withTables<ForecastTables>()
      .deleteFrom('forecasts')
      .where('series_id', 'in', gone.slice(from, from + 500))
      .execute();
}
