import type { AlertNotification } from '@orrery/protocol';
import { iso } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { newId } from '../platform/ids.ts';
import type { ChannelBook } from './channelBook.ts';
import { type AlertRow, type AlertTables, type DeliveryRow, type NotificationType, toAlert } from './tables.ts';

const CHUNK = 500;

/** One outbox row: what is told, as it stood at `at`. Every attempt sends these same bytes under the same id. */
export function deliveryRow(row: {
  alertId: string | null;
  channel: string;
  notification: AlertNotification;
  /** When it happened, and when it is to be told; epoch milliseconds. */
  at: number;
  now: number;
}): DeliveryRow {
  return {
    id: newId('dlv', row.at),
    alert_id: row.alertId,
    channel: row.channel,
    type: row.notification.type,
    title: row.notification.alert.title,
    payload: JSON.stringify(row.notification),
    status: 'pending',
    attempts: 0,
    due_at: row.now,
    holder: null,
    possible_repeat: 0,
    created_at: row.now,
    settled_at: null,
    last_error: null,
  };
}

type Told = { type: Extract<NotificationType, 'alert.opened' | 'alert.resolved'>; alert: AlertRow; channels: string[] };

/** Puts notifications into the outbox, inside the transaction of the change. What a channel was told already is skipped. */
async function enqueue(trx: Db, told: readonly Told[], at: number, now: number): Promise<void> {
  const rows = told.flatMap(({ type, alert, channels }) => {
    const notification: AlertNotification = { type, at: iso(at), alert: toAlert(alert) };
    return channels.map((channel) => deliveryRow({ alertId: alert.id, channel, notification, at, now }));
  });
  for (let i = 0; i < rows.length; i += CHUNK)
    await trx
      .withTables<AlertTables>()
      .insertInto('deliveries')
      .values(rows.slice(i, i + CHUNK))
      .onConflict((oc) => oc.columns(['alert_id', 'type', 'channel']).doNothing())
      .execute();
}

/** Tells every channel that wants to hear of these alerts that they opened. */
export const enqueueOpened = (
  trx: Db,
  book: ChannelBook,
  alerts: readonly AlertRow[],
  at: number,
  now: number,
): Promise<void> =>
  enqueue(
    trx,
    alerts.map((alert) => ({ type: 'alert.opened', alert, channels: book.wanting(alert) })),
    at,
    now,
  );

/** Tells whoever was told that an alert opened that it is over, whatever the channels' filters say by now. */
export async function enqueueResolved(trx: Db, alerts: readonly AlertRow[], at: number, now: number): Promise<void> {
  const channels = new Map<string, string[]>();
  const ids = alerts.map(({ id }) => id);
  for (let i = 0; i < ids.length; i += CHUNK) {
    const rows = await trx
      .withTables<AlertTables>()
      .selectFrom('deliveries')
      .select(['alert_id', 'channel'])
      .where('type', '=', 'alert.opened')
      .where('alert_id', 'in', ids.slice(i, i + CHUNK))
      .execute();
    for (const { alert_id, channel } of rows)
      if (alert_id !== null) channels.set(alert_id, [...(channels.get(alert_id) ?? []), channel]);
  }
  const told: Told[] = alerts.map((alert) => ({
    type: 'alert.resolved',
    alert,
    channels: channels.get(alert.id) ?? [],
  }));
  await enqueue(trx, told, at, now);
}

/** What the event stream says of a change of an alert. */
export const alertEvent = (type: NotificationType, alert: AlertRow, at: number, by?: string) => ({
  at,
  type,
  project: alert.project,
  ...(alert.service === null ? {} : { service: alert.service }),
  title: alert.title,
  data: { alertId: alert.id, severity: alert.severity, status: alert.status, ...(by === undefined ? {} : { by }) },
});
