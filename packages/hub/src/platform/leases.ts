import type { Db } from './db.ts';

type LeaseTables = { leases: { name: string; holder: string; fence: number; expires_at: number } };
export type Lease = { fence: number; expiresAt: number };

/**
 * Takes or renews a named lease for `ttlMs`. Undefined while another holder's still runs, unless `alone` says that no other holder can be
 * alive. The fence grows whenever the holder changes: an effect that checks it in its own transaction cannot come from a holder that was
 * paused and replaced.
 */
export async function takeLease(
  db: Db,
  name: string,
  holder: string,
  now: number,
  ttlMs: number,
  { alone = false } = {},
): Promise<Lease | undefined> {
  const tables = db.withTables<LeaseTables>();
  const expiresAt = now + ttlMs;
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
