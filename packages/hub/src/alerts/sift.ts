import type { Db } from '../platform/db.ts';
import type { AlertContext } from './context.ts';
import { OF_OPEN } from './notify.ts';
import { isOfRepair, keptBack, loadHolds } from './routing/holds.ts';
import type { AlertRow, AlertTables, DeliveryRow } from './tables.ts';

type Sifted = { tell: DeliveryRow[]; kept: { row: DeliveryRow; reason: string }[] };

/** Which of the claimed notifications are told, as things stand now, and which are not: what they tell of may be silenced or over meanwhile. */
export async function sift(context: AlertContext, rows: readonly DeliveryRow[], now: number): Promise<Sifted> {
  const ids = [...new Set(rows.flatMap(({ alert_id }) => alert_id ?? []))];
  if (ids.length === 0) return { tell: [...rows], kept: [] };
  const { db } = context;
  const alerts = new Map(
    (await db.withTables<AlertTables>().selectFrom('alerts').selectAll().where('id', 'in', ids).execute()).map(
      (alert): [string, AlertRow] => [alert.id, alert],
    ),
  );
  const holdOf = await loadHolds(context, db, now);
  const unheard = await unheardOf(db, rows);
  const result: Sifted = { tell: [], kept: [] };
  for (const row of rows) {
    const alert = alerts.get(row.alert_id ?? '');
    const reason = unheard.has(row.id) ? 'its opening was not told' : alert && keptBack(row, alert, holdOf(alert));
    if (reason === undefined) result.tell.push(row);
    else result.kept.push({ row, reason });
  }
  return result;
}

/** Ids of what only follows from an opening, and whose channel heard nothing of the alert before, since all of that was kept back. */
async function unheardOf(db: Db, rows: readonly DeliveryRow[]): Promise<ReadonlySet<string>> {
  const ends = rows.filter(({ type }) => type === 'alert.resolved' || isOfRepair(type));
  if (ends.length === 0) return new Set();
  const heard = await db
    .withTables<AlertTables>()
    .selectFrom('deliveries')
    .select(['alert_id', 'channel'])
    .where(
      'alert_id',
      'in',
      ends.map(({ alert_id }) => alert_id),
    )
    .where('type', 'in', OF_OPEN)
    .where((eb) => eb.or([eb('status', '<>', 'suppressed'), eb('possible_repeat', '=', 1)]))
    .execute();
  const pairs = new Set(heard.map(({ alert_id, channel }) => `${alert_id} ${channel}`));
  return new Set(ends.filter(({ alert_id, channel }) => !pairs.has(`${alert_id} ${channel}`)).map(({ id }) => id));
}
