import { AsyncLocalStorage } from 'node:async_hooks';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { CompiledQuery, Dialect, Kysely } from 'kysely';
import {
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

const KEPT_STATEMENTS = 500;

/** The transaction that the running code is in, and whose connection it holds. */
const transactions = new AsyncLocalStorage<{ of: unknown; open: boolean }>();

/** Runs what holds the connection of `db` until it ends, so that a second request for that connection is recognised. */
export async function holding<T>(db: Kysely<never> | Kysely<object>, work: () => Promise<T>): Promise<T> {
  const held = { of: db.getExecutor().adapter, open: true };
  try {
    return await transactions.run(held, work);
  } finally {
    held.open = false;
  }
}

/** Whether it answers with rows is asked once: the answer is a list of objects each time. */
type Prepared = { statement: StatementSync; answers: boolean };

/** Runs one compiled query on node:sqlite; prepared statements are kept, the least recently used is dropped. */
class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, Prepared>();
  constructor(database: DatabaseSync) {
    this.#database = database;
  }
  #prepare(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const statement = this.#database.prepare(sql);
    const prepared = { statement, answers: statement.columns().length > 0 };
    this.#statements.set(sql, prepared);
    if (this.#statements.size > KEPT_STATEMENTS) {
      const oldest = this.#statements.keys().next().value;
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    return prepared;
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { statement, answers } = this.#prepare(query.sql);
    const parameters = query.parameters as SQLInputValue[];
    if (answers) return { rows: statement.all(...parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    for (const row of this.#prepare(query.sql).statement.iterate(...(query.parameters as SQLInputValue[])))
      yield { rows: [row as R] };
  }
  run(sql: string): void {
    this.#database.exec(sql);
  }
}

/** The driver below hands out its one connection by turns itself, and so sees who asks for it. */
class TurnsAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/** One connection, one holder at a time: whoever waits is served in order. */
class SqliteDriver implements Driver {
  readonly #database: DatabaseSync;
  readonly #connection: SqliteConnection;
  readonly #adapter: SqliteAdapter;
  #tail: Promise<void> = Promise.resolve();
  #release: (() => void) | undefined;
  constructor(database: DatabaseSync, adapter: SqliteAdapter) {
    this.#database = database;
    this.#connection = new SqliteConnection(database);
    this.#adapter = adapter;
  }
  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    const held = transactions.getStore();
    if (held?.open && held.of === this.#adapter)
      throw new Error('inside a transaction only its own `trx` may be asked: this would wait for itself for ever');
    const before = this.#tail;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tail = promise;
    await before;
    this.#release = resolve;
    return this.#connection;
  }
  async releaseConnection(): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }
  async beginTransaction(): Promise<void> {
    this.#connection.run('BEGIN IMMEDIATE');
  }
  async commitTransaction(): Promise<void> {
    this.#connection.run('COMMIT');
  }
  async rollbackTransaction(): Promise<void> {
    // SQLite rolls back by itself on some errors (disk full, I/O); a second ROLLBACK would hide the first cause.
    if (this.#database.isTransaction) this.#connection.run('ROLLBACK');
  }
  async destroy(): Promise<void> {
    this.#database.close();
  }
}

/** Opens an SQLite file for the hub: write-ahead log, every commit on disk before it is acknowledged, 5 s of patience with another writer. */
export function openSqliteFile(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5000 });
  // Samples come back to the same pages: 32 MiB of the log are moved into the file at once, and a page that was written ten times moves once.
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 8000;',
  );
  return database;
}

export function sqliteDialect(database: DatabaseSync): Dialect {
  const adapter = new TurnsAdapter();
  return {
    createAdapter: () => adapter,
    createDriver: () => new SqliteDriver(database, adapter),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}
