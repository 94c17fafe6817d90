import type { EcosystemGraph } from '@orrery/protocol';
import { printable } from './terminal.ts';

/** Kinds of edges look different without colour too. */
const STYLES: Readonly<Record<string, { dot: string; mermaid: string }>> = {
  api: { dot: 'solid', mermaid: '-->' },
  queue: { dot: 'dashed', mermaid: '-.->' },
  'shared-schema': { dot: 'dotted', mermaid: '==>' },
  secret: { dot: 'bold', mermaid: '--o' },
};
const OTHER = { dot: 'solid', mermaid: '-->' };

/** The graph as Graphviz or Mermaid text. Names of others are quoted, so that none of them can be part of the language. */
export function drawGraph({ nodes, edges }: EcosystemGraph, format: 'dot' | 'mermaid'): string {
  return format === 'dot' ? dot(nodes, edges) : mermaid(nodes, edges);
}

function dot(nodes: EcosystemGraph['nodes'], edges: EcosystemGraph['edges']): string {
  const text = (value: string) => `"${printable(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  return [
    'digraph ecosystem {',
    '  rankdir=LR;',
    '  node [shape=box];',
    ...nodes.map(
      ({ id, label, status, risk }) =>
        `  ${text(id)} [label=${text(`${label} (${status})`)}, comment=${text(`risk ${risk}`)}];`,
    ),
    ...edges.map(({ from, to, kind, strength }) => {
      const { dot: style } = STYLES[kind] ?? OTHER;
      return `  ${text(from)} -> ${text(to)} [label=${text(kind)}, style=${style}, penwidth=${(0.5 + strength * 2.5).toFixed(1)}];`;
    }),
    '}',
  ].join('\n');
}

function mermaid(nodes: EcosystemGraph['nodes'], edges: EcosystemGraph['edges']): string {
  const names = new Map(nodes.map(({ id }, i) => [id, `n${i}`]));
  const text = (value: string) =>
    `"${printable(value).replaceAll('#', '#35;').replaceAll('"', '#quot;').replaceAll('<', '#lt;').replaceAll('>', '#gt;')}"`;
  return [
    'flowchart LR',
    ...nodes.map(({ id, label, status }) => `  ${names.get(id)}[${text(`${label} (${status})`)}]`),
    ...edges.map(({ from, to, kind, strength }) => {
      const { mermaid: arrow } = STYLES[kind] ?? OTHER;
      return `  ${names.get(from)} ${arrow}|${text(`${kind} ${strength.toFixed(2)}`)}| ${names.get(to)}`;
    }),
  ].join('\n');
}
