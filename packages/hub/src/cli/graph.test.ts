import type { EcosystemGraph } from '@orrery/protocol';
import { expect, it } from 'vitest';
import { drawGraph } from './graph.ts';

const node = (id: string, label: string) => ({
  ...{ id, label, tags: [], risk: 0.5, status: 'online' as const, compliance: null, freshnessDays: null },
});
const graph: EcosystemGraph = {
  nodes: [node('a', 'Say "hi" \\'), node('b', 'B<script>\nx]')],
  edges: [
    { id: 'a:b:api', from: 'a', to: 'b', kind: 'api', strength: 0.5 },
    { id: 'a:b:queue', from: 'a', to: 'b', kind: 'queue', strength: 1 },
  ],
};

it('draws a graph for Graphviz, whatever the names are', () => {
  expect(drawGraph(graph, 'dot').split('\n').slice(3)).toEqual([
    '  "a" [label="Say \\"hi\\" \\\\ (online)", comment="risk 0.5"];',
    '  "b" [label="B<script> x] (online)", comment="risk 0.5"];',
    '  "a" -> "b" [label="api", style=solid, penwidth=1.8];',
    '  "a" -> "b" [label="queue", style=dashed, penwidth=3.0];',
    '}',
  ]);
});

it('draws a graph for Mermaid, whatever the names are', () => {
  expect(drawGraph(graph, 'mermaid').split('\n')).toEqual([
    'flowchart LR',
    '  n0["Say #quot;hi#quot; \\ (online)"]',
    '  n1["B#lt;script#gt; x] (online)"]',
    '  n0 -->|"api 0.50"| n1',
    '  n0 -.->|"queue 1.00"| n1',
  ]);
});
