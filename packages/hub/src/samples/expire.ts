import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { LIMITS, ordered, type Retention } from './limits.ts';
import { BLOCK, DAY, HOUR, HOURS_SPAN, type SamplesTables } from './tables.ts';

/** A raw hour outlives the youngest sample that may still be added to it. */
const MARGIN_MS = 2 * HOUR;
const SERIES_PER_SLICE = 50;

/** Deletes what is older than its retention, a few series at a time, and series that hold nothing any more. Returns the number of blocks deleted. */
export async function expireOld(
  deps: { db: Db; clock: Clock },
  retention: Retention,
  signal?: AbortSignal,
): Promise<number> {
  const { db, clock } = deps;
  let deleted = 0;
  for (let after = -1; !signal?.aborted; ) {
    const page = await db
      .withTables<SamplesTables>()
      .selectFrom('series')
      .select('id')
      .where('id', '>', after)
      .orderBy('id')
      .limit(SERIES_PER_SLICE)
      .execute();
    const last = page.at(-1);
    if (!last) break;
    after = last.id;
    const ids = page.map((row) => row.id);
    deleted += await inTransaction(db, (trx) => expireSeries(trx, ids, clock.now(), ordered(retention)));
    await yieldToOthers();
  }
  return deleted;
}

async function expireSeries(trx: Db, ids: number[], now: number, retention: Retention): Promise<number> {
  const tables = trx.withTables<SamplesTables>();
  let deleted = 0;
  // A block goes when its last moment is too old, so its start must be older by its own length.
  for (const [kind, before] of [
    [BLOCK.raw, now - retention.raw - MARGIN_MS - HOUR],
    [BLOCK.minute, now - retention.minute - MARGIN_MS - HOUR],
    [BLOCK.sparse, now - retention.minute - MARGIN_MS - HOUR],
  ] as const) {
    const result = await tables
      .deleteFrom('blocks')
      .where('series_id', 'in', ids)
      .where('kind', '=', kind)
      .where('start', '<', before)
      .executeTakeFirst();
    deleted += Number(result.numDeletedRows);
  }
  const hours = await tables
    .deleteFrom('hours')
    .where('series_id', 'in', ids)
    .where('start', '<', now - retention.hour - HOURS_SPAN)
    .executeTakeFirst();
  deleted += Number(hours.numDeletedRows);
  await expireTexts(trx, ids, now - retention.raw);
  await tables
    .deleteFrom('series')
    .where('id', 'in', ids)
    .where('active_at', '<', now - DAY)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('blocks').select('start').whereRef('blocks.series_id', '=', 'series.id'))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('hours').select('start').whereRef('hours.series_id', '=', 'series.id'))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('samples').select('at').whereRef('samples.series_id', '=', 'series.id'))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('texts').select('at').whereRef('texts.series_id', '=', 'series.id'))),
    )
    .execute();
  return deleted;
}

/** Old runs go, and all but the newest of a text that changes all the time. */
async function expireTexts(trx: Db, ids: number[], cutoff: number): Promise<void> {
  const tables = trx.withTables<SamplesTables>();
  await tables.deleteFrom('texts').where('series_id', 'in', ids).where('until', '<', cutoff).execute();
  await tables
    .deleteFrom('texts')
    .where('series_id', 'in', ids)
    .where('at', '<=', ({ selectFrom }) =>
      selectFrom('texts as newer')
        .select('newer.at')
        .whereRef('newer.series_id', '=', 'texts.series_id')
        .orderBy('newer.at', 'desc')
        .limit(1)
        .offset(LIMITS.textRuns),
    )
    .execute();
}
