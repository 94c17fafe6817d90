import type { TierMap } from '@orrery/protocol';
import { CompiledQuery } from 'kysely';
import { type Db, inTransaction } from '../platform/db.ts';
import { type IncomingSample, refuseValue } from './accept.ts';
import type { Refusal } from './limits.ts';
import { withPlatform } from './platform.ts';
import type { createSeriesIndex } from './series.ts';
import type { SamplesTables } from './tables.ts';

export type OnStored = (project: string, samples: readonly IncomingSample[], receivedAt: number) => void;
export type Appended = { stored: number; refused: Partial<Record<Refusal, number>> };

type Row = SamplesTables['samples'];
type TextRow = { series_id: number; at: number; value: string };

/** Rows of one statement: few shapes, so that each stays prepared. */
const SHAPES = [512, 64, 8, 1] as const;

/** Compiles the insert of `rows` rows once; later runs only bind their values. */
function compileInsert(db: Db, rows: number): string {
  const values = Array.from({ length: rows }, () => ({ series_id: 0, at: 0, value: 0, received_at: 0 }));
  return db
    .withTables<SamplesTables>()
    .insertInto('samples')
    .values(values)
    .onConflict((conflict) =>
      conflict.columns(['series_id', 'at']).doUpdateSet(({ ref }) => ({
        value: ref('excluded.value'),
        received_at: ref('excluded.received_at'),
      })),
    )
    .compile().sql;
}

export function createAppend(deps: {
  db: Db;
  series: ReturnType<typeof createSeriesIndex>;
  rawRetentionMs: () => number;
  tiers: () => TierMap;
  onStored?: OnStored | undefined;
}) {
  const statements = new Map<number, string>();
  const statementFor = (rows: number): string => {
    const text = statements.get(rows) ?? compileInsert(deps.db, rows);
    statements.set(rows, text);
    return text;
  };

  async function insertNumbers(trx: Db, rows: readonly Row[]): Promise<void> {
    let from = 0;
    for (const shape of SHAPES)
      for (; rows.length - from >= shape; from += shape) {
        const values: number[] = [];
        for (let i = from; i < from + shape; i++) {
          const row = rows[i] as Row;
          values.push(row.series_id, row.at, row.value, row.received_at);
        }
        await trx.executeQuery(CompiledQuery.raw(statementFor(shape), values));
      }
  }

  /**
   * Stores one project's samples inside `db` when that is a transaction (its commit is the acknowledgement), else in one of its own.
   * The same point twice is one point, the last value wins. What cannot be stored is counted by reason; `receivedAt` is epoch ms.
   */
  return async function append(
    db: Db,
    project: string,
    samples: readonly IncomingSample[],
    receivedAt: number,
  ): Promise<Appended> {
    if (!db.isTransaction) return inTransaction(db, (trx) => append(trx, project, samples, receivedAt));
    const result: Appended = { stored: 0, refused: {} };
    const refuse = (reason: Refusal) => {
      result.refused[reason] = (result.refused[reason] ?? 0) + 1;
    };
    const rawMs = deps.rawRetentionMs();
    const sound = withPlatform(samples, deps.tiers()).filter((sample) => {
      const refusal = refuseValue(sample, receivedAt, rawMs);
      if (refusal) refuse(refusal);
      return refusal === undefined;
    });
    if (sound.length === 0) return result;
    const targets = await deps.series.resolve(db, project, sound, receivedAt);
    const numbers: Row[] = [];
    const texts: TextRow[] = [];
    const stored: IncomingSample[] = [];
    for (const [i, sample] of sound.entries()) {
      const { value, at } = sample;
      const target = targets[i];
      if (!target) continue;
      if ('refusal' in target) {
        refuse(target.refusal);
        continue;
      }
      result.stored++;
      stored.push(sample);
      const when = Math.trunc(at ?? receivedAt);
      if (typeof value === 'number') numbers.push({ series_id: target.id, at: when, value, received_at: receivedAt });
      else texts.push({ series_id: target.id, at: when, value });
    }
    await insertNumbers(db, lastOfEach(numbers));
    if (texts.length > 0) await insertTexts(db, lastOfEach(texts));
    deps.onStored?.(project, stored, receivedAt);
    return result;
  };
}

/** Rows in key order, the last one of each (series, time): one statement may not touch a row twice, and writers that meet lock in one order. */
function lastOfEach<T extends { series_id: number; at: number }>(rows: T[]): T[] {
  if (rows.length < 2) return rows;
  // The sort is stable: of equal keys the one that came last stays last.
  rows.sort((a, b) => a.series_id - b.series_id || a.at - b.at);
  return rows.filter((row, i) => {
    const next = rows[i + 1];
    return !next || next.series_id !== row.series_id || next.at !== row.at;
  });
}

/** What becomes of the newest run of a series with one more text: it goes on, a new one begins, or a late text splits it in two. */
function runsWith(run: SamplesTables['texts'] | undefined, row: TextRow): SamplesTables['texts'][] {
  const own = { ...row, until: row.at };
  if (!run || row.at < run.at) return [own];
  if (row.value === run.value) return [{ ...run, until: Math.max(run.until, row.at) }];
  if (row.at >= run.until) return [own];
  return [...(row.at > run.at ? [{ ...run, until: row.at - 1 }] : []), own, { ...run, at: run.until }];
}

/** Text is kept run by run: a value that repeats only moves the end of its run. */
async function insertTexts(trx: Db, rows: readonly TextRow[]): Promise<void> {
  const tables = trx.withTables<SamplesTables>();
  const ids = [...new Set(rows.map((row) => row.series_id))];
  const newest = new Map<number, SamplesTables['texts']>();
  for (let from = 0; from < ids.length; from += 500) {
    const runs = await tables
      .selectFrom('texts as t')
      .selectAll('t')
      .where('t.series_id', 'in', ids.slice(from, from + 500))
      .where('t.at', '=', ({ selectFrom }) =>
        selectFrom('texts as m')
          .select(({ fn }) => fn.max('m.at').as('at'))
          .whereRef('m.series_id', '=', 't.series_id'),
      )
      .execute();
    for (const run of runs) newest.set(run.series_id, run);
  }
  const changed = new Map<string, SamplesTables['texts']>();
  for (const row of rows)
    for (const run of runsWith(newest.get(row.series_id), row)) {
      changed.set(`${run.series_id} ${run.at}`, run);
      if (run.at >= (newest.get(run.series_id)?.at ?? run.at)) newest.set(run.series_id, run);
    }
  const values = [...changed.values()];
  for (let from = 0; from < values.length; from += 500)
    await tables
      .insertInto('texts')
      .values(values.slice(from, from + 500))
      .onConflict((conflict) =>
        conflict.columns(['series_id', 'at']).doUpdateSet(({ ref }) => ({
          value: ref('excluded.value'),
          until: ref('excluded.until'),
        })),
      )
      .execute();
}
