import type { AlertNotification, HealNews, HealNewsType } from '@orrery/protocol';
import { iso } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { AlertContext } from './context.ts';
import { deliveryRow, enqueue, routeAlert, toldOf } from './notify.ts';
import { type AlertTables, toAlert } from './tables.ts';

/** Something that happened to the repair of what an alert is about. */
export type RepairNews = {
  type: HealNewsType;
  alertId: string;
  /** Which attempt for this alert it was: of one attempt each type is told once. */
  ordinal: number;
  /** When it happened, epoch ms. */
  at: number;
  heal: HealNews;
};

/**
 * Puts into the outbox, inside the caller's transaction, what became of an attempt: for those channels alone that were told, or are being
 * told, of the alert. They hear it after the alert's opening and in the order in which it happened; a route's quiet hours hold.
 */
export async function tellOfRepair(trx: Db, context: AlertContext, news: RepairNews): Promise<void> {
  const { type, alertId, ordinal, at, heal } = news;
  const told = (await toldOf(trx, [alertId])).get(alertId);
  if (!told) return;
  const alert = await trx
    .withTables<AlertTables>()
    .selectFrom('alerts')
    .selectAll()
    .where('id', '=', alertId)
    .executeTakeFirstOrThrow();
  const now = context.clock.now();
  const notification: AlertNotification = { type, at: iso(at), alert: toAlert(alert), heal };
  const quiet = new Map(routeAlert(context, alert, now).led.map(({ channel, notBefore }) => [channel, notBefore]));
  await enqueue(
    trx,
    [...told].map(([channel, route]) =>
      deliveryRow({
        ...{ alertId, channel, route, notification, at, now, seq: ordinal },
        dueAt: quiet.get(channel) ?? now,
      }),
    ),
  );
}
