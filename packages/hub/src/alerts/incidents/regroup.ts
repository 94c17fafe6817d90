import type { NewEvent } from '../../events/index.ts';
import type { Db } from '../../platform/db.ts';
import type { AlertContext } from '../context.ts';
import { explanations } from '../explain.ts';
import type { AlertRow } from '../tables.ts';
import { place } from './place.ts';
import { alertsOf, incidentsWith, livingAlerts, saveIncidents, setEach } from './store.ts';

export type Regrouped = {
  /** The row of a living alert with what it belongs to now. */
  current(alert: AlertRow): AlertRow;
  /** Alerts that another one explains from now on, and those that none explains any more. */
  inhibited: string[];
  released: string[];
  events: NewEvent[];
};

/**
 * In a transaction that holds the turn: makes inhibitions and incidents follow from the living alerts and the declared dependencies. It
 * works on what stands in the rows alone, so it also puts right what older declarations left.
 */
export async function regroup(trx: Db, context: AlertContext, at: number): Promise<Regrouped> {
  const graph = context.dependencies.current();
  const living = await livingAlerts(trx);
  const explained = explanations(context, living);
  const moved = living.filter(({ id, inhibited_by }) => (explained.get(id) ?? null) !== inhibited_by);
  await setEach(trx, 'inhibited_by', new Map(moved.map(({ id }) => [id, explained.get(id) ?? null])));

  const incidents = await incidentsWith(trx, new Set(living.flatMap(({ incident_id }) => incident_id ?? [])));
  const alive = new Set(living.map(({ id }) => id));
  const roots = [...incidents.values()].map(({ root_alert_id }) => root_alert_id).filter((id) => !alive.has(id));
  const decided = place({ living, incidents, roots: await alertsOf(trx, roots) }, graph, at);
  await saveIncidents(trx, decided.incidents);
  await setEach(trx, 'incident_id', decided.placed);

  return {
    current: (alert) => ({
      ...alert,
      incident_id: decided.placed.get(alert.id) ?? alert.incident_id,
      inhibited_by: explained.get(alert.id) ?? null,
    }),
    inhibited: moved.filter(({ id, inhibited_by }) => explained.has(id) && inhibited_by === null).map(({ id }) => id),
    released: moved.filter(({ id }) => !explained.has(id)).map(({ id }) => id),
    events: decided.events,
  };
}
