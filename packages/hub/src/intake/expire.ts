import { sql } from 'kysely';
import type { Db } from '../platform/db.ts';
import { expireInbox } from './accept.ts';
import { expireLogs } from './logs.ts';
import { expireMeshState } from './mesh/state.ts';
import type { IntakeTables } from './tables.ts';

/** Deletes checks older than `keepMs`, then old log lines and ids of the inbox. Each probe's checks go by their own key, so nothing is scanned. */
export async function expire(db: Db, now: number, keepMs: number): Promise<void> {
  const tables = db.withTables<IntakeTables>();
  let probe = -1;
  for (;;) {
    const next = await tables
      .selectFrom('checks')
      .select(sql<number | null>`min(probe)`.as('probe'))
      .where('probe', '>', probe)
      .executeTakeFirst();
    if (next?.probe == null) break;
    probe = next.probe;
    await tables
      .deleteFrom('checks')
      .where('probe', '=', probe)
      .where('at', '<', now - keepMs)
      .execute();
  }
  await expireLogs(db, now);
  await expireInbox(db, now);
  await expireMeshState(db, now);
}
