import { sql } from 'kysely';
import { expect, inject, test } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { inTransaction, openDatabase } from './db.ts';

test('a transaction that its server ends while nobody asks anything fails, and nothing else does', async () => {
  const { db, close } = await openDatabase({ dataDir: '', url: inject('postgresUrl') });
  try {
    const from = performance.now();
    const left = inTransaction(db, async (trx) => {
      await sql`SELECT set_config('idle_in_transaction_session_timeout', '100', true)`.execute(trx);
      await until(() => performance.now() > from + 600, { what: 'longer than the server waits' });
      await sql`SELECT 1`.execute(trx);
    });
    await expect(left).rejects.toThrow();
    expect((await sql<{ one: number }>`SELECT 1 AS one`.execute(db)).rows).toEqual([{ one: 1 }]);
  } finally {
    await close();
  }
});
