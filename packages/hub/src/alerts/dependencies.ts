import type { AlertStatus, Category, Severity } from '@orrery/protocol';
import type { Dependencies } from '../catalog/index.ts';

/** What of a living alert decides whether it explains others, or is explained by them. */
export type Living = {
  id: string;
  project: string;
  service: string | null;
  severity: Severity;
  category: Category;
  status: AlertStatus;
  created_at: number;
};

export type Part = { project: string; service?: string };

/** Says that what it is about does not work, and nobody has put it aside: what depends on that cannot work either. */
export const isCause = ({ severity, category, status }: Pick<Living, 'severity' | 'category' | 'status'>): boolean =>
  category === 'availability' && severity === 'critical' && (status === 'open' || status === 'acknowledged');

/** Older first. */
export const byAge = (a: Pick<Living, 'id' | 'created_at'>, b: Pick<Living, 'id' | 'created_at'>): number =>
  a.created_at - b.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** A part by its name, `project` or `project/service`, and back. */
export const partOf = ({ project, service }: Pick<Living, 'project' | 'service'>): string =>
  service === null ? project : `${project}/${service}`;

/**
 * Pure: of each living alert the alert that explains it: the oldest of those that stand furthest upstream of it, and depend on no other
 * that is down. Absent is who is explained by nothing. Of a circle of which several are down the oldest explains the others, so that
 * there is always one that people hear of. What concerns security is never explained by an outage, and nothing by an alert that is not
 * `heard`.
 */
export function inhibitions<A extends Living>(
  alerts: readonly A[],
  { groups, groupOf }: Pick<Dependencies, 'groups' | 'groupOf'>,
  heard: (cause: A) => boolean = () => true,
): Map<string, string> {
  const own = new Map<number, A>();
  for (const alert of alerts) {
    const group = groupOf(alert.project, alert.service);
    const known = group === undefined ? undefined : own.get(group);
    if (group !== undefined && isCause(alert) && (!known || byAge(alert, known) < 0) && heard(alert))
      own.set(group, alert);
  }
  const result = new Map<string, string>();
  if (own.size === 0) return result;
  // Groups come after what they need: one pass finds what explains each.
  const above: (A | undefined)[] = [];
  const within: (A | undefined)[] = [];
  for (const [index, { upstream }] of groups.entries()) {
    let oldest: A | undefined;
    for (const each of upstream) {
      const cause = within[each];
      if (cause && (!oldest || byAge(cause, oldest) < 0)) oldest = cause;
    }
    above.push(oldest);
    within.push(oldest ?? own.get(index));
  }
  for (const alert of alerts) {
    const group = groupOf(alert.project, alert.service);
    if (group === undefined || alert.category === 'security') continue;
    const circle = (groups[group]?.parts.length ?? 0) > 1 ? own.get(group) : undefined;
    const cause = above[group] ?? (circle && partOf(circle) !== partOf(alert) ? circle : undefined);
    if (cause) result.set(alert.id, cause.id);
  }
  return result;
}

export const fromPart = (name: string): Part => {
  const slash = name.indexOf('/');
  return slash === -1 ? { project: name } : { project: name.slice(0, slash), service: name.slice(slash + 1) };
};

/** The services that a part needs, directly or not, nearest first, at most `limit`: what to look at when it fails. */
export function upstreamParts(
  { groups, groupOf }: Pick<Dependencies, 'groups' | 'groupOf'>,
  { project, service }: Pick<Living, 'project' | 'service'>,
  limit = 50,
): string[] {
  const start = groupOf(project, service);
  if (start === undefined) return [];
  const self = partOf({ project, service });
  const seen = new Set([start]);
  const parts: string[] = (groups[start]?.parts ?? []).filter((part) => part !== self && part.includes('/'));
  for (const group of seen) {
    if (parts.length >= limit) break;
    for (const each of groups[group]?.upstream ?? []) {
      if (seen.has(each)) continue;
      seen.add(each);
      parts.push(...(groups[each]?.parts ?? []).filter((part) => part.includes('/')));
    }
  }
  return parts.slice(0, limit);
}
