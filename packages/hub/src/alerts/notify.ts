import type { AlertNotification } from '@orrery/protocol';
import { iso } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { newId } from '../platform/ids.ts';
import type { AlertContext } from './context.ts';
import { type Hold, keptBack, loadHolds } from './routing/holds.ts';
import type { Subject } from './routing/match.ts';
import { type Led, type Routed, route, type Taken } from './routing/route.ts';
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
  if (telling.type === 'alert.resolved') return tellResolved(trx, telling);
  const { alerts, now } = telling;
  const holdOf = await loadHolds(context, trx, now);
  const routed = alerts.map((alert) => ({ alert, ...routeAlert(context, alert, now) }));
  await enqueue(
    trx,
    routed.flatMap(({ alert, led }) => openings(telling, alert, led, holdOf(alert))),
  );
  // Without channels there is nobody to be told, and everybody knows; with routes it may be a gap in them.
  const unheard =
    context.routes.all().length === 0 ? [] : routed.filter(({ led, taken }) => led.length === 0 && !onPurpose(taken));
  if (unheard.length > 0)
    await context.appendEvents(
      trx,
      unheard.map(({ alert }) => ({
        ...alertEvent('alert.opened', alert, telling.at),
        type: 'alert.unrouted',
        title: `Nobody is told, since no route leads anywhere: ${alert.title}`,
      })),
    );
}

/** A route without channels is how one says that nobody need hear of it. */
const onPurpose = (taken: readonly Taken[]): boolean => taken.some(({ route }) => route.channels.length === 0);

/** Who is to be told of an alert by the routes and channels that are declared now. */
export const routeAlert = ({ routes, book }: AlertContext, alert: Subject, now: number): Routed =>
  route(
    alert,
    routes.words(alert.project),
    { routes: routes.all().map(({ declaration }) => declaration), channels: book.names(), refusal: book.refusal },
    now,
  );

/** The outbox rows of an opening; those that are kept back say so at once. */
export function openings(
  { at, now, notBefore = 0 }: Pick<Telling, 'at' | 'now' | 'notBefore'>,
  alert: AlertRow,
  led: readonly Led[],
  hold: Hold | undefined,
): DeliveryRow[] {
  const notification: AlertNotification = { type: 'alert.opened', at: iso(at), alert: toAlert(alert) };
  return led.map((to) => {
    const dueAt = Math.max(to.notBefore, notBefore);
    const row = deliveryRow({ alertId: alert.id, ...to, notification, at, now, dueAt });
    const reason = dueAt > now ? undefined : keptBack(row, alert, hold);
    return reason === undefined ? row : { ...row, status: 'suppressed', settled_at: now, reason };
  });
}

async function tellResolved(trx: Db, { alerts, at, now, notBefore = now }: Telling): Promise<void> {
  const ids = alerts.map(({ id }) => id);
  await dropWaiting(trx, ids, now);
  const channels = await toldOf(trx, ids);
  await enqueue(
    trx,
    alerts.flatMap((alert) => {
      const notification: AlertNotification = { type: 'alert.resolved', at: iso(at), alert: toAlert(alert) };
      return [...(channels.get(alert.id) ?? [])].map(([channel, route]) =>
        deliveryRow({ alertId: alert.id, channel, route, notification, at, now, dueAt: notBefore }),
      );
    }),
  );
}

/** What was held back on purpose, and what only repeats, need not be told of what is over. */
async function dropWaiting(trx: Db, ids: readonly string[], now: number): Promise<void> {
  for (let i = 0; i < ids.length; i += CHUNK)
    await trx
      .withTables<AlertTables>()
      .updateTable('deliveries')
      .set({ status: 'suppressed', settled_at: now, reason: 'it was over before it was to be told' })
      .where('alert_id', 'in', ids.slice(i, i + CHUNK))
      .where('status', '=', 'pending')
      .where((eb) =>
        eb.or([
          eb('type', 'in', ['alert.reminder', 'alert.escalated']),
          eb.and([eb('type', '=', 'alert.opened'), eb('attempts', '=', 0), eb('planned_at', '>', now)]),
        ]),
      )
      .execute();
}

/** Writes rows that are not there yet; one that was kept back becomes what the new one is. Returns what was written. */
export async function enqueue(trx: Db, rows: readonly DeliveryRow[]): Promise<DeliveryRow[]> {
  const written: DeliveryRow[] = [];
  for (let i = 0; i < rows.length; i += CHUNK)
    written.push(
      ...(await trx
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
        .returningAll()
        .execute()),
    );
  return written;
}

/** Types of what is told while an alert is open. */
export const OF_OPEN = ['alert.opened', 'alert.reminder', 'alert.escalated'] as const satisfies NotificationType[];

/** The channels that heard, or may have heard, of each alert, with the route that led to them. */
export async function toldOf(trx: Db, ids: readonly string[]): Promise<Map<string, Map<string, string | null>>> {
  const told = new Map<string, Map<string, string | null>>();
  for (let i = 0; i < ids.length; i += CHUNK) {
    const rows = await trx
      .withTables<AlertTables>()
      .selectFrom('deliveries')
      .select(['alert_id', 'channel', 'route'])
      .where('type', 'in', OF_OPEN)
      .where((eb) => eb.or([eb('status', 'in', ['pending', 'sending', 'delivered']), eb('possible_repeat', '=', 1)]))
      .where('alert_id', 'in', ids.slice(i, i + CHUNK))
      .orderBy('id')
      .execute();
    for (const { alert_id, channel, route } of rows) {
      const channels = told.get(alert_id ?? '') ?? new Map<string, string | null>();
      if (!channels.has(channel)) channels.set(channel, route);
      told.set(alert_id ?? '', channels);
    }
  }
  return told;
}

/** What the event stream says of a change of an alert. */
export const alertEvent = (type: NotificationType, alert: AlertRow, at: number, by?: string) => ({
  at,
  type,
  project: alert.project,
  ...(alert.service === null ? {} : { service: alert.service }),
  title: alert.title,
  data: {
    alertId: alert.id,
    severity: alert.severity,
    status: alert.status,
    detector: alert.detector,
    ...(by === undefined ? {} : { by }),
  },
});
