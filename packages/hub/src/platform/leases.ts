import { type RawBuilder, sql } from 'kysely';
import type { Db } from './db.ts';

type LeaseTables = { leases: { name: string; holder: string; fence: number; expires_at: number } };
export type Lease = { fence: number; expiresAt: number };

/** The database's own time, for a lease that hubs with clocks of their own compete for. PostgreSQL alone. */
export const SERVER_TIME: RawBuilder<number> = sql<number>`floor(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/**
 * Takes or renews a named lease for `ttlMs`. Undefined while another holder's still runs, unless `alone` says that no other holder can be
 * alive. The fence grows whenever the holder changes: an effect that checks it in its own transaction cannot come from a holder that was
 * paused and replaced.
 */
export async function takeLease(
  db: Db,
  name: string,
  holder: string,
  now: number | RawBuilder<number>,
  ttlMs: number,
  { alone = false } = {},
): Promise<Lease | undefined> {
  const tables = db.withTables<LeaseTables>();
  const expiresAt = typeof now === 'number' ? now + ttlMs : sql<number>`${now} + ${ttlMs}::bigint`;
  const overBefore = alone ? Number.MAX_SAFE_INTEGER : now;
  const row = await tables
    .insertInto('leases')
    .values({ name, holder, fence: 1, expires_at: expiresAt })
    .onConflict((oc) =>
      oc
        .column('name')
        .doUpdateSet((eb) => ({
          holder,
          fence: eb
            .case()
            .when('leases.holder', '=', holder)
            .then(eb.ref('leases.fence'))
            .else(eb('leases.fence', '+', 1))
            .end(),
          expires_at: expiresAt,
        }))
        .where((eb) => eb.or([eb('leases.holder', '=', holder), eb('leases.expires_at', '<', overBefore)])),
    )
    .returning(['fence', 'expires_at'])
    .executeTakeFirst();
  return row ? { fence: row.fence, expiresAt: row.expires_at } : undefined;
}

/** How long the holder of a lease has left, ms; 0 when nobody holds it. */
export async function leaseLeft(db: Db, name: string, now: number | RawBuilder<number>): Promise<number> {
  const row = await db
    .withTables<LeaseTables>()
    .selectFrom('leases')
    .select(['expires_at', (typeof now === 'number' ? sql<number>`${now}` : now).as('now')])
    .where('name', '=', name)
    .executeTakeFirst();
  return row ? Math.max(0, row.expires_at - Number(row.now)) : 0;
}

/** Who holds a lease now. */
export async function leaseHolder(db: Db, name: string): Promise<string | undefined> {
  const row = await db
    .withTables<LeaseTables>()
    .selectFrom('leases')
    .select('holder')
    .where('name', '=', name)
    .where('expires_at', '>', 0)
    .executeTakeFirst();
  return row?.holder;
}

/** Gives a lease back at once, so that another holder need not wait for its end. */
export async function dropLease(db: Db, name: string, holder: string): Promise<void> {
  await db
    .withTables<LeaseTables>()
    .updateTable('leases')
    .set({ expires_at: 0 })
    .where('name', '=', name)
    .where('holder', '=', holder)
    .execute();
}
