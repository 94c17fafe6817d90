import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { type Db, type DbKind, inTransaction } from './db.ts';

const FOLDER = new URL('../../migrations/', import.meta.url);

/** What differs between the two engines; everything else in a migration is portable SQL. A line of the other engine becomes a comment. */
const TOKENS: Record<DbKind, Record<string, string>> = {
  sqlite: {
    blob: 'BLOB',
    clustered: ' WITHOUT ROWID',
    identity: 'INTEGER PRIMARY KEY AUTOINCREMENT',
    on_sqlite: '',
    on_postgres: '-- ',
  },
  postgres: {
    blob: 'BYTEA',
    clustered: '',
    identity: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
    on_sqlite: '-- ',
    on_postgres: '',
  },
};

type Migration = { name: string; checksum: string; statements: string[] };

function readMigrations(kind: DbKind): Migration[] {
  return readdirSync(FOLDER)
    .filter((name) => /^\d{4}_[a-z_]+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, FOLDER), 'utf8');
      const filled = text.replace(/\{\{(\w+)\}\}/g, (_, token: string) => {
        const value = TOKENS[kind][token];
        if (value === undefined) throw new Error(`migration ${name} uses the unknown token {{${token}}}`);
        return value;
      });
      const statements = filled
        .replace(/^\s*--.*$/gm, '')
        .split(/;\s*$/m)
        .map((s) => s.trim())
        .filter(Boolean);
      return { name, checksum: createHash('sha256').update(text).digest('hex'), statements };
    });
}

/**
 * Brings the schema up to date: each file runs once, whole or not at all. A killed run is resumed by the next start; two hubs starting
 * at once take turns. A file that was changed after it ran is refused.
 */
export async function migrate(db: Db, kind: DbKind): Promise<string[]> {
  await createLedger(db);
  const applied: string[] = [];
  for (const migration of readMigrations(kind)) {
    await inTransaction(db, async (trx) => {
      if (kind === 'postgres') {
        // Another hub may be at work on the schema: that is waited for longer than any other lock.
        await sql`SET LOCAL lock_timeout = '15s'`.execute(trx);
        await sql`LOCK TABLE migrations IN EXCLUSIVE MODE`.execute(trx);
      }
      const tables = trx.withTables<{ migrations: { name: string; checksum: string; applied_at: number } }>();
      const known = await tables
        .selectFrom('migrations')
        .selectAll()
        .where('name', '=', migration.name)
        .executeTakeFirst();
      if (known) {
        if (known.checksum !== migration.checksum)
          throw new Error(
            `migration ${migration.name} was changed after it had run on this database; restore the file, or start with a new data folder`,
          );
        return;
      }
      for (const statement of migration.statements) await sql.raw(statement).execute(trx);
      await tables
        .insertInto('migrations')
        .values({ name: migration.name, checksum: migration.checksum, applied_at: Date.now() })
        .execute();
      applied.push(migration.name);
    });
  }
  return applied;
}

/** PostgreSQL refuses the second of two hubs that create the same table at the same moment, IF NOT EXISTS or not: then it is there. */
async function createLedger(db: Db): Promise<void> {
  const create = sql`CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`;
  try {
    await create.execute(db);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== '23505' && code !== '42P07') throw error;
    await create.execute(db);
  }
}
