import type { EcosystemGraph, GraphEdge, GraphNode } from '@orrery/protocol';

/** The graph as the page reasons on it: who is who, and who needs whom. */
export type Model = {
  nodes: ReadonlyMap<string, GraphNode>;
  edges: ReadonlyMap<string, GraphEdge>;
  /** Edges that leave a project: what it needs. */
  needs: ReadonlyMap<string, readonly GraphEdge[]>;
  /** Edges that arrive at it: what needs it. */
  neededBy: ReadonlyMap<string, readonly GraphEdge[]>;
  /** What the shape says of a project. */
  traits: ReadonlyMap<string, ReadonlySet<Trait>>;
};
export type Trait = 'cyclic' | 'hub' | 'single';

const NONE: readonly GraphEdge[] = [];
export const NO_DOMAIN = 'No domain';

export const nameOf = (node: Pick<GraphNode, 'id' | 'label' | 'name'>): string => node.name ?? node.label;
export const domainOf = (node: Pick<GraphNode, 'domain'>): string => node.domain ?? NO_DOMAIN;

/** Builds the model; an edge to a project that is not there is left out. */
export function buildModel(graph: EcosystemGraph): Model {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const edges = new Map<string, GraphEdge>();
  const needs = new Map<string, GraphEdge[]>();
  const neededBy = new Map<string, GraphEdge[]>();
  const add = (map: Map<string, GraphEdge[]>, key: string, edge: GraphEdge) => {
    const known = map.get(key);
    if (known) known.push(edge);
    else map.set(key, [edge]);
  };
  for (const edge of graph.edges) {
    if (!nodes.has(edge.from) || !nodes.has(edge.to) || edge.from === edge.to) continue;
    edges.set(edge.id, edge);
    add(needs, edge.from, edge);
    add(neededBy, edge.to, edge);
  }
  const traits = new Map<string, Set<Trait>>();
  const mark = (trait: Trait, slugs: readonly string[]) => {
    for (const slug of slugs) traits.set(slug, (traits.get(slug) ?? new Set()).add(trait));
  };
  mark('cyclic', graph.insights?.cycles.flat() ?? []);
  mark('hub', graph.insights?.hubs ?? []);
  mark('single', graph.insights?.singlePoints ?? []);
  return { nodes, edges, needs, neededBy, traits };
}

export const needsOf = (model: Model, slug: string) => model.needs.get(slug) ?? NONE;
export const neededByOf = (model: Model, slug: string) => model.neededBy.get(slug) ?? NONE;
