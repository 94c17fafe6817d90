import type { Db } from '../platform/db.ts';
import type { DeliveryContext } from './deliver.ts';
import { forgetIncidents } from './incidents/store.ts';
import { settleAbandoned } from './outbox.ts';
import type { RoutingTables } from './routing/tables.ts';
import type { AlertTables } from './tables.ts';

const CHUNK = 1000;
const KEEP_HOLDS_MS = 90 * 86_400_000;

/** Deletes what is older than `keepMs`: resolved alerts with all that was told of them, and tests. What lives, or is still to be told, stays. */
export async function expire({ db, clock, book, timing }: DeliveryContext, keepMs: number): Promise<void> {
  const now = clock.now();
  const declared = book.all().map(({ declaration }) => declaration.name);
  await settleAbandoned(db, declared, now, timing.giveUpMs);
  const q = db.withTables<AlertTables>();
  for (;;) {
    const gone = await q
      .deleteFrom('alerts')
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('alerts as a')
          .select('a.id')
          .where('a.status', '=', 'resolved')
          .where('a.suppressed', '=', 0)
          .where('a.resolved_at', '<', now - keepMs)
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('deliveries as d')
                  .select('d.id')
                  .whereRef('d.alert_id', '=', 'a.id')
                  .where('d.status', 'in', ['pending', 'sending']),
              ),
            ),
          )
          .limit(CHUNK),
      )
      .executeTakeFirst();
    if (Number(gone.numDeletedRows) < CHUNK) break;
  }
  await forgetIncidents(db, now - keepMs);
  await forgetHolds(db, now);
  await q
    .deleteFrom('deliveries')
    .where('alert_id', 'is', null)
    .where('created_at', '<', now - keepMs)
    .execute();
}

/** Silences and maintenance that are long over. */
async function forgetHolds(db: Db, now: number): Promise<void> {
  const q = db.withTables<RoutingTables>();
  await q
    .deleteFrom('silences')
    .where('until_at', '<', now - KEEP_HOLDS_MS)
    .execute();
  await q
    .deleteFrom('maintenance')
    .where('over_at', '<', now - KEEP_HOLDS_MS)
    .execute();
}
