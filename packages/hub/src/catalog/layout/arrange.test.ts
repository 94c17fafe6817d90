import { describe, expect, it } from 'vitest';
import { galaxy } from '../../../../../bench/tools/galaxy.ts';
import { silentLog } from '../../platform/testing.ts';
import { arrange, type Topology } from './arrange.ts';
import { createLayout } from './layout.ts';

const CARD = { width: 196, height: 76 };
const topology = (projects: number, edges: number): Topology => {
  const graph = galaxy(projects, edges, 0);
  return {
    nodes: graph.nodes.map(({ id, domain }) => ({ id, domain: domain ?? '' })),
    edges: graph.edges.map(({ from, to }) => [from, to] as const),
  };
};

describe('the layout', () => {
  it.each([
    [1, 0],
    [3, 2],
    [50, 100],
    [400, 900],
  ])('of %i projects and %i edges gives each a place of its own, the same one each time', (projects, edges) => {
    const wanted = topology(projects, edges);
    const places = arrange(wanted);
    expect([...places.keys()].sort()).toEqual(wanted.nodes.map(({ id }) => id).sort());
    const all = [...places.values()];
    const covered = all.flatMap((one, n) =>
      all
        .slice(n + 1)
        .filter(
          (other) => Math.abs(one.x - other.x) < CARD.width * 0.9 && Math.abs(one.y - other.y) < CARD.height * 0.9,
        ),
    );
    expect(covered.length).toBeLessThanOrEqual(projects / 50);
    expect(arrange(wanted)).toEqual(places);
  });

  it('shows the direction of a small graph: what is needed stands to the right', () => {
    const nodes = ['shop', 'pay', 'bank', 'alone'].map((id) => ({ id, domain: '' }));
    const places = arrange({
      nodes,
      edges: [
        ['shop', 'pay'],
        ['pay', 'bank'],
        ['nobody', 'bank'],
      ],
    });
    const x = (id: string) => places.get(id)?.x ?? Number.NaN;
    expect(x('shop')).toBeLessThan(x('pay'));
    expect(x('pay')).toBeLessThan(x('bank'));
  });

  it('keeps domains of a large graph apart, so that each can be drawn as one', () => {
    const wanted = topology(400, 900);
    const places = arrange(wanted);
    const discs = [...Map.groupBy(wanted.nodes, ({ domain }) => domain).values()].map((members) => {
      const all = members.map(({ id }) => places.get(id) ?? { x: 0, y: 0 });
      const mean = (of: 'x' | 'y') => all.reduce((sum, place) => sum + place[of], 0) / all.length;
      return { x: mean('x'), y: mean('y') };
    });
    for (const [n, one] of discs.entries())
      for (const other of discs.slice(n + 1))
        expect(Math.hypot(one.x - other.x, (one.y - other.y) * 1.8)).toBeGreaterThan(1000);
  });

  it('is reckoned in a thread of its own, once for each topology, whatever the figures say', async () => {
    const layout = createLayout({ log: silentLog });
    const graph = galaxy(60, 120, 0);
    const [first, second] = await Promise.all([layout.placed(graph), layout.placed(graph)]);
    expect(first.nodes.every(({ position }) => position)).toBe(true);
    expect(second).toEqual(first);
    const worse = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, risk: 1 })) };
    const again = await layout.placed(worse);
    expect(again.nodes.map(({ position }) => position)).toEqual(first.nodes.map(({ position }) => position));
    await layout.close();
  });
});
