import type { BlastRadius } from '@orrery/protocol';
import { type Model, neededByOf, needsOf } from './model.ts';

export const DIRECTIONS = ['both', 'needs', 'neededBy'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Everything within so many steps of a project, itself included, with the edges between. */
export function neighbourhood(
  model: Model,
  root: string,
  depth: number,
  direction: Direction = 'both',
): { nodes: Set<string>; edges: Set<string> } {
  const nodes = new Set([root]);
  const edges = new Set<string>();
  let rim = [root];
  for (let step = 0; step < depth && rim.length > 0; step++) {
    const next: string[] = [];
    const meet = (slug: string, edge: string) => {
      edges.add(edge);
      if (nodes.has(slug)) return;
      nodes.add(slug);
      next.push(slug);
    };
    for (const slug of rim) {
      if (direction !== 'neededBy') for (const edge of needsOf(model, slug)) meet(edge.to, edge.id);
      if (direction !== 'needs') for (const edge of neededByOf(model, slug)) meet(edge.from, edge.id);
    }
    rim = next;
  }
  return { nodes, edges };
}

export type Blast = BlastRadius & { edges: ReadonlySet<string> };

/** Who is hit when a project fails: the strongest way from it to each that needs it, as `GET /api/fed/graph/blast/{slug}` has it; a way is worth the product of its strengths. */
export function blastOf(model: Model, slug: string): Blast {
  const best = new Map<string, { strength: number; via: string[]; edge?: string }>([
    [slug, { strength: 1, via: [slug] }],
  ]);
  const open = [slug];
  const done = new Set<string>();
  while (open.length > 0) {
    // A few hundred at most: the strongest is looked for each time.
    open.sort((a, b) => (best.get(a)?.strength ?? 0) - (best.get(b)?.strength ?? 0));
    const here = open.pop();
    if (here === undefined || done.has(here)) continue;
    done.add(here);
    const reached = best.get(here);
    if (!reached) continue;
    for (const edge of neededByOf(model, here)) {
      if (edge.strength <= 0) continue;
      const strength = reached.strength * edge.strength;
      if (strength <= (best.get(edge.from)?.strength ?? 0)) continue;
      best.set(edge.from, { strength, via: [...reached.via, edge.from], edge: edge.id });
      open.push(edge.from);
    }
  }
  best.delete(slug);
  const hit = [...best].map(([to, { strength, via }]) => ({ slug: to, via, strength }));
  hit.sort((a, b) => b.strength - a.strength || a.slug.localeCompare(b.slug));
  return { slug, hit, edges: new Set([...best.values()].flatMap(({ edge }) => (edge === undefined ? [] : [edge]))) };
}
