import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import { decodeBuckets, decodePoints, encodeBuckets, encodePoints } from './block.ts';
import { addBucket, type Bucket, newBucket, type Point, toBuckets } from './bucket.ts';
import { BLOCK, type BlockKind, floorTo, HOUR, HOURS_SPAN, MINUTE, type SamplesTables } from './tables.ts';

/** An hour stays open this long after its end, for samples that arrive late. */
const GRACE_MS = 10 * MINUTE;
/** Series are spread over this many minutes after that, so that the work of an hour never comes in one lump. */
const SPREAD_MINUTES = 40;
const SERIES_PER_PAGE = 500;
/** One transaction holds the only writer of SQLite no longer than about this. */
const SLICE_MS = 15;

type Due = { id: number; oldest: number };

/** The end of the hours of a series that may be packed by now. */
const cutoffOf = (id: number, now: number): number =>
  floorTo(now - GRACE_MS - ((id * 7919) % SPREAD_MINUTES) * MINUTE, HOUR);

/**
 * Packs every hour that is over into blocks with its minute and hour buckets, and takes its rows out of `samples`. The rows that are left
 * are the work that is left: a late sample is simply such a row, and its hour is packed again with it. A series whose
 * stored block cannot be read is logged and left as it is. Returns the hours packed.
 */
export async function sealDue(deps: { db: Db; clock: Clock; log: Log }, signal?: AbortSignal): Promise<number> {
  const { db, clock, log } = deps;
  let sealed = 0;
  for (let after = -1; ; ) {
    const page = await oldestPerSeries(db, after);
    const last = page.at(-1);
    if (!last) return sealed;
    after = last.id;
    let queue = page.filter(({ id, oldest }) => oldest < cutoffOf(id, clock.now()));
    while (queue.length > 0) {
      if (signal?.aborted) return sealed;
      try {
        sealed += await sealSlice(deps, queue);
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        const { series, cause } = error;
        log.error({ err: cause, series }, 'a block of this series cannot be read: its samples wait unpacked');
        queue = queue.filter(({ id }) => id !== series);
      }
      await yieldToOthers();
    }
  }
}

/** Packs from the front of the queue until the slice is over; takes out the series that are done. Returns the hours packed. */
async function sealSlice({ db, clock }: { db: Db; clock: Clock }, queue: Due[]): Promise<number> {
  const { hours, series } = await inTransaction(db, async (trx) => {
    const began = performance.now();
    const done = { hours: 0, series: 0 };
    for (let due = queue[0]; due && performance.now() - began < SLICE_MS; due = queue[done.series]) {
      const more = await sealOldestHour(trx, due.id, cutoffOf(due.id, clock.now()), clock.now());
      done[more === 'done' ? 'series' : 'hours']++;
    }
    return done;
  });
  // Only now is it true: a transaction that fails has packed nothing.
  queue.splice(0, series);
  return hours;
}

/** What is stored of a series is damaged; the others are not concerned. */
class Unreadable extends Error {
  readonly series: number;
  constructor(series: number, cause: unknown) {
    super(`what is stored of series ${series} cannot be read`, { cause });
    this.series = series;
  }
}

function reading<T>(series: number, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw new Unreadable(series, error);
  }
}

/** The oldest row of each series, found by jumping through the key instead of reading it all. */
async function oldestPerSeries(db: Db, after: number): Promise<Due[]> {
  const { rows } = await sql<Due>`
    WITH RECURSIVE s(id) AS (
      SELECT min(series_id) FROM samples WHERE series_id > ${after}
      UNION ALL
      SELECT (SELECT min(series_id) FROM samples WHERE series_id > s.id) FROM s WHERE s.id IS NOT NULL
    )
    SELECT id, (SELECT min(at) FROM samples WHERE series_id = s.id) AS oldest
    FROM s WHERE id IS NOT NULL LIMIT ${sql.lit(SERIES_PER_PAGE)}`.execute(db);
  return rows;
}

async function sealOldestHour(trx: Db, id: number, cutoff: number, now: number): Promise<'done' | 'more'> {
  const tables = trx.withTables<SamplesTables>();
  const oldest = await tables
    .selectFrom('samples')
    .select('at')
    .where('series_id', '=', id)
    .orderBy('at')
    .limit(1)
    .executeTakeFirst();
  if (!oldest || oldest.at >= cutoff) return 'done';
  // Writing the series' row first makes two hubs that pack the same series take turns.
  const locked = await tables.updateTable('series').set({ active_at: now }).where('id', '=', id).executeTakeFirst();
  if (Number(locked.numUpdatedRows) === 0) {
    await tables.deleteFrom('samples').where('series_id', '=', id).execute();
    return 'done';
  }
  const start = floorTo(oldest.at, HOUR);
  // Taken out and read in one statement: a sample that comes in between is never taken unread.
  const fresh = await tables
    .deleteFrom('samples')
    .where('series_id', '=', id)
    .where('at', '>=', start)
    .where('at', '<', start + HOUR)
    .returning(['at', 'value'])
    .execute();
  const known = await tables
    .selectFrom('blocks')
    .select(['kind', 'data'])
    .where('series_id', '=', id)
    .where('start', '=', start)
    .where('kind', 'in', [BLOCK.raw, BLOCK.sparse])
    .executeTakeFirst();
  const points = mergePoints(known ? reading(id, () => decodePoints(start, known.data)) : [], fresh);
  const newest = points.at(-1);
  if (!newest) return 'more';
  const minutes = toBuckets(points, MINUTE, true);
  const sparse = minutes.length === points.length;
  await putBlock(trx, id, sparse ? BLOCK.sparse : BLOCK.raw, start, points.length, encodePoints(start, points));
  if (!sparse) {
    if (known?.kind === BLOCK.sparse)
      await tables
        .deleteFrom('blocks')
        .where('series_id', '=', id)
        .where('kind', '=', BLOCK.sparse)
        .where('start', '=', start)
        .execute();
    await putBlock(trx, id, BLOCK.minute, start, minutes.length, encodeBuckets(start, MINUTE, minutes));
  }
  await putHour(trx, id, start, minutes);
  await tables
    .updateTable('series')
    .set({ last_at: newest.at, last_value: newest.value })
    .where('id', '=', id)
    .where((where) => where.or([where('last_at', 'is', null), where('last_at', '<=', newest.at)]))
    .execute();
  return 'more';
}

/** Both in order of time; of two points at one time the fresh one stays. */
export function mergePoints(known: readonly Point[], fresh: readonly Point[]): Point[] {
  const byTime = new Map<number, number>();
  for (const { at, value } of known) byTime.set(at, value);
  for (const { at, value } of fresh) byTime.set(at, value);
  return [...byTime].map(([at, value]) => ({ at, value })).sort((a, b) => a.at - b.at);
}

async function putHour(trx: Db, id: number, start: number, minutes: readonly Bucket[]): Promise<void> {
  const hour = newBucket(start, true);
  for (const minute of minutes) addBucket(hour, minute);
  const tables = trx.withTables<SamplesTables>();
  const span = floorTo(start, HOURS_SPAN);
  const known = await tables
    .selectFrom('hours')
    .select('data')
    .where('series_id', '=', id)
    .where('start', '=', span)
    .executeTakeFirst();
  const stored = known ? reading(id, () => decodeBuckets(span, HOUR, known.data, 'all')) : [];
  const others = stored.filter((bucket) => bucket.start !== start);
  const data = encodeBuckets(
    span,
    HOUR,
    [...others, hour].sort((a, b) => a.start - b.start),
  );
  await tables
    .insertInto('hours')
    .values({ series_id: id, start: span, data })
    .onConflict((conflict) => conflict.columns(['series_id', 'start']).doUpdateSet({ data }))
    .execute();
}

async function putBlock(trx: Db, id: number, kind: BlockKind, start: number, points: number, data: Uint8Array) {
  await trx
    .withTables<SamplesTables>()
    .insertInto('blocks')
    .values({ series_id: id, kind, start, points, data })
    .onConflict((conflict) => conflict.columns(['series_id', 'kind', 'start']).doUpdateSet({ points, data }))
    .execute();
}
