import type { BlastRadius, EcosystemGraph } from '@orrery/protocol';
import { components } from '../components.ts';

type Edge = { from: string; to: string };
type Insights = NonNullable<EcosystemGraph['insights']>;

const MOST_HUBS = 10;
/** Who has fewer neighbours is no hub, however few the others have. */
const FEWEST_NEIGHBOURS = 3;

/** Edges as numbers, so that names are hashed once. */
function numbered(names: readonly string[], edges: readonly Edge[]) {
  const numbers = new Map(names.map((name, number) => [name, number]));
  const out: Set<number>[] = names.map(() => new Set());
  const both: Set<number>[] = names.map(() => new Set());
  for (const { from, to } of edges) {
    const [a, b] = [numbers.get(from), numbers.get(to)];
    if (a === undefined || b === undefined || a === b) continue;
    out[a]?.add(b);
    both[a]?.add(b);
    both[b]?.add(a);
  }
  return { out: out.map((set) => [...set]), both: both.map((set) => [...set]) };
}

/**
 * Pure: what the shape of a graph says. Cycles are its strongly connected components of two and more; hubs have at least three neighbours
 * and more than the mean and two standard deviations (degree centrality); single points are its articulation points, directions aside.
 * Linear in nodes and edges.
 */
export function insightsOf(names: readonly string[], edges: readonly Edge[]): Insights {
  const { out, both } = numbered(names, edges);
  const named = (numbers: readonly number[]) => numbers.map((number) => names[number] ?? '').sort();
  const cycles = components(out)
    .members.filter((group) => group.length > 1)
    .map(named)
    .sort((a, b) => b.length - a.length || (a[0] ?? '').localeCompare(b[0] ?? ''));
  const degrees = both.map((neighbours) => neighbours.length);
  const mean = degrees.reduce((sum, degree) => sum + degree, 0) / Math.max(1, degrees.length);
  const spread = Math.sqrt(
    degrees.reduce((sum, degree) => sum + (degree - mean) ** 2, 0) / Math.max(1, degrees.length),
  );
  const hubs = degrees
    .map((degree, number) => ({ degree, name: names[number] ?? '' }))
    .filter(({ degree }) => degree >= FEWEST_NEIGHBOURS && degree > mean + 2 * spread)
    .sort((a, b) => b.degree - a.degree || a.name.localeCompare(b.name))
    .slice(0, MOST_HUBS)
    .map(({ name }) => name);
  return { cycles, hubs, singlePoints: named(articulations(both)) };
}

/** Nodes without which a connected part falls into several (Hopcroft and Tarjan, without recursion). */
export function articulations(neighbours: readonly (readonly number[])[]): number[] {
  const seen = neighbours.map(() => -1);
  const low = neighbours.map(() => 0);
  const cut = new Set<number>();
  let count = 0;
  for (let root = 0; root < neighbours.length; root++) {
    if (seen[root] !== -1) continue;
    let branches = 0;
    const calls = [{ node: root, parent: -1, next: 0 }];
    seen[root] = low[root] = count++;
    for (let call = calls.at(-1); call; call = calls.at(-1)) {
      const { node, parent } = call;
      const to = neighbours[node]?.[call.next++];
      if (to !== undefined) {
        if (to === parent) continue;
        if (seen[to] !== -1) low[node] = Math.min(low[node] ?? 0, seen[to] ?? 0);
        else {
          seen[to] = low[to] = count++;
          calls.push({ node: to, parent: node, next: 0 });
        }
        continue;
      }
      calls.pop();
      if (parent === -1) continue;
      low[parent] = Math.min(low[parent] ?? 0, low[node] ?? 0);
      if (parent === root) branches++;
      else if ((low[node] ?? 0) >= (seen[parent] ?? 0)) cut.add(parent);
    }
    if (branches > 1) cut.add(root);
  }
  return [...cut];
}

/**
 * Pure: who is hit when a project fails, against the direction of the edges: who needs it, and who needs those. Each by the way whose
 * product of strengths is greatest; the hardest hit first. n log n in edges.
 */
export function blastOf(slug: string, edges: readonly (Edge & { strength: number })[]): BlastRadius['hit'] {
  const needing = new Map<string, Map<string, number>>();
  for (const { from, to, strength } of edges) {
    if (from === to || !(strength > 0)) continue;
    const known = needing.get(to) ?? new Map<string, number>();
    needing.set(to, known.set(from, Math.max(known.get(from) ?? 0, Math.min(1, strength))));
  }
  const best = new Map([[slug, 1]]);
  const before = new Map<string, string>();
  const done = new Set<string>();
  const heap = createHeap();
  heap.push(slug, 1);
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    if (done.has(top.name)) continue;
    done.add(top.name);
    for (const [name, strength] of needing.get(top.name) ?? []) {
      const reached = top.strength * strength;
      if (done.has(name) || reached <= (best.get(name) ?? 0)) continue;
      best.set(name, reached);
      before.set(name, top.name);
      heap.push(name, reached);
    }
  }
  const wayTo = (name: string): string[] => {
    const way = [name];
    for (let at = before.get(name); at !== undefined; at = before.get(at)) way.push(at);
    return way.reverse();
  };
  return [...done]
    .filter((name) => name !== slug)
    .map((name) => ({ slug: name, via: wayTo(name), strength: Math.round((best.get(name) ?? 0) * 1e4) / 1e4 }));
}

/** The strongest first; among equals the first by name, so that the same graph always gives the same ways. */
function createHeap() {
  type Item = { name: string; strength: number };
  const items: Item[] = [];
  const above = (a: Item, b: Item) => a.strength > b.strength || (a.strength === b.strength && a.name < b.name);
  const at = (i: number) => items[i] as Item;
  const swap = (i: number, j: number) => {
    const item = at(i);
    items[i] = at(j);
    items[j] = item;
  };
  return {
    push(name: string, strength: number): void {
      items.push({ name, strength });
      for (let i = items.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!above(at(i), at(parent))) return;
        swap(i, parent);
        i = parent;
      }
    },
    pop(): Item | undefined {
      if (items.length === 0) return undefined;
      swap(0, items.length - 1);
      const top = items.pop();
      for (let i = 0; ; ) {
        let next = i;
        for (const child of [2 * i + 1, 2 * i + 2])
          if (child < items.length && above(at(child), at(next))) next = child;
        if (next === i) return top;
        swap(i, next);
        i = next;
      }
    },
  };
}
