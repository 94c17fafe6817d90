import { AsyncLocalStorage } from 'node:async_hooks';
import { type FileHandle, open } from 'node:fs/promises';
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

/** One transaction that is to commit without waiting for the disk; what else begins while its code runs is none of it. */
const unsynced = new AsyncLocalStorage<{ begun: boolean }>();

/** Runs the one transaction that `work` begins so that its commit does not wait for the disk: nobody may be answered before `synced`. */
export const withoutSync = <T>(work: () => Promise<T>): Promise<T> => unsynced.run({ begun: false }, work);

/** Resolves when all that was committed before is on disk; this thread goes on meanwhile. Elsewhere than in SQLite it is already. */
export async function synced(db: Kysely<never> | Kysely<object>): Promise<void> {
  const { adapter } = db.getExecutor();
  if (adapter instanceof TurnsAdapter) await adapter.log.sync();
}

/** The write-ahead log, which a thread of its own brings to the disk. It lives as long as the database is open. */
class LogFile {
  readonly #path: string;
  #handle: Promise<FileHandle> | undefined;
  constructor(database: string) {
    this.#path = `${database}-wal`;
  }
  async sync(): Promise<void> {
    // Windows brings nothing to the disk that was opened for reading.
    this.#handle ??= open(this.#path, 'r+');
    try {
      await (await this.#handle).datasync();
    } catch (error) {
      await this.close().catch(() => undefined);
      throw new SyncError(error);
    }
  }
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await (await handle)?.close();
  }
}

/** What was committed may not be on disk; as SQLite puts it (SQLITE_IOERR_FSYNC). */
class SyncError extends Error {
  readonly code = 'ERR_SQLITE_ERROR';
  readonly errcode = 1034;
  constructor(cause: unknown) {
    super('the write-ahead log could not be brought to the disk', { cause });
  }
}

/** Whether it answers with rows is asked once: the answer is a list of objects each time. */
type Prepared = { statement: StatementSync; answers: boolean };

/** Runs one compiled query on node:sqlite; prepared statements are kept, the least recently used is dropped. */
class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, Prepared>();
  #syncs = true;
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
    // Outside a transaction each statement is a commit of its own, and waits for the disk.
    if (!this.#syncs && !this.#database.isTransaction) this.setSync(true);
    const { statement, answers } = this.#prepare(query.sql);
    const parameters = query.parameters as SQLInputValue[];
    if (answers) return { rows: statement.all(...parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    if (!this.#syncs && !this.#database.isTransaction) this.setSync(true);
    for (const row of this.#prepare(query.sql).statement.iterate(...(query.parameters as SQLInputValue[])))
      yield { rows: [row as R] };
  }
  /** One of the few statements that begin and end transactions. */
  run(sql: string): void {
    this.#prepare(sql).statement.run();
  }
  /** Between transactions only. NORMAL writes the log as FULL does, and leaves out to wait for it. */
  setSync(syncs: boolean): void {
    if (this.#syncs === syncs) return;
    this.#database.exec(`PRAGMA synchronous = ${syncs ? 'FULL' : 'NORMAL'}`);
    this.#syncs = syncs;
  }
}

/** The driver below hands out its one connection by turns itself, and so sees who asks for it. */
class TurnsAdapter extends SqliteAdapter {
  readonly log: LogFile;
  constructor(log: LogFile) {
    super();
    this.log = log;
  }
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/** One connection, one holder at a time: whoever waits is served in order. */
class SqliteDriver implements Driver {
  readonly #database: DatabaseSync;
  readonly #connection: SqliteConnection;
  readonly #adapter: TurnsAdapter;
  #tail: Promise<void> = Promise.resolve();
  #release: (() => void) | undefined;
  constructor(database: DatabaseSync, adapter: TurnsAdapter) {
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
    const mark = unsynced.getStore();
    this.#connection.setSync(!mark || mark.begun);
    if (mark) mark.begun = true;
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
    await this.#adapter.log.close();
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
  const adapter = new TurnsAdapter(new LogFile(database.location() ?? ''));
  return {
    createAdapter: () => adapter,
    createDriver: () => new SqliteDriver(database, adapter),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}
