import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { openDatabase } from '../../platform/db.ts';
import type { Check, Finding } from './types.ts';

const name = 'database';

/** The database answers and is whole; a PostgreSQL that runs elsewhere has the same time. */
export const database: Check = async ({ config }) => {
  const url = config.databaseUrl?.reveal();
  return url === undefined ? [embedded(join(config.dataDir, 'orrery.db'))] : postgres(url);
};

function embedded(file: string): Finding {
  if (!existsSync(file)) return { name, status: 'ok', detail: 'SQLite, made at the first start' };
  try {
    const db = new DatabaseSync(file, { readOnly: true, timeout: 2000 });
    try {
      const answer = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
      if (answer.quick_check === 'ok') return { name, status: 'ok', detail: `SQLite, ${file} is whole` };
      return {
        name,
        status: 'fail',
        detail: `${file} is damaged: ${answer.quick_check}`,
        fix: 'stop the hub and restore the file from a backup',
      };
    } finally {
      db.close();
    }
  } catch (error) {
    return {
      name,
      status: 'fail',
      detail: `${file} cannot be opened: ${message(error)}`,
      fix: 'check its owner and rights; restore it from a backup if it is damaged',
    };
  }
}

async function postgres(url: string): Promise<Finding[]> {
  const target = new URL(url);
  const where = `PostgreSQL at ${target.hostname}:${target.port || 5432}${target.pathname}`;
  const { db, close } = await openDatabase({ dataDir: '', url });
  try {
    const started = performance.now();
    const { rows } = await sql<{
      version: string;
      now: number;
    }>`select current_setting('server_version') as version, extract(epoch from clock_timestamp()) * 1000 as now`.execute(
      db,
    );
    const took = Math.round(performance.now() - started);
    const skew = Math.round(Date.now() - Number(rows[0]?.now));
    const found: Finding[] = [
      { name, status: 'ok', detail: `${where}, version ${rows[0]?.version}, answered in ${took} ms` },
    ];
    if (Math.abs(skew) > 2000 + took)
      found.push({
        name: 'clock',
        status: 'warn',
        detail: `the database's clock differs by ${(skew / 1000).toFixed(1)} s`,
        fix: 'run NTP on both machines',
      });
    return found;
  } catch (error) {
    return [
      {
        name,
        status: 'fail',
        detail: `${where} cannot be used: ${message(error)}`,
        fix: 'check that it runs, that ORRERY_DATABASE_URL names host, user, password and database, and that a firewall lets it through',
      },
    ];
  } finally {
    await close();
  }
}

const message = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));
