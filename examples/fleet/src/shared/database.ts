import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

export type Value = string | number | null;

/** What a product needs of its database. Placeholders are `$1`, `$2`, …, which SQLite and PostgreSQL both read. */
export type Database = {
  all<T>(sql: string, params?: readonly Value[]): Promise<T[]>;
  one<T>(sql: string, params?: readonly Value[]): Promise<T | undefined>;
  /** Rows changed. */
  run(sql: string, params?: readonly Value[]): Promise<number>;
  close(): Promise<void>;
};

/** How one statement is sent; a product's query logger stands in here. */
export type Watch = <T>(sql: string, run: () => T) => T | Promise<T>;

/** An SQLite file in `dir`, its schema applied. Statements are prepared once. */
export function openSqlite(dir: string, name: string, schema: string, watch: Watch): Database {
  mkdirSync(dir, { recursive: true });
  const db = new DatabaseSync(join(dir, `${name}.db`));
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000; ${schema}`);
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string) => {
    const known = prepared.get(sql);
    if (known) return known;
    const made = db.prepare(sql);
    prepared.set(sql, made);
    return made;
  };
  const all = async <T>(sql: string, params: readonly Value[] = []) =>
    watch(sql, () => statement(sql).all(named(params)) as T[]);
  return {
    all,
    one: async <T>(sql: string, params?: readonly Value[]) => (await all<T>(sql, params))[0],
    run: async (sql, params = []) => Number((await watch(sql, () => statement(sql).run(named(params)))).changes),
    close: async () => db.close(),
  };
}

const named = (params: readonly Value[]) => Object.fromEntries(params.map((value, index) => [`$${index + 1}`, value]));
