import { CompiledQuery } from 'kysely';
import type { Db } from '../platform/db.ts';

/** Rows of one statement: few shapes, so that each is compiled once and stays prepared. */
const SHAPES = [128, 32, 8, 1] as const;

/** Writes any number of rows by statements of a few fixed sizes; `compile` gives the SQL for that many rows. For one database only: it keeps the SQL. */
export function createBulk<R>(compile: (db: Db, rows: number) => string, valuesOf: (row: R) => readonly unknown[]) {
  const statements = new Map<number, string>();
  return async (db: Db, rows: readonly R[]): Promise<void> => {
    let from = 0;
    for (const shape of SHAPES)
      for (; rows.length - from >= shape; from += shape) {
        const text = statements.get(shape) ?? compile(db, shape);
        statements.set(shape, text);
        await db.executeQuery(CompiledQuery.raw(text, rows.slice(from, from + shape).flatMap(valuesOf)));
      }
  };
}
