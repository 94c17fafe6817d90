import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import { HubError } from './errors.ts';
import { loadPg } from './pg.ts';
import { holding, openSqliteFile, sqliteDialect, synced, withoutSync } from './sqlite.ts';

// biome-ignore lint/complexity/noBannedTypes: a database of no tables; each room adds its own with `withTables`.
export type Db = Kysely<{}>;
export type DbKind = 'sqlite' | 'postgres';
export type Database = { db: Db; kind: DbKind; close(): Promise<void> };

/** SQLite in the data folder, or PostgreSQL by URL. Throws with what to do when the folder is held by another hub or the server cannot be reached. */
export async function openDatabase(options: { dataDir: string; url?: string }): Promise<Database> {
  return options.url ? openPostgres(options.url) : openSqlite(options.dataDir);
}

function openSqlite(dataDir: string): Database {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db: Db = new Kysely({ dialect: sqliteDialect(openSqliteFile(join(dataDir, 'orrery.db'))) });
  return { db, kind: 'sqlite', close: () => db.destroy() };
}

/**
 * Holds the data folder for one hub. The lock is SQLite's own lock on a second, empty file: the system lets go of it when
 * the process dies in any way, so a crash never leaves a stale one.
 */
export function holdDataDir(dataDir: string): { release(): void } {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(join(dataDir, 'hub.lock'), { timeout: 0 });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
  } catch (error) {
    lock.close();
    throw new HubError(
      'conflict',
      `Another hub is running on the data folder ${dataDir}. Stop it, or start this one with another folder (--data or ORRERY_DATA_DIR). [${error instanceof Error ? error.message : String(error)}]`,
    );
  }
  return { release: () => lock.close() };
}

async function openPostgres(url: string): Promise<Database> {
  const pg = loadPg();
  // int8 holds our epoch milliseconds and counters, all far below 2^53.
  const types = {
    getTypeParser: ((oid: number, format?: string) =>
      oid === 20 ? Number : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
  };
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    types,
    // Also how long a query waits for a free connection.
    connectionTimeoutMillis: 5000,
    statement_timeout: 15_000,
    lock_timeout: 5000,
    // A hub that is suspended in the middle of a transaction must not hold what others wait for.
    idle_in_transaction_session_timeout: 10_000,
    // For a server that is silent altogether, and so cannot keep its own limits.
    query_timeout: 20_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'orrery',
  });
  pool.on('connect', survive);
  // An idle connection that the server closes (a restart) must not take the hub down: the pool makes a new one on the next query.
  pool.on('error', () => undefined);
  const db: Db = new Kysely({ dialect: new PostgresDialect({ pool }) });
  return { db, kind: 'postgres', close: () => db.destroy() };
}

/**
 * A connection that breaks while it is in use fails its query, and besides says so to nobody in particular, which would end the process.
 * One whose answer never came would give it to the next who asks: it is closed.
 */
function survive(client: pg.PoolClient): void {
  client.on('error', () => undefined);
  const query = client.query.bind(client) as (...given: unknown[]) => unknown;
  const watched = (...given: unknown[]) => {
    const answer = query(...given);
    if (answer instanceof Promise)
      answer.catch((error: Error) => {
        if (error.message === 'Query read timeout') void (client as unknown as pg.Client).end();
      });
    return answer;
  };
  client.query = watched as typeof client.query;
}

/** Serialization failure and deadlock of PostgreSQL. */
const RETRYABLE_STATES = new Set(['40001', '40P01']);
/** SQLITE_BUSY and SQLITE_LOCKED, in the low byte of an extended result code. */
const RETRYABLE_RESULTS = new Set([5, 6]);

/** Whether another writer was first: the whole transaction is to be tried again. */
export function isLostRace(error: unknown): boolean {
  const { code = '', errcode = 0 } = error as { code?: string; errcode?: number };
  return RETRYABLE_STATES.has(code) || (code === 'ERR_SQLITE_ERROR' && RETRYABLE_RESULTS.has(errcode & 0xff));
}

/**
 * Runs `work` in one transaction (or inside the one it is handed); a lost race with another writer is tried again, up to five times.
 * Inside it only its own `trx` may be asked: SQLite has one connection, and throws for anything else rather than wait for itself.
 */
export async function inTransaction<T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db);
  return retried(() => db.transaction().execute((trx) => holding(db, () => work(trx as unknown as Db))));
}

/**
 * As inTransaction, and as durable when it resolves; but where the database is a file the thread goes on while the disk works, so that
 * what comes in meanwhile joins the next commit. When the disk fails it throws, and what was written may be there or not.
 */
export async function inTransactionAside<T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  const result = await retried(() =>
    withoutSync(() => db.transaction().execute((trx) => holding(db, () => work(trx as unknown as Db)))),
  );
  await synced(db);
  return result;
}

async function retried<T>(once: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once();
    } catch (error) {
      if (attempt >= 5 || !isLostRace(error)) throw error;
    }
  }
}
