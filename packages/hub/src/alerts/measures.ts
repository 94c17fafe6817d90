import type { AlertContext } from './context.ts';
import { type AlertTables, LIVING, UNSETTLED } from './tables.ts';

export type Measure = { labels: Record<string, string>; value: number };

/** Living alerts by status and severity, for a gauge. */
export async function livingAlerts({ db }: AlertContext): Promise<Measure[]> {
  const rows = await db
    .withTables<AlertTables>()
    .selectFrom('alerts')
    .select((eb) => ['status', 'severity', eb.fn.countAll<number>().as('count')])
    .where('status', 'in', LIVING)
    .groupBy(['status', 'severity'])
    .execute();
  return rows.map(({ status, severity, count }) => ({ labels: { status, severity }, value: Number(count) }));
}

/** Incidents that are open, for a gauge. */
export async function openIncidents({ db }: AlertContext): Promise<Measure[]> {
  const { count } = await db
    .withTables<AlertTables>()
    .selectFrom('incidents')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('status', '=', 'open')
    .executeTakeFirstOrThrow();
  return [{ labels: {}, value: Number(count) }];
}

/** Notifications that wait or are being sent, by channel, for a gauge. */
export async function pendingDeliveries({ db, book }: AlertContext): Promise<Measure[]> {
  const rows = await db
    .withTables<AlertTables>()
    .selectFrom('deliveries')
    .select((eb) => ['channel', eb.fn.countAll<number>().as('count')])
    .where(UNSETTLED)
    .groupBy('channel')
    .execute();
  const waiting = new Map(rows.map(({ channel, count }) => [channel, Number(count)]));
  return book.all().map(({ declaration: { name } }) => ({ labels: { channel: name }, value: waiting.get(name) ?? 0 }));
}

/** Notifications that ended, by channel and outcome, since the database began, for a counter. */
export async function settledDeliveries({ db }: AlertContext): Promise<Measure[]> {
  const rows = await db.withTables<AlertTables>().selectFrom('channel_states').selectAll().execute();
  return rows.flatMap(({ name, delivered, failed }) => [
    { labels: { channel: name, outcome: 'delivered' }, value: delivered },
    { labels: { channel: name, outcome: 'failed' }, value: failed },
  ]);
}
