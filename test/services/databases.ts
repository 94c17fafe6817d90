import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, describe, inject } from 'vitest';
import { type Database, type DbKind, openDatabase } from '../../packages/hub/src/platform/db.ts';
import { migrate } from '../../packages/hub/src/platform/migrate.ts';

/** An open database with the whole schema, and what opens it a second time (another hub, a restart). */
export type TestDatabase = Database & { options: { dataDir: string; url?: string } };
export type OpenTestDatabase = () => Promise<TestDatabase>;

async function administer(url: string, statement: string): Promise<void> {
  const { db, close } = await openDatabase({ dataDir: '', url });
  try {
    await sql.raw(statement).execute(db);
  } finally {
    await close();
  }
}

/** A fresh, migrated SQLite file in a temporary folder; works in unit suites too. `dispose` closes it and removes the folder. */
export async function openSqliteForTest(): Promise<TestDatabase & { dispose(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'orrery-db-'));
  const database = await openDatabase({ dataDir });
  await migrate(database.db, database.kind);
  const dispose = async () => {
    await database.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { ...database, options: { dataDir }, dispose };
}

const urlOf = (admin: string, name: string): string => {
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return url.href;
};

let migrated: Promise<string> | undefined;

/** A database with the whole schema, made once in a process: copies of it need no migration. */
function templateDatabase(admin: string): Promise<string> {
  migrated ??= (async () => {
    const name = `schema_${randomBytes(8).toString('hex')}`;
    await administer(admin, `CREATE DATABASE ${name}`);
    const database = await openDatabase({ dataDir: '', url: urlOf(admin, name) });
    await migrate(database.db, database.kind);
    await database.close();
    return name;
  })();
  return migrated;
}

/** A fresh, migrated database inside the shared PostgreSQL. `dispose` closes and drops it. */
async function openPostgresForTest(): Promise<TestDatabase & { dispose(): Promise<void> }> {
  const admin = inject('postgresUrl');
  const name = `t_${randomBytes(8).toString('hex')}`;
  await administer(admin, `CREATE DATABASE ${name} TEMPLATE ${await templateDatabase(admin)}`);
  const options = { dataDir: '', url: urlOf(admin, name) };
  const database = await openDatabase(options);
  const dispose = async () => {
    await database.close();
    await administer(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  return { ...database, options, dispose };
}

/**
 * Runs a storage suite once on SQLite and once on PostgreSQL. Every `open()` gives a fresh, migrated database that is
 * thrown away after the suite; only for `*.service.test.ts`, where the shared PostgreSQL runs.
 */
export function eachDatabase(suite: (name: DbKind, open: OpenTestDatabase) => void): void {
  const engines = { sqlite: openSqliteForTest, postgres: openPostgresForTest } as const;
  for (const [name, openOne] of Object.entries(engines) as [DbKind, typeof openSqliteForTest][]) {
    describe(`on ${name}`, () => {
      const opened: { dispose(): Promise<void> }[] = [];
      afterAll(async () => {
        for (const database of opened.splice(0)) await database.dispose();
      });
      suite(name, async () => {
        const database = await openOne();
        opened.push(database);
        return database;
      });
    });
  }
}
