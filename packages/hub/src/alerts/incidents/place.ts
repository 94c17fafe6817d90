import type { Dependencies } from '../../catalog/index.ts';
import type { NewEvent } from '../../events/index.ts';
import { newId } from '../../platform/ids.ts';
import type { AlertRow, IncidentRow } from '../tables.ts';
import { type Connected, connect, type Member } from './connect.ts';
import { reasonFor, rootOf } from './root.ts';

/** An alert as far as incidents need it. */
export type Known = Member & Pick<AlertRow, 'title' | 'detector'>;
export type Placement = {
  /** Incidents as they are from now on, as far as they are new or changed. */
  incidents: IncidentRow[];
  /** Alerts that belong to another incident than before, or to one at last. */
  placed: Map<string, string>;
  events: NewEvent[];
};
type Standing = {
  living: readonly Known[];
  /** All that are open, and those that living alerts belong to. */
  incidents: ReadonlyMap<string, IncidentRow>;
  /** Roots that live no more. */
  roots: ReadonlyMap<string, Known>;
};

/** Decides, from what stands, what the incidents have to become: begun, joined, merged, over, or open again. */
export function place(
  { living, incidents, roots }: Standing,
  graph: Pick<Dependencies, 'groups' | 'groupOf'>,
  at: number,
): Placement {
  // An alert whose incident is gone joins one like a new one.
  const members = living.map((alert) =>
    alert.incident_id === null || incidents.has(alert.incident_id) ? alert : { ...alert, incident_id: null },
  );
  const alerts = new Map([...roots, ...members.map((alert): [string, Known] => [alert.id, alert])]);
  const changed = new Map<string, IncidentRow>();
  const placed = new Map<string, string>();
  const events: NewEvent[] = [];
  const say = (type: string, incident: IncidentRow, more: object = {}) =>
    events.push(incidentEvent(type, incident, alerts.get(incident.root_alert_id), at, more));

  for (const group of connect(members, [...incidents.values()], graph)) {
    const [oldest, ...absorbed] = group.incidents.flatMap((id) => incidents.get(id) ?? []);
    const roots = [oldest, ...absorbed].flatMap((row) => alerts.get(row?.root_alert_id ?? '') ?? []);
    const incident = describe(group, oldest, roots, graph, at);
    if (!incident) continue;
    changed.set(incident.id, incident);
    for (const { id, incident_id } of group.alerts) if (incident_id !== incident.id) placed.set(id, incident.id);
    if (!oldest) say('incident.opened', incident);
    else if (oldest.status === 'resolved') say('incident.reopened', incident);
    for (const each of absorbed) {
      const over = {
        ...each,
        status: 'resolved',
        resolved_at: at,
        last_change_at: at,
        merged_into: incident.id,
      } as const;
      changed.set(each.id, over);
      say('incident.merged', over, { into: incident.id });
    }
  }

  const inhabited = new Set(members.map(({ id, incident_id }) => placed.get(id) ?? incident_id));
  for (const known of incidents.values()) {
    const row = changed.get(known.id) ?? known;
    if (row.merged_into !== null || inhabited.has(row.id) === (row.status === 'open')) continue;
    const next: IncidentRow =
      row.status === 'open'
        ? { ...row, status: 'resolved', resolved_at: at, last_change_at: at }
        : { ...row, status: 'open', resolved_at: null, last_change_at: at };
    changed.set(row.id, next);
    say(next.status === 'open' ? 'incident.reopened' : 'incident.resolved', next);
  }
  return { incidents: [...changed.values()], placed, events };
}

function describe(
  { alerts, joining }: Connected<Known>,
  before: IncidentRow | undefined,
  roots: readonly Known[],
  graph: Pick<Dependencies, 'groups' | 'groupOf'>,
  at: number,
): IncidentRow | undefined {
  const candidates = [...new Map([...roots, ...alerts].map((alert) => [alert.id, alert])).values()];
  const root = rootOf(candidates, graph);
  if (!root) return undefined;
  const began = Math.min(...alerts.map(({ created_at }) => created_at));
  const opened = Math.max(...joining.map(({ created_at }) => created_at));
  return {
    id: before?.id ?? newId('inc', began),
    status: 'open',
    root_alert_id: root.id,
    reason: reasonFor(candidates, root, graph),
    merged_into: null,
    started_at: Math.min(before?.started_at ?? began, began),
    last_opening_at: Math.max(before?.last_opening_at ?? opened, opened),
    last_change_at: at,
    resolved_at: null,
  };
}

function incidentEvent(
  type: string,
  incident: IncidentRow,
  root: Known | undefined,
  at: number,
  more: object,
): NewEvent {
  return {
    at,
    type,
    ...(root === undefined ? {} : { project: root.project }),
    ...(root?.service == null ? {} : { service: root.service }),
    title: root?.title ?? 'An incident',
    data: { incidentId: incident.id, rootAlertId: incident.root_alert_id, detector: root?.detector, ...more },
  };
}
