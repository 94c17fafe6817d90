import { type ProbeDeclaration, parseDuration } from '@orrery/protocol';
import { components } from './components.ts';
import type { StoredProject } from './store.ts';

type Project = Pick<StoredProject, 'slug' | 'dependsOn' | 'services'>;

/** Parts that need each other in a circle form one group; every other part is alone in its own. */
export type DependencyGroup = {
  /** The groups that this one needs directly; their numbers are lower than its own. */
  upstream: readonly number[];
  /** `project/service`, or `project` for what concerns it as a whole. */
  parts: readonly string[];
  /** How long a look at the slowest of its services takes until it is believed, in ms: to go down, and to come back. */
  downMs: number;
  upMs: number;
  /** The longest `downMs` of all that it needs, directly or not; 0 when it needs nothing that is probed. */
  upstreamDownMs: number;
};
export type Dependencies = {
  /** What others need comes before them. */
  groups: readonly DependencyGroup[];
  /** The group of a service, or of its project when nobody declares such a service; undefined when nobody declares the project. */
  groupOf(project: string, service: string | null): number | undefined;
};

/** Stands for all of a project, for those who need the whole of it: no service can have this name. */
const whole = (slug: string) => `${slug}/*`;

/**
 * Pure: what depends on what, from the declarations. A service needs what it names and what its project names; who names a project needs
 * each of its services. What is named and declared nowhere is left out; circles are kept.
 */
export function dependenciesOf(projects: readonly Project[]): Dependencies {
  const numbers = new Map<string, number>();
  const names: string[] = [];
  const services = new Map<number, readonly ProbeDeclaration[]>();
  const add = (name: string): number => {
    numbers.set(name, names.length);
    return names.push(name) - 1;
  };
  for (const { slug, services: parts } of projects) {
    add(slug);
    add(whole(slug));
    for (const { name, probes } of parts) services.set(add(`${slug}/${name}`), probes);
  }
  const edges: number[][] = names.map(() => []);
  const link = (from: string, to: string) => {
    const [a, b] = [numbers.get(from), numbers.get(to)];
    if (a !== undefined && b !== undefined && a !== b) edges[a]?.push(b);
  };
  for (const { slug, dependsOn, services: parts } of projects) {
    link(whole(slug), slug);
    for (const other of dependsOn) if (other !== slug) link(slug, whole(other));
    for (const { name, dependsOn: needs } of parts) {
      const own = `${slug}/${name}`;
      link(whole(slug), own);
      for (const other of dependsOn) if (other !== slug) link(own, whole(other));
      // A name alone is a service of the same project before it is another project.
      for (const need of needs)
        if (numbers.has(`${slug}/${need}`)) link(own, `${slug}/${need}`);
        else if (need !== slug) link(own, need.includes('/') ? need : whole(need));
    }
  }
  const { members, of } = components(edges);
  const groups: DependencyGroup[] = [];
  for (const [index, group] of members.entries()) {
    const needed = group.flatMap((part) => (edges[part] ?? []).map((to) => of[to] ?? index));
    const upstream = [...new Set(needed)].filter((each) => each !== index);
    const probes = group.flatMap((part) => services.get(part) ?? []);
    groups.push({
      upstream,
      parts: group.map((part) => names[part] ?? '').filter((name) => !name.endsWith('/*')),
      downMs: slowest(probes, 'failAfter'),
      upMs: slowest(probes, 'recoverAfter'),
      upstreamDownMs: Math.max(
        // In a circle each needs the others.
        group.length > 1 ? slowest(probes, 'failAfter') : 0,
        ...upstream.map((each) => Math.max(groups[each]?.downMs ?? 0, groups[each]?.upstreamDownMs ?? 0)),
      ),
    });
  }
  return {
    groups,
    groupOf(project, service) {
      const number = (service === null ? undefined : numbers.get(`${project}/${service}`)) ?? numbers.get(project);
      return number === undefined ? undefined : of[number];
    },
  };
}

/** A heartbeat cannot be looked at: it is the job that calls. */
function slowest(probes: readonly ProbeDeclaration[], confirmations: 'failAfter' | 'recoverAfter'): number {
  return Math.max(
    0,
    ...probes.map((probe) =>
      probe.kind === 'heartbeat'
        ? 0
        : (parseDuration(probe.interval) ?? 0) * probe[confirmations] + (parseDuration(probe.timeout) ?? 0),
    ),
  );
}

export const NOTHING_DECLARED: Dependencies = dependenciesOf([]);
