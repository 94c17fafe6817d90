import type { NewEvent } from '../events/index.ts';
import type { Db } from '../platform/db.ts';
import type { AlertContext } from './context.ts';
import { upstreamParts } from './dependencies.ts';
import { regroup } from './incidents/regroup.ts';
import { alertEvent, tell } from './notify.ts';
import type { AlertRow, AlertTables } from './tables.ts';
import { withdrawOpenings, withOpeningsKeptBack } from './withdraw.ts';

export type Changed = {
  opened?: readonly AlertRow[];
  reopened?: readonly AlertRow[];
  resolved?: readonly AlertRow[];
  /** When it happened, and now; epoch ms. */
  at: number;
  now: number;
  /** Who or what ended them. */
  by?: string;
  /** Whether an end is told only when it has lasted as long as its finding asks for. */
  settling?: boolean;
};
/** What hangs on other parts is told no later than this when nothing of those has failed by then. */
const LONGEST_WAIT_MS = 10_000;
/** After a part has recovered, what hangs on it has between these to follow before people hear of it. */
const SHORTEST_FOLLOWING_MS = 20_000;
const LONGEST_FOLLOWING_MS = 60_000;

/**
 * In a transaction that holds the turn: everything that follows from a change of alerts. Inhibitions and incidents are brought up to date,
 * what people must hear goes into the outbox, what they need not hear any more is kept back, and events tell of it. Returns the services, as
 * `project/service`, that are worth a look at once: what failing parts need, and what waits for the end of another outage.
 */
export async function announce(trx: Db, context: AlertContext, changed: Changed): Promise<string[]> {
  const { opened = [], reopened = [], resolved = [], at, now } = changed;
  const groups = await regroup(trx, context, at);
  const begun = opened.map(groups.current);
  const back = reopened.map(groups.current);
  const fresh = new Set([...begun, ...back].map(({ id }) => id));

  await withdrawOpenings(trx, groups.inhibited, now, 'what it depends on is down');
  // What has been told stays told, and what somebody is on need not be told.
  const again = await withOpeningsKeptBack(
    trx,
    back.filter(({ status }) => status === 'open'),
  );
  const waiting = await tellBegun(trx, context, [...begun, ...again], changed);
  const free = groups.released.filter((id) => !fresh.has(id));
  const released = await withOpeningsKeptBack(trx, await openAlerts(trx, free));
  await tellInTime(trx, context, released, changed, (alert) => now + followingMs(context, alert));
  for (const [settleMs, alerts] of Map.groupBy(resolved, ({ settle_ms }) => (changed.settling ? settle_ms : 0)))
    await tell(trx, context, { type: 'alert.resolved', alerts, at, now, notBefore: now + settleMs });

  const events: NewEvent[] = [
    ...begun.map((alert) => alertEvent('alert.opened', alert, at)),
    ...back.map((alert) => ({ ...alertEvent('alert.opened', alert, at), type: 'alert.reopened' })),
    ...resolved.map((alert) => alertEvent('alert.resolved', alert, at, changed.by)),
    ...groups.events,
  ];
  if (events.length > 0) await context.appendEvents(trx, events);
  const needed = waiting.flatMap((alert) => upstreamParts(context.dependencies.current(), alert));
  const following = released.flatMap(({ project, service }) => (service === null ? [] : [`${project}/${service}`]));
  return [...new Set([...needed, ...following])];
}

/** Openings: at once, or when what they depend on has had the time to be found down as well. Returns those that wait. */
async function tellBegun(
  trx: Db,
  context: AlertContext,
  alerts: readonly AlertRow[],
  { now, ...changed }: Changed,
): Promise<AlertRow[]> {
  await tellInTime(trx, context, alerts, { ...changed, now }, (alert) => now + waitMs(context, alert));
  return alerts.filter((alert) => waitMs(context, alert) > 0);
}

/** For how long nobody is told of an alert, so that what it depends on can be found down first. */
function waitMs({ dependencies }: AlertContext, { project, service, inhibited_by }: AlertRow): number {
  const { groups, groupOf } = dependencies.current();
  const group = inhibited_by === null ? groupOf(project, service) : undefined;
  return group === undefined ? 0 : Math.min(LONGEST_WAIT_MS, groups[group]?.upstreamDownMs ?? 0);
}

/** The services, as `project/service`, that alerts depend on of which nobody has been told at `at` for that reason. */
export function stillWaiting(context: AlertContext, alerts: readonly AlertRow[], at: number): string[] {
  const waiting = alerts.filter((alert) => alert.status === 'open' && alert.created_at + waitMs(context, alert) > at);
  return [...new Set(waiting.flatMap((alert) => upstreamParts(context.dependencies.current(), alert)))];
}

async function tellInTime(
  trx: Db,
  context: AlertContext,
  alerts: readonly AlertRow[],
  { at, now }: Changed,
  notBefore: (alert: AlertRow) => number,
): Promise<void> {
  for (const [dueAt, group] of Map.groupBy(alerts, notBefore))
    await tell(trx, context, { type: 'alert.opened', alerts: group, at, now, notBefore: dueAt });
}

/** How long a part has to recover after what it depends on has. */
function followingMs(context: AlertContext, { project, service }: AlertRow): number {
  const { groups, groupOf } = context.dependencies.current();
  const group = groupOf(project, service);
  const own = group === undefined ? 0 : (groups[group]?.upMs ?? 0);
  return Math.min(LONGEST_FOLLOWING_MS, Math.max(SHORTEST_FOLLOWING_MS, own));
}

/** Of these alerts those that nobody has taken on or put aside. */
async function openAlerts(trx: Db, ids: readonly string[]): Promise<AlertRow[]> {
  const rows: AlertRow[] = [];
  for (let i = 0; i < ids.length; i += 500)
    rows.push(
      ...(await trx
        .withTables<AlertTables>()
        .selectFrom('alerts')
        .selectAll()
        .where('id', 'in', ids.slice(i, i + 500))
        .where('status', '=', 'open')
        .execute()),
    );
  return rows;
}
