import { sql } from 'kysely';
import type { Db } from './db.ts';

/** Runs `work` inside a transaction so that, when it throws, what it wrote is undone and the transaction can still be committed. */
export async function inSavepoint<T>(trx: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  if (!trx.isTransaction) throw new Error('a savepoint needs a transaction');
  await sql`SAVEPOINT step`.execute(trx);
  try {
    const result = await work(trx);
    await sql`RELEASE SAVEPOINT step`.execute(trx);
    return result;
  } catch (error) {
    // Of a connection that is gone nothing needs to be undone, and the first error says more.
    await sql`ROLLBACK TO SAVEPOINT step`.execute(trx).catch(() => undefined);
    await sql`RELEASE SAVEPOINT step`.execute(trx).catch(() => undefined);
    throw error;
  }
}
