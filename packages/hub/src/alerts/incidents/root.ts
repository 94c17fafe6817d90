import type { Severity } from '@orrery/protocol';
import type { Dependencies } from '../../catalog/index.ts';
import { byAge, isCause, type Living, partOf } from '../dependencies.ts';

type Graph = Pick<Dependencies, 'groups' | 'groupOf'>;

const RANK: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };

/** The most severe of some severities; `info` of none. */
export const worst = (severities: readonly Severity[]): Severity =>
  severities.reduce<Severity>((one, other) => (RANK[other] < RANK[one] ? other : one), 'info');

/** Pure: the alert that stands furthest upstream, the oldest among equals, and of those of one moment the most severe. */
export function rootOf<A extends Living>(alerts: readonly A[], graph: Graph): A | undefined {
  const groups = new Set(alerts.map(({ project, service }) => graph.groupOf(project, service)));
  const depends = new Map([...groups].map((group) => [group, needsAnyOf(group, groups, graph)]));
  const key = (alert: A) => [
    depends.get(graph.groupOf(alert.project, alert.service)) ? 1 : 0,
    alert.created_at,
    RANK[alert.severity],
  ];
  return alerts.toSorted((a, b) => {
    const [left, right] = [key(a), key(b)];
    const at = left.findIndex((value, index) => value !== right[index]);
    return at === -1 ? byAge(a, b) : (left[at] ?? 0) - (right[at] ?? 0);
  })[0];
}

function needsAnyOf(start: number | undefined, wanted: ReadonlySet<number | undefined>, { groups }: Graph): boolean {
  if (start === undefined || wanted.size < 2) return false;
  const seen = new Set([start]);
  for (const group of seen)
    for (const each of groups[group]?.upstream ?? []) {
      if (wanted.has(each)) return true;
      seen.add(each);
    }
  return false;
}

/** Pure: in words, why these alerts are one incident whose root is `root`. */
export function reasonFor(alerts: readonly Living[], root: Living, graph: Graph): string {
  const others = alerts.filter(({ id }) => id !== root.id).sort(byAge);
  const first = others[0];
  if (!first) return 'It is the only alert so far.';
  const above = graph.groupOf(root.project, root.service);
  const hanging = others.filter(
    (alert) =>
      partOf(alert) !== partOf(root) &&
      above !== undefined &&
      (graph.groupOf(alert.project, alert.service) === above ||
        needsAnyOf(graph.groupOf(alert.project, alert.service), new Set([above, undefined]), graph)),
  );
  const beside = others.filter((alert) => !hanging.includes(alert));
  const said: string[] = [];
  const [earliest] = hanging;
  if (earliest) {
    const parts = [...new Set(hanging.map(partOf))];
    const happened = isCause({ ...root, status: 'open' }) ? 'went down' : 'raised an alert';
    said.push(
      `${list(parts)} ${parts.length === 1 ? 'depends' : 'depend'} on ${partOf(root)}, which ${happened} ${when(earliest.created_at - root.created_at)}.`,
    );
  }
  if (beside.length > 0) {
    const projects = new Set([root, ...hanging].map(({ project }) => project));
    const near = beside.filter(({ project }) => projects.has(project));
    const parts = [...new Set((near.length > 0 ? near : beside).map(partOf))];
    said.push(
      `${list(parts)} began to fail together with ${near.length > 0 ? 'other parts of the same project' : 'what it is connected with'}.`,
    );
  }
  return said.join(' ');
}

function list(names: readonly string[]): string {
  if (names.length > 4) return `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '');
}

function when(ms: number): string {
  if (Math.abs(ms) < 1000) return 'at the same time';
  const seconds = Math.round(Math.abs(ms) / 1000);
  const span = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  return `${span} ${ms > 0 ? 'earlier' : 'later'}`;
}
