import type { Dependencies } from '../../catalog/index.ts';
import { byAge, isCause, type Living } from '../dependencies.ts';
import type { IncidentRow } from '../tables.ts';

/** Alerts that began within this time of each other began together, in ms. */
export const TOGETHER_MS = 120_000;

export type Member = Living & { incident_id: string | null };
type Standing = Pick<IncidentRow, 'id' | 'started_at' | 'last_opening_at'>;
/** Alerts that are one incident. */
export type Connected<M extends Member> = {
  /** The incidents that they were so far, oldest first; none: a new one. */
  incidents: string[];
  alerts: M[];
  /** Of these, those that belonged to none. */
  joining: M[];
};

/**
 * Pure: which living alerts are one incident, as far as something changes: groups with an alert that belongs to none yet, and groups of
 * several incidents. Two alerts are one when one lies upstream of the other, or on the same part, and is down, or when it began within two
 * minutes of the other; an alert that belongs to none joins what began in its project within two minutes.
 */
export function connect<M extends Member>(
  alerts: readonly M[],
  incidents: readonly Standing[],
  dependencies: Pick<Dependencies, 'groups' | 'groupOf'>,
): Connected<M>[] {
  const sets = unions(alerts.length);
  joinByIncident(alerts, sets);
  joinByPath(alerts, sets, dependencies);
  joinByProject(alerts, sets, new Map(incidents.map((each) => [each.id, each.last_opening_at])));
  const groups = Map.groupBy(alerts.keys(), sets.of);
  const age = new Map(incidents.map(({ id, started_at }) => [id, { id, created_at: started_at }]));
  return [...groups.values()].flatMap((indexes): Connected<M>[] => {
    const members = indexes.flatMap((index) => alerts[index] ?? []).sort(byAge);
    const joining = members.filter(({ incident_id }) => incident_id === null);
    const known = [...new Set(members.flatMap(({ incident_id }) => incident_id ?? []))];
    if (joining.length === 0 && known.length < 2) return [];
    known.sort((a, b) => byAge(age.get(a) ?? { id: a, created_at: 0 }, age.get(b) ?? { id: b, created_at: 0 }));
    return [{ incidents: known, alerts: members, joining }];
  });
}

type Sets = { of(index: number): number; join(a: number, b: number): void };

function unions(size: number): Sets {
  const parent = Array.from({ length: size }, (_, index) => index);
  const of = (index: number): number => {
    let root = index;
    while (parent[root] !== root) root = parent[root] ?? root;
    parent[index] = root;
    return root;
  };
  return {
    of,
    join(a, b) {
      parent[of(a)] = of(b);
    },
  };
}

function joinByIncident(alerts: readonly Member[], sets: Sets): void {
  const first = new Map<string, number>();
  for (const [index, { incident_id }] of alerts.entries()) {
    if (incident_id === null) continue;
    const known = first.get(incident_id);
    if (known === undefined) first.set(incident_id, index);
    else sets.join(index, known);
  }
}

/** What is known upstream of a group of parts: by set, whether something in it is down, and when its newest alert began. */
type Above = Map<number, { index: number; down: boolean; newest: number }>;

function joinByPath(
  alerts: readonly Member[],
  sets: Sets,
  { groups, groupOf }: Pick<Dependencies, 'groups' | 'groupOf'>,
): void {
  const here = new Map<number, number[]>();
  for (const [index, { project, service }] of alerts.entries()) {
    const group = groupOf(project, service);
    if (group === undefined) continue;
    const known = here.get(group);
    if (known) known.push(index);
    else here.set(group, [index]);
  }
  if (here.size === 0) return;
  const told: Above[] = [];
  for (const [group, { upstream, parts }] of groups.entries()) {
    const own = here.get(group) ?? [];
    let above: Above = new Map();
    if (upstream.length === 1 && own.length === 0) above = told[upstream[0] ?? 0] ?? above;
    else for (const each of upstream) for (const known of told[each]?.values() ?? []) note(above, known, sets);
    for (const index of own) {
      const alert = alerts[index];
      if (!alert) continue;
      for (const cause of above.values())
        if (cause.down || Math.abs(alert.created_at - cause.newest) <= TOGETHER_MS) sets.join(index, cause.index);
    }
    for (const index of own) {
      const alert = alerts[index];
      if (!alert) continue;
      const known = { index, down: isCause(alert), newest: alert.created_at };
      // Parts of a circle, and alerts of one part: each is upstream of the others.
      if (parts.length > 1 || known.down)
        for (const other of own) {
          const age = Math.abs((alerts[other]?.created_at ?? 0) - alert.created_at);
          if (known.down || age <= TOGETHER_MS) sets.join(other, index);
        }
      note(above, known, sets);
    }
    told.push(above);
  }
}

/** Takes up what is known of a set; sets that have become one meanwhile are kept as one. */
function note(
  above: Above,
  { index, down, newest }: { index: number; down: boolean; newest: number },
  sets: Sets,
): void {
  const set = sets.of(index);
  const known = above.get(set);
  above.set(set, { index, down: down || (known?.down ?? false), newest: Math.max(newest, known?.newest ?? newest) });
}

function joinByProject(alerts: readonly Member[], sets: Sets, lastOpening: ReadonlyMap<string, number>): void {
  for (const indexes of Map.groupBy(alerts.keys(), (index) => alerts[index]?.project ?? '').values()) {
    const began = (index: number): number => {
      const { incident_id = null, created_at = 0 } = alerts[index] ?? {};
      return (incident_id === null ? undefined : lastOpening.get(incident_id)) ?? created_at;
    };
    const inTime = indexes.toSorted((a, b) => began(a) - began(b));
    for (const [position, index] of inTime.entries()) {
      const before = inTime[position - 1];
      if (before === undefined || began(index) - began(before) > TOGETHER_MS) continue;
      // Incidents that stand already stay two, however close they began.
      if (alerts[index]?.incident_id === null || alerts[before]?.incident_id === null) sets.join(index, before);
    }
  }
}
