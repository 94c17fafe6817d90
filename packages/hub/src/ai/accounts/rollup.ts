import { sql } from 'kysely';
import { type Db, inTransaction } from '../../platform/db.ts';
import { addLatency, type LatencySketch, mergeLatencies } from './sketch.ts';
import type { AccountTables, UsageRow } from './tables.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** A call is written when it ends, under the time at which it began: none lasts longer. */
const LATE_MS = HOUR;

export type Figures = Omit<UsageRow, 'span' | 'start_at' | 'latencies'> & { latencies: LatencySketch };
const COUNTS = [
  'calls',
  'ok',
  'refused',
  'unpriced',
  'failovers',
  'cached',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cost_nano',
] as const;
export type Counts = (typeof COUNTS)[number];
const NAMES = ['tenant', 'project', 'key_id', 'intent', 'provider', 'model'] as const;

/** What calls of a span of time come to, by everything that they are told apart by. Equal latencies are counted by the database. */
export async function figuresOf(db: Db, from: number, to: number): Promise<Figures[]> {
  const rows = await db
    .withTables<AccountTables>()
    .selectFrom('ai_calls')
    .select((eb) => [
      sql<string>`coalesce(tenant, '')`.as('tenant'),
      sql<string>`coalesce(project, '')`.as('project'),
      sql<string>`coalesce(key_id, '')`.as('key_id'),
      'intent',
      sql<string>`coalesce(provider, '')`.as('provider'),
      sql<string>`coalesce(model, model_asked)`.as('model'),
      'latency_ms',
      sql<number>`case when outcome = 'refused' then 1 else 0 end`.as('is_refused'),
      eb.fn.countAll().as('calls'),
      sql<number>`sum(case when outcome = 'ok' then 1 else 0 end)`.as('ok'),
      sql<number>`sum(case when outcome = 'refused' then 1 else 0 end)`.as('refused'),
      sql<number>`sum(case when cost_nano is null then 1 else 0 end)`.as('unpriced'),
      sql<number>`sum(failovers)`.as('failovers'),
      sql<number>`sum(cached)`.as('cached'),
      sql<number>`sum(input_tokens)`.as('input_tokens'),
      sql<number>`sum(output_tokens)`.as('output_tokens'),
      sql<number>`sum(cache_read_tokens)`.as('cache_read_tokens'),
      sql<number>`coalesce(sum(cost_nano), 0)`.as('cost_nano'),
    ])
    .where('at', '>=', from)
    .where('at', '<', to)
    .groupBy([sql`1`, sql`2`, sql`3`, sql`4`, sql`5`, sql`6`, sql`7`, sql`8`])
    .execute();
  const groups = new Map<string, Figures>();
  for (const row of rows) {
    const group = groupIn(groups, row);
    for (const count of COUNTS) group[count] += Number(row[count]);
    // A refusal is no latency of a model's.
    if (row.is_refused === 0) addLatency(group.latencies, row.latency_ms, Number(row.calls));
  }
  return [...groups.values()];
}

function groupIn(groups: Map<string, Figures>, names: Pick<Figures, (typeof NAMES)[number]>): Figures {
  const key = JSON.stringify(NAMES.map((name) => names[name]));
  const known = groups.get(key);
  if (known) return known;
  const { tenant, project, key_id, intent, provider, model } = names;
  const counts = Object.fromEntries(COUNTS.map((count) => [count, 0])) as Record<Counts, number>;
  const made: Figures = { tenant, project, key_id, intent, provider, model, ...counts, latencies: new Map() };
  groups.set(key, made);
  return made;
}

/** Adds figures of one kind together. */
export function addFigures(into: Figures, from: Figures): void {
  for (const count of COUNTS) into[count] += from[count];
  mergeLatencies(into.latencies, from.latencies);
}

export const figuresFrom = (row: UsageRow): Figures => ({
  ...row,
  latencies: new Map(JSON.parse(row.latencies) as [number, number][]),
});

export async function storedFigures(
  db: Db,
  span: 'hour' | 'day',
  from: number,
  to: number,
): Promise<(Figures & { start_at: number })[]> {
  const rows = await db
    .withTables<AccountTables>()
    .selectFrom('ai_usage')
    .selectAll()
    .where('span', '=', span)
    .where('start_at', '>=', from)
    .where('start_at', '<', to)
    .execute();
  return rows.map((row) => ({ ...figuresFrom(row), start_at: row.start_at }));
}

/** Until when calls are added up; what is later is read from the calls themselves. */
export async function rolledUntil(db: Db, span: 'hour' | 'day'): Promise<number> {
  const row = await db
    .withTables<AccountTables>()
    .selectFrom('ai_rolled')
    .select('until_at')
    .where('span', '=', span)
    .executeTakeFirst();
  return row?.until_at ?? 0;
}

/** Adds up the hours that are over, and the days made of them. Running it again changes nothing. */
export async function rollUp(db: Db, now: number, signal?: AbortSignal): Promise<void> {
  const tables = db.withTables<AccountTables>();
  const first = await tables
    .selectFrom('ai_calls')
    .select((eb) => eb.fn.min('at').as('at'))
    .executeTakeFirst();
  if (first?.at == null) return;
  const hourEnd = floor(now - LATE_MS, HOUR);
  for (
    let start = Math.max(await rolledUntil(db, 'hour'), floor(first.at, HOUR));
    start < hourEnd && !signal?.aborted;
  ) {
    // Hours in which nothing happened are passed over.
    const next = await tables
      .selectFrom('ai_calls')
      .select((eb) => eb.fn.min('at').as('at'))
      .where('at', '>=', start)
      .executeTakeFirst();
    const from = Math.min(next?.at == null ? hourEnd : floor(next.at, HOUR), hourEnd);
    const figures = from < hourEnd ? await figuresOf(db, from, from + HOUR) : [];
    start = Math.min(from + HOUR, hourEnd);
    await store(db, 'hour', from, figures, start);
  }
  const dayEnd = floor(await rolledUntil(db, 'hour'), DAY);
  const firstHour = await tables
    .selectFrom('ai_usage')
    .select((eb) => eb.fn.min('start_at').as('at'))
    .where('span', '=', 'hour')
    .executeTakeFirst();
  if (firstHour?.at == null) return;
  for (
    let day = Math.max(await rolledUntil(db, 'day'), floor(firstHour.at, DAY));
    day < dayEnd && !signal?.aborted;
    day += DAY
  ) {
    const groups = new Map<string, Figures>();
    for (const hour of await storedFigures(db, 'hour', day, day + DAY)) addFigures(groupIn(groups, hour), hour);
    await store(db, 'day', day, [...groups.values()], day + DAY);
  }
}

export const floor = (at: number, size: number): number => at - (at % size);

async function store(
  db: Db,
  span: 'hour' | 'day',
  start: number,
  figures: readonly Figures[],
  until: number,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    const tables = trx.withTables<AccountTables>();
    await tables.deleteFrom('ai_usage').where('span', '=', span).where('start_at', '=', start).execute();
    for (const { latencies, ...rest } of figures)
      await tables
        .insertInto('ai_usage')
        .values({ ...pick(rest), span, start_at: start, latencies: JSON.stringify([...latencies]) })
        .execute();
    await tables
      .insertInto('ai_rolled')
      .values({ span, until_at: until })
      .onConflict((oc) => oc.column('span').doUpdateSet({ until_at: until }))
      .execute();
  });
}

function pick(figures: Omit<Figures, 'latencies'>): Omit<UsageRow, 'span' | 'start_at' | 'latencies'> {
  const { tenant, project, key_id, intent, provider, model } = figures;
  const counts = Object.fromEntries(COUNTS.map((count) => [count, figures[count]])) as Record<Counts, number>;
  return { tenant, project, key_id, intent, provider, model, ...counts };
}
