import { CompiledQuery } from 'kysely';
import type { Db, DbKind } from './db.ts';

/** SQLite takes 32,766 values in a statement, PostgreSQL 65,535; beyond some rows nothing is gained. */
const MOST_ROWS = 64;

/**
 * A way to write many rows of one table whose SQL is made once for each number of rows: the query builder's work would be most of the
 * cost of a row. `tail` is what stands after the values. Table, columns and tail are the programmer's words, never data.
 */
export function rowWriter<C extends string>(kind: DbKind, table: string, columns: readonly C[], tail = '') {
  const texts = new Map<number, string>();
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
    for (let i = 0; i < rows.length; i += MOST_ROWS) {
      const part = rows.slice(i, i + MOST_ROWS);
      const values: (string | number | null)[] = [];
      for (const row of part) for (const column of columns) values.push(row[column]);
      const { rows: given } = await trx.executeQuery<R>(CompiledQuery.raw(textFor(part.length), values));
      answers.push(...given);
    }
    return answers;
  };
}
