import { type AlertNotification, parseDuration } from '@orrery/protocol';
import { iso } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import type { AlertContext } from './context.ts';
import { takeTurn } from './incidents/store.ts';
import { alertEvent, deliveryRow, enqueue, openings, routeAlert } from './notify.ts';
import { type Again, again, type Heard } from './routing/again.ts';
import { type HoldOf, loadHolds } from './routing/holds.ts';
import { type AlertRow, type AlertTables, type DeliveryRow, toAlert } from './tables.ts';

const CHUNK = 500;
/** A channel whose receiver fails for longer has its critical openings told by the first step of the escalation. */
const UNREACHED_MS = 60_000;

/**
 * Says after all what was kept back and is held no more, and says again what nobody has answered. All of it follows from the rows, so a
 * crash loses none of it, and of two hubs that do it at once the outbox takes each telling once.
 */
export function createFollowUp(context: AlertContext): () => Promise<void> {
  /** When the next telling of an alert is due, so that alerts that wait for days are not read every second. */
  let nextAt = new Map<string, number>();
  let revision = -1;

  return async () => {
    const { db, clock, log, routes } = context;
    if (revision !== routes.revision()) nextAt = new Map();
    revision = routes.revision();
    try {
      const now = clock.now();
      await release(context, db, now);
      nextAt = await repeat(context, db, now, nextAt);
    } catch (error) {
      log.error({ err: error }, 'what is to be told again could not be looked for; it is tried again');
    }
  };
}

/** Tells of openings that a silence, maintenance or another alert kept back, and that nothing keeps back now. */
async function release(context: AlertContext, db: Db, now: number): Promise<void> {
  if ((await released(context, db, now)).length === 0) return;
  await inTransaction(db, async (trx) => {
    // What ends meanwhile must not be told of: its end has found nobody who had heard of it.
    await takeTurn(trx);
    await enqueue(trx, await released(context, trx, now));
  });
}

async function released(context: AlertContext, db: Db, now: number): Promise<DeliveryRow[]> {
  const waiting = await db
    .withTables<AlertTables>()
    .selectFrom('alerts as a')
    .selectAll('a')
    .where('a.status', '=', 'open')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('deliveries as d')
          .select('d.id')
          .whereRef('d.alert_id', '=', 'a.id')
          .where('d.type', '=', 'alert.opened')
          .where('d.status', '=', 'suppressed'),
      ),
    )
    .execute();
  if (waiting.length === 0) return [];
  const holdOf = await loadHolds(context, db, now);
  const free = waiting.filter((alert) => !held(alert, holdOf));
  const heard = await heardOf(db, free);
  return free.flatMap((alert) => {
    const known = new Map((heard.get(alert.id) ?? []).map(({ channel, status }) => [channel, status]));
    const nobody = [...known.values()].every((status) => status === 'suppressed');
    // Where some were told, the others follow; where nobody was, whoever the routes name by now.
    const led = routeAlert(context, alert, now).led.filter(
      ({ channel }) => nobody || known.get(channel) === 'suppressed',
    );
    return openings({ at: alert.created_at, now }, alert, led, undefined);
  });
}

async function repeat(
  context: AlertContext,
  db: Db,
  now: number,
  nextAt: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  const since = soonest(context);
  if (since === undefined) return new Map();
  const failing = await failingChannels(db, now);
  const ids = await db
    .withTables<AlertTables>()
    .selectFrom('alerts')
    .select('id')
    .where('status', '=', 'open')
    .where('created_at', '<=', now - since)
    .execute();
  const next = new Map<string, number>();
  const due: string[] = [];
  for (const { id } of ids) {
    const at = nextAt.get(id) ?? 0;
    if (at > now) next.set(id, at);
    else due.push(id);
  }
  if (due.length === 0) return next;
  const holdOf = await loadHolds(context, db, now);
  for (let i = 0; i < due.length; i += CHUNK) {
    const alerts = await db
      .withTables<AlertTables>()
      .selectFrom('alerts')
      .selectAll()
      .where('id', 'in', due.slice(i, i + CHUNK))
      .where('status', '=', 'open')
      .execute();
    const free = alerts.filter((alert) => !held(alert, holdOf));
    const heard = await heardOf(db, free);
    const rows = free.flatMap((alert) => {
      const { taken } = routeAlert(context, alert, now);
      const known = heard.get(alert.id) ?? [];
      const facts = {
        createdAt: alert.created_at,
        critical: alert.severity === 'critical',
        heard: known,
        failing,
        takes: (channel: string) => context.book.refusal(channel, alert) === undefined,
      };
      const found = again(taken, facts, now);
      // What is due is written now, and what is still on its way may fail: both are looked at again in a second.
      const unsettled = known.some(({ status }) => status === 'pending' || status === 'sending');
      next.set(alert.id, unsettled || found.due.length > 0 ? now : found.nextAt);
      return found.due.map((one) => ({ alert, one }));
    });
    if (rows.length > 0) await write(context, rows, now);
  }
  return next;
}

async function write(
  context: AlertContext,
  told: readonly { alert: AlertRow; one: Again }[],
  now: number,
): Promise<void> {
  const alerts = new Map(told.map(({ alert }) => [alert.id, alert]));
  const rows = told.map(({ alert, one: { type, channel, seq, route } }) => {
    const notification: AlertNotification = { type, at: iso(now), alert: toAlert(alert) };
    return deliveryRow({ alertId: alert.id, channel, seq, route, notification, at: now, now });
  });
  await inTransaction(context.db, async (trx) => {
    const written = await enqueue(trx, rows);
    const escalated = new Map(
      written.filter(({ type }) => type === 'alert.escalated').map((row) => [`${row.alert_id} ${row.seq}`, row]),
    );
    const events = [...escalated.values()].flatMap((row) => {
      const alert = alerts.get(row.alert_id ?? '');
      return alert ? [alertEvent('alert.escalated', alert, now)] : [];
    });
    if (events.length > 0) await context.appendEvents(trx, events);
  });
}

const held = (alert: AlertRow, holdOf: HoldOf): boolean => alert.inhibited_by !== null || holdOf(alert) !== undefined;

/** The shortest time after which any route says something again, ms; undefined when none does. */
function soonest({ routes }: AlertContext): number | undefined {
  const times = routes.all().flatMap(({ declaration: { repeatEvery, escalate } }) => [
    ...(repeatEvery === undefined ? [] : [parseDuration(repeatEvery) ?? 0]),
    // The first step is taken at once when a channel is found to be gone.
    ...escalate.map(({ after }, step) => (step === 0 ? 0 : (parseDuration(after) ?? 0))),
  ]);
  return times.length === 0 ? undefined : Math.min(...times);
}

async function failingChannels(db: Db, now: number): Promise<ReadonlySet<string>> {
  const rows = await db
    .withTables<AlertTables>()
    .selectFrom('channel_states')
    .select('name')
    .where('failing_since', '<=', now - UNREACHED_MS)
    .execute();
  return new Set(rows.map(({ name }) => name));
}

/** What is in the outbox of each of these alerts, in the least form: of the reminders of a channel the last one. */
async function heardOf(db: Db, alerts: readonly AlertRow[]): Promise<Map<string, Heard[]>> {
  const heard = new Map<string, Heard[]>();
  const q = db.withTables<AlertTables>();
  for (let i = 0; i < alerts.length; i += CHUNK) {
    const ids = alerts.slice(i, i + CHUNK).map(({ id }) => id);
    const once = await q
      .selectFrom('deliveries')
      .select(['alert_id', 'channel', 'type', 'status', 'seq', 'planned_at'])
      .where('type', 'in', ['alert.opened', 'alert.escalated'])
      .where('alert_id', 'in', ids)
      .execute();
    const reminders = await q
      .selectFrom('deliveries')
      .select((eb) => ['alert_id', 'channel', 'type', eb.fn.max('seq').as('seq')])
      .where('type', '=', 'alert.reminder')
      .where('alert_id', 'in', ids)
      .groupBy(['alert_id', 'channel', 'type'])
      .execute();
    const last = reminders.map((row) => ({ ...row, status: 'delivered' as const, planned_at: 0 }));
    for (const { alert_id, ...row } of [...once, ...last]) {
      const known = heard.get(alert_id ?? '');
      if (known) known.push(row);
      else heard.set(alert_id ?? '', [row]);
    }
  }
  return heard;
}
