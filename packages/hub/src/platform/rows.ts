import { CompiledQuery } from 'kysely';
import type { Db, DbKind } from './db.ts';

/** SQLite takes 32,766 values in a statement, PostgreSQL 65,535; beyond some rows nothing is gained. */
const MOST_ROWS = 64;
/** Each number of rows is a statement that stays prepared: of wide tables they would be megabytes. */
const MOST_VALUES = 528;

/**
 * A way to write many rows of one table whose SQL is made once for each number of rows: the query builder's work would be most of the
 * cost of a row. `tail` is what stands after the values. Table, columns and tail are the programmer's words, never data.
 */
export function rowWriter<C extends string>(kind: DbKind, table: string, columns: readonly C[], tail = '') {
  const texts = new Map<number, string>();
  const most = Math.min(MOST_ROWS, Math.max(1, Math.floor(MOST_VALUES / columns.length)));
  function textFor(count: number): string {
    const known = texts.get(count);
    if (known !== undefined) return known;
    let n = 0;
    const row = () => `(${columns.map(() => (kind === 'postgres' ? `$${++n}` : '?')).join(',')})`;
    const text = `INSERT INTO ${table} (${columns.join(',')}) VALUES ${Array.from({ length: count }, row).join(',')} ${tail}`;
    texts.set(count, text);
    return text;
  }
  return async <R>(trx: Db, rows: readonly Readonly<Record<C, string | number | null>>[]): Promise<R[]> => {
    const answers: R[] = [];
    for (let i = 0; i < rows.length; i += most) {
      const part = rows.slice(i, i + most);
      const values: (string | number | null)[] = [];
      for (const row of part) for (const column of columns) values.push(row[column]);
      const { rows: given } = await trx.executeQuery<R>(CompiledQuery.raw(textFor(part.length), values));
      answers.push(...given);
    }
    return answers;
  };
}

/** A way to delete rows by one column that answers which of them were there; its SQL is made once for each number of rows. */
export function rowTaker(kind: DbKind, table: string, column: string) {
  const texts = new Map<number, string>();
  function textFor(count: number): string {
    const known = texts.get(count);
    if (known !== undefined) return known;
    const marks = Array.from({ length: count }, (_, i) => (kind === 'postgres' ? `$${i + 1}` : '?'));
    const text = `DELETE FROM ${table} WHERE ${column} IN (${marks.join(',')}) RETURNING ${column} AS taken`;
    texts.set(count, text);
    return text;
  }
  return async (trx: Db, values: readonly string[]): Promise<Set<string>> => {
    const taken = new Set<string>();
    for (let i = 0; i < values.length; i += MOST_ROWS) {
      const part = values.slice(i, i + MOST_ROWS);
      const { rows } = await trx.executeQuery<{ taken: string }>(CompiledQuery.raw(textFor(part.length), part));
      for (const row of rows) taken.add(row.taken);
    }
    return taken;
  };
}
