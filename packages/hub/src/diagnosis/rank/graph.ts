import type { Severity } from '@orrery/protocol';
import type { Dependencies } from '../../catalog/index.ts';
import type { Part } from './facts.ts';

export type Graph = Pick<Dependencies, 'groups' | 'groupOf'>;
export type Onset = Part & { at: number; severity: Severity };

const RANKS = { info: 0, warning: 1, critical: 2 } as const satisfies Record<Severity, number>;
export const rankOf = (severity: Severity): number => RANKS[severity];

export type Reach = {
  /** The share of the failing parts that are this one or hang on it, 0–1. */
  cover(part: Part): number;
  /** What one failing part is of them all. */
  alone: number;
  /** When the first of the failing parts that hang on this one, or are it, began. */
  downstreamOnset(part: Part): number;
  /** Whether `part` is `other` or hangs on it. */
  hangs(part: Part, other: Part): boolean;
  /** When the first of those that fail at least so badly, and that the part needs, began; Infinity when there is none. */
  upstreamOnset(part: Part, severity: Severity): number;
};

/**
 * Pure: who of the failing parts hangs on whom. One pass down and one up over groups in order of need, with a bit for each failing group:
 * O(edges × failing ÷ 32).
 */
export function reachOf(graph: Graph, failing: readonly Onset[]): Reach {
  const { groups } = graph;
  /** Its own group: a service that nobody declares has the needs of its project, and is no other part of it. */
  const groupOf = (project: string, service: string | null): number | undefined => {
    const group = graph.groupOf(project, service);
    const name = service === null ? project : `${project}/${service}`;
    return group !== undefined && groups[group]?.parts.includes(name) ? group : undefined;
  };
  const bitOf = new Map<number, number>();
  for (const part of failing) {
    const group = groupOf(part.project, part.service);
    if (group !== undefined && !bitOf.has(group)) bitOf.set(group, bitOf.size);
  }
  const words = Math.max(1, Math.ceil(bitOf.size / 32));
  const bits = groups.map(() => undefined as Uint32Array | undefined);
  const own = (group: number): Uint32Array => {
    const known = bits[group] ?? new Uint32Array(words);
    bits[group] = known;
    return known;
  };
  for (const [group, bit] of bitOf) {
    const word = own(group);
    word[bit >> 5] = (word[bit >> 5] ?? 0) | (1 << (bit & 31));
  }
  const firstBelow = groups.map(() => Infinity);
  for (const part of failing) {
    const group = groupOf(part.project, part.service);
    if (group !== undefined) firstBelow[group] = Math.min(firstBelow[group] ?? Infinity, part.at);
  }
  // Groups come after what they need: from the last one back each hands on what hangs on it.
  for (let group = groups.length - 1; group >= 0; group--) {
    const mine = bits[group];
    if (!mine) continue;
    for (const above of groups[group]?.upstream ?? []) {
      const theirs = own(above);
      firstBelow[above] = Math.min(firstBelow[above] ?? Infinity, firstBelow[group] ?? Infinity);
      for (let i = 0; i < words; i++) theirs[i] = (theirs[i] ?? 0) | (mine[i] ?? 0);
    }
  }
  const began = groups.map(() => [Infinity, Infinity, Infinity]);
  for (const part of failing) {
    const at = began[groupOf(part.project, part.service) ?? -1];
    if (at) for (let rank = 0; rank <= RANKS[part.severity]; rank++) at[rank] = Math.min(at[rank] ?? Infinity, part.at);
  }
  const above = groups.map(() => [Infinity, Infinity, Infinity]);
  for (const [group, { upstream }] of groups.entries())
    for (const each of upstream)
      for (let rank = 0; rank < 3; rank++) {
        const first = Math.min(above[each]?.[rank] ?? Infinity, began[each]?.[rank] ?? Infinity);
        const mine = above[group];
        if (mine && first < (mine[rank] ?? Infinity)) mine[rank] = first;
      }

  /** A project as a whole stands for each of its services too. */
  const ofProject = new Map<string, number[]>();
  for (const [group, { parts }] of groups.entries())
    for (const part of parts) {
      const project = part.slice(0, part.includes('/') ? part.indexOf('/') : undefined);
      const known = ofProject.get(project);
      if (known) known.push(group);
      else ofProject.set(project, [group]);
    }
  const groupsOf = ({ project, service }: Part): readonly number[] => {
    if (service === null) return ofProject.get(project) ?? [];
    const group = groupOf(project, service);
    return group === undefined ? [] : [group];
  };
  /** Failing parts that no declaration names hang on nothing but themselves. */
  const strangers = failing.filter((part) => groupOf(part.project, part.service) === undefined);
  const total = bitOf.size + new Set(strangers.map(({ project, service }) => `${project}/${service}`)).size;
  return {
    alone: total === 0 ? 0 : 1 / total,
    downstreamOnset: (part) => Math.min(Infinity, ...groupsOf(part).map((group) => firstBelow[group] ?? Infinity)),
    cover(part) {
      if (total === 0) return 0;
      const union = new Uint32Array(words);
      for (const group of groupsOf(part)) {
        const mine = bits[group];
        if (mine) for (let i = 0; i < words; i++) union[i] = (union[i] ?? 0) | (mine[i] ?? 0);
      }
      const same = strangers.filter(
        ({ project, service }) => project === part.project && (part.service === null || part.service === service),
      );
      return (
        (union.reduce((sum, word) => sum + ones(word), 0) + new Set(same.map(({ service }) => service)).size) / total
      );
    },
    hangs(part, other) {
      if (part.project === other.project && (other.service === null || part.service === other.service)) return true;
      const bit = bitOf.get(groupOf(part.project, part.service) ?? -1);
      if (bit === undefined) return false;
      return groupsOf(other).some((group) => (((bits[group]?.[bit >> 5] ?? 0) >>> (bit & 31)) & 1) === 1);
    },
    // A project as a whole is not explained by what fails inside of it.
    upstreamOnset: ({ project, service }, severity) =>
      above[graph.groupOf(project, service) ?? -1]?.[RANKS[severity]] ?? Infinity,
  };
}

function ones(word: number): number {
  let left = word >>> 0;
  let count = 0;
  for (; left !== 0; left &= left - 1) count++;
  return count;
}

/** Pure: the parts that these need, directly or not, nearest first, at most `limit`; none of them among the given. */
export function upstreamOf({ groups, groupOf }: Graph, parts: readonly Part[], limit: number): Part[] {
  const seen = new Set(parts.flatMap(({ project, service }) => groupOf(project, service) ?? []));
  const own = new Set(parts.map(({ project, service }) => (service === null ? project : `${project}/${service}`)));
  const found: Part[] = [];
  const add = (group: number) => {
    for (const name of groups[group]?.parts ?? []) if (!own.has(name)) found.push(partNamed(name));
  };
  const given = seen.size;
  let index = 0;
  for (const group of seen) {
    // Of a circle the others are needed too.
    if (index++ < given ? (groups[group]?.parts.length ?? 0) > 1 : true) add(group);
    if (found.length >= limit) break;
    for (const each of groups[group]?.upstream ?? []) seen.add(each);
  }
  return found.slice(0, limit);
}

const partNamed = (name: string): Part => {
  const slash = name.indexOf('/');
  return slash === -1
    ? { project: name, service: null }
    : { project: name.slice(0, slash), service: name.slice(slash + 1) };
};
