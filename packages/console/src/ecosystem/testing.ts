import type { EcosystemGraph, GraphEdge, GraphNode } from '@orrery/protocol';

/** For tests: a project of the graph, with what matters given. */
export const node = (id: string, more: Partial<GraphNode> = {}): GraphNode => ({
  id,
  label: id,
  tags: [],
  risk: 0,
  status: 'online',
  compliance: null,
  freshnessDays: null,
  ...more,
});

/** `a>b` or `a>b:queue:0.5`. */
export const edge = (text: string): GraphEdge => {
  const [pair = '', kind = 'api', strength = '1'] = text.split(':');
  const [from = '', to = ''] = pair.split('>');
  return { id: `${from}:${to}:${kind}`, from, to, kind, strength: Number(strength) };
};

export const graph = (nodes: readonly GraphNode[], edges: readonly string[]): EcosystemGraph => ({
  nodes: [...nodes],
  edges: edges.map(edge),
});
