import type { AlertNotification } from '@orrery/protocol';
import { iso } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { newId } from '../platform/ids.ts';
import type { AlertContext } from './context.ts';
import { type AlertRow, type AlertTables, type DeliveryRow, type NotificationType, toAlert } from './tables.ts';

const CHUNK = 300;

/** One outbox row: what is told, as it stood at `at`. Every attempt sends these same bytes under the same id. */
export function deliveryRow(row: {
  alertId: string | null;
  channel: string;
  notification: AlertNotification;
  /** When it happened, and now; epoch milliseconds. */
  at: number;
  now: number;
  /** When it is to be told; now when absent. */
  dueAt?: number;
  /** Which reminder, or which step of the escalation. */
  seq?: number;
  route?: string | null;
}): DeliveryRow {
  const dueAt = Math.max(row.now, row.dueAt ?? 0);
  return {
    id: newId('dlv', row.at),
    alert_id: row.alertId,
    channel: row.channel,
    type: row.notification.type,
    seq: row.seq ?? 0,
    title: row.notification.alert.title,
    payload: JSON.stringify(row.notification),
    status: 'pending',
    attempts: 0,
    due_at: dueAt,
    holder: null,
    possible_repeat: 0,
    created_at: row.now,
    planned_at: dueAt,
    settled_at: null,
    last_error: null,
    route: row.route ?? null,
    reason: null,
  };
}

export type Telling = {
  type: Extract<NotificationType, 'alert.opened' | 'alert.resolved'>;
  alerts: readonly AlertRow[];
  /** When it happened, and now; epoch milliseconds. */
  at: number;
  now: number;
  /** Held back until then: what is over or kept back by that time is not told. */
  notBefore?: number;
};

/**
 * Puts into the outbox, inside the transaction of the change, what people must hear: of openings whoever the routes name, of resolutions
 * whoever was really told of the opening. What a channel was told already is skipped, and what was kept back once is told after all.
 */
export async function tell(trx: Db, context: AlertContext, telling: Telling): Promise<void> {
  if (telling.alerts.length === 0) return;
  const channels =
    telling.type === 'alert.opened'
      ? new Map(telling.alerts.map((alert) => [alert.id, context.book.wanting(alert)]))
      : await toldOf(trx, telling.alerts);
  const rows = telling.alerts.flatMap((alert) => {
    const notification: AlertNotification = { type: telling.type, at: iso(telling.at), alert: toAlert(alert) };
    const { at, now, notBefore } = telling;
    const dueAt = notBefore ?? now;
    return (channels.get(alert.id) ?? []).map((channel) =>
      deliveryRow({ alertId: alert.id, channel, notification, at, now, dueAt }),
    );
  });
  await enqueue(trx, rows);
}

/** Writes rows that are not there yet; one that was kept back becomes what the new one is. */
async function enqueue(trx: Db, rows: readonly DeliveryRow[]): Promise<void> {
  for (let i = 0; i < rows.length; i += CHUNK)
    await trx
      .withTables<AlertTables>()
      .insertInto('deliveries')
      .values(rows.slice(i, i + CHUNK))
      .onConflict((oc) =>
        oc
          .columns(['alert_id', 'type', 'channel', 'seq'])
          .doUpdateSet((eb) => ({
            status: eb.ref('excluded.status'),
            payload: eb.ref('excluded.payload'),
            due_at: eb.ref('excluded.due_at'),
            planned_at: eb.ref('excluded.planned_at'),
            settled_at: eb.ref('excluded.settled_at'),
            route: eb.ref('excluded.route'),
            reason: eb.ref('excluded.reason'),
          }))
          .where('deliveries.status', '=', 'suppressed'),
      )
      .execute();
}

/** The channels that heard, or may have heard, of each alert. */
async function toldOf(trx: Db, alerts: readonly AlertRow[]): Promise<Map<string, string[]>> {
  const channels = new Map<string, string[]>();
  const ids = alerts.map(({ id }) => id);
  for (let i = 0; i < ids.length; i += CHUNK) {
    const rows = await trx
      .withTables<AlertTables>()
      .selectFrom('deliveries')
      .select(['alert_id', 'channel'])
      .distinct()
      .where('type', 'in', ['alert.opened', 'alert.reminder', 'alert.escalated'])
      .where((eb) => eb.or([eb('status', 'in', ['pending', 'sending', 'delivered']), eb('possible_repeat', '=', 1)]))
      .where('alert_id', 'in', ids.slice(i, i + CHUNK))
      .execute();
    for (const { alert_id, channel } of rows)
      if (alert_id !== null) channels.set(alert_id, [...(channels.get(alert_id) ?? []), channel]);
  }
  return channels;
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
