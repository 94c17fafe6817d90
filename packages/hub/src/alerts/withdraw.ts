import type { Db } from '../platform/db.ts';
import { OF_OPEN } from './notify.ts';
import type { AlertRow, AlertTables } from './tables.ts';

const CHUNK = 500;

/** Keeps back the openings of these alerts, as far as they have not left. They are told after all when `tell` is asked to. */
export async function withdrawOpenings(trx: Db, ids: readonly string[], now: number, reason: string): Promise<void> {
  for (let i = 0; i < ids.length; i += CHUNK)
    await trx
      .withTables<AlertTables>()
      .updateTable('deliveries')
      .set({ status: 'suppressed', settled_at: now, reason })
      .where('alert_id', 'in', ids.slice(i, i + CHUNK))
      .where('type', 'in', OF_OPEN)
      .where('status', '=', 'pending')
      .where('attempts', '=', 0)
      .execute();
}

/**
 * Of alerts that have recovered, those whose end nobody has been told and nobody is being told; what was to tell it is kept back. One
 * whose end has reached only some channels is over.
 */
export async function withdrawEnds(trx: Db, alerts: readonly AlertRow[], now: number): Promise<AlertRow[]> {
  const q = trx.withTables<AlertTables>();
  const left = new Set<string>();
  const waiting: { id: string; alert: string }[] = [];
  for (let i = 0; i < alerts.length; i += CHUNK) {
    // An update that changes nothing holds the rows: whoever is about to claim one waits, and finds it kept back.
    const rows = await q
      .updateTable('deliveries')
      .set((eb) => ({ due_at: eb.ref('due_at') }))
      .where(
        'alert_id',
        'in',
        alerts.slice(i, i + CHUNK).map(({ id }) => id),
      )
      .where('type', '=', 'alert.resolved')
      .returning(['id', 'alert_id', 'status', 'attempts', 'possible_repeat'])
      .execute();
    for (const { id, alert_id, status, attempts, possible_repeat } of rows) {
      const unsent = status === 'pending' && attempts === 0 && possible_repeat === 0;
      if (unsent) waiting.push({ id, alert: alert_id ?? '' });
      else if (status !== 'suppressed') left.add(alert_id ?? '');
    }
  }
  const ids = waiting.filter(({ alert }) => !left.has(alert)).map(({ id }) => id);
  for (let i = 0; i < ids.length; i += CHUNK)
    await q
      .updateTable('deliveries')
      .set({ status: 'suppressed', settled_at: now, reason: 'it came back before its end was to be told' })
      .where('id', 'in', ids.slice(i, i + CHUNK))
      .execute();
  return alerts.filter(({ id }) => !left.has(id));
}

/** Of these alerts, those of whose opening something is kept back. */
export async function withOpeningsKeptBack(trx: Db, alerts: readonly AlertRow[]): Promise<AlertRow[]> {
  const kept = new Set<string | null>();
  for (let i = 0; i < alerts.length; i += CHUNK)
    for (const { alert_id } of await trx
      .withTables<AlertTables>()
      .selectFrom('deliveries')
      .select('alert_id')
      .where(
        'alert_id',
        'in',
        alerts.slice(i, i + CHUNK).map(({ id }) => id),
      )
      .where('type', '=', 'alert.opened')
      .where('status', '=', 'suppressed')
      .execute())
      kept.add(alert_id);
  return alerts.filter(({ id }) => kept.has(id));
}
