import type { Instance } from '@orrery/sdk';
import { tracePool } from '@orrery/sdk/pg';
import pg from 'pg';
import type { Database } from '../shared/database.ts';
import type { FaultSwitch } from '../shared/faults.ts';

/** Veria's database on PostgreSQL, its schema applied; the SDK's adapter watches the pool. */
export async function openPostgres(
  url: string,
  schema: string,
  instance: Instance,
  faults: FaultSwitch,
): Promise<Database> {
  const pool = tracePool(instance, new pg.Pool({ connectionString: url, max: 5, connectionTimeoutMillis: 2000 }));
  pool.on('error', (error) => instance.logs.write('warn', 'A database connection was lost', { error }));
  await pool.query(schema);
  const query = (sql: string, params: readonly (string | number | null)[] = []) => {
    if (faults.current === 'errors') throw new Error('the database refused the connection: too many clients already');
    return pool.query(sql, [...params]);
  };
  const all = async <T>(sql: string, params?: readonly (string | number | null)[]) =>
    (await query(sql, params)).rows as T[];
  return {
    all,
    one: async <T>(sql: string, params?: readonly (string | number | null)[]) => (await all<T>(sql, params))[0],
    run: async (sql, params) => (await query(sql, params)).rowCount ?? 0,
    close: () => pool.end(),
  };
}
