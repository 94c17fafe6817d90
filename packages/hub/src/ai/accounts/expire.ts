import type { Db } from '../../platform/db.ts';
import { rolledUntil } from './rollup.ts';
import type { AccountsConfig } from './settings.ts';
import type { AccountTables } from './tables.ts';

const AT_ONCE = 5000;

/** Deletes what is older than it is kept, a bounded number at a time; never a call that has not been added up yet. */
export async function expireCalls(db: Db, keep: AccountsConfig['retention'], now: number): Promise<void> {
  const tables = db.withTables<AccountTables>();
  const oldest = Math.min(now - keep.calls, await rolledUntil(db, 'hour'));
  for (;;) {
    const gone = await tables
      .deleteFrom('ai_calls')
      .where('id', 'in', (eb) => eb.selectFrom('ai_calls').select('id').where('at', '<', oldest).limit(AT_ONCE))
      .executeTakeFirst();
    if (Number(gone.numDeletedRows) < AT_ONCE) break;
  }
  const hourly = Math.min(now - keep.hourly, await rolledUntil(db, 'day'));
  await tables.deleteFrom('ai_usage').where('span', '=', 'hour').where('start_at', '<', hourly).execute();
  await tables
    .deleteFrom('ai_usage')
    .where('span', '=', 'day')
    .where('start_at', '<', now - keep.daily)
    .execute();
}
