import { describe, expect, it } from 'vitest';
import { articulations, blastOf, insightsOf } from './shape.ts';

const link = (text: string) => text.split(' ').map((pair) => ({ from: pair[0] ?? '', to: pair[1] ?? '', strength: 1 }));
const names = (text: string) => [...new Set(text.replaceAll(' ', ''))].sort();

/** Mulberry32: the same graphs in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
function someGraph(seed: number, nodes: number, edges: number) {
  const next = random(seed);
  const name = () => `n${Math.floor(next() * nodes)}`;
  return {
    names: Array.from({ length: nodes }, (_, i) => `n${i}`),
    edges: Array.from({ length: edges }, () => ({ from: name(), to: name(), strength: Math.ceil(next() * 10) / 10 })),
  };
}
type Edges = ReturnType<typeof someGraph>['edges'];

/** How many parts the nodes form, directions aside. */
function parts(nodes: readonly string[], edges: Edges): number {
  const group = new Map(nodes.map((name) => [name, name]));
  const find = (name: string): string => {
    let at = name;
    while (group.get(at) !== at) at = group.get(at) ?? at;
    return at;
  };
  for (const { from, to } of edges) if (group.has(from) && group.has(to)) group.set(find(from), find(to));
  return new Set(nodes.map(find)).size;
}

/** Bellman and Ford: slow, and plainly right. */
function strengths(slug: string, nodes: readonly string[], edges: Edges): Map<string, number> {
  const best = new Map([[slug, 1]]);
  for (const _ of nodes)
    for (const { from, to, strength } of edges) {
      const reached = (best.get(to) ?? 0) * strength;
      if (reached > (best.get(from) ?? 0)) best.set(from, reached);
    }
  best.delete(slug);
  return best;
}

describe('what the shape of a graph says', () => {
  it.each([
    ['nothing of a chain but its inner points', 'ab bc cd', [], ['b', 'c']],
    ['a circle, which no single point cuts', 'ab bc ca', [['a', 'b', 'c']], []],
    ['two circles that share a point', 'ab ba bc cb', [['a', 'b', 'c']], ['b']],
    [
      'two circles, the greater one first',
      'ab ba cd de ec',
      [
        ['c', 'd', 'e'],
        ['a', 'b'],
      ],
      ['d'].slice(1),
    ],
    ['an edge to itself is none', 'aa ab', [], []],
    ['the middle of a star', 'ha hb hc', [], ['h']],
  ])('%s', (_what, text, cycles, singlePoints) => {
    expect(insightsOf(names(text), link(text))).toMatchObject({ cycles, singlePoints });
  });

  it('points out who has far more neighbours than most, and nobody where all are alike', () => {
    const star = [...'abcdefgh'].map((leaf) => ({ from: leaf, to: 'x' }));
    expect(insightsOf([...'abcdefghx'], star).hubs).toEqual(['x']);
    expect(insightsOf([...'abcd'], link('ab bc cd da')).hubs).toEqual([]);
  });

  it('finds just the points without which a random graph falls apart', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const { names: nodes, edges } = someGraph(seed, 9, 10);
      const whole = parts(nodes, edges);
      const expected = nodes.filter((gone) => {
        const rest = nodes.filter((name) => name !== gone);
        const alone = !edges.some(({ from, to }) => from !== to && (from === gone || to === gone));
        return parts(rest, edges) > (alone ? whole - 1 : whole);
      });
      expect({ seed, points: insightsOf(nodes, edges).singlePoints }).toEqual({ seed, points: expected.sort() });
    }
  });

  it('does not run out of stack on a chain of 5,000', () => {
    const chain = Array.from({ length: 5000 }, (_, i) => [i - 1, i + 1].filter((n) => n >= 0 && n < 5000));
    expect(articulations(chain)).toHaveLength(4998);
  });
});

describe('the blast radius', () => {
  it('goes against the edges, by the strongest way', () => {
    const edges = [
      { from: 'web', to: 'api', strength: 0.9 },
      { from: 'api', to: 'db', strength: 0.8 },
      { from: 'web', to: 'db', strength: 0.5 },
      { from: 'db', to: 'disk', strength: 1 },
      { from: 'web', to: 'db', strength: 0.2 },
    ];
    expect(blastOf('db', edges)).toEqual([
      { slug: 'api', via: ['db', 'api'], strength: 0.8 },
      { slug: 'web', via: ['db', 'api', 'web'], strength: 0.72 },
    ]);
    expect(blastOf('web', edges)).toEqual([]);
  });

  it('ends in a circle, and is the same whatever the order of the edges', () => {
    const edges = link('ab bc ca dc');
    const hit = blastOf('a', edges);
    expect(hit.map(({ slug }) => slug).sort()).toEqual(['b', 'c', 'd']);
    expect(blastOf('a', [...edges].reverse())).toEqual(hit);
  });

  it('is what the plain algorithm finds, and each way is made of edges', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const { names: nodes, edges } = someGraph(seed, 12, 24);
      const expected = strengths('n0', nodes, edges);
      const hit = blastOf('n0', edges);
      expect(new Set(hit.map(({ slug }) => slug))).toEqual(new Set(expected.keys()));
      for (const { slug, via, strength } of hit) {
        expect(strength).toBeCloseTo(expected.get(slug) ?? -1, 3);
        expect([via[0], via.at(-1)]).toEqual(['n0', slug]);
        for (let i = 1; i < via.length; i++)
          expect(edges.some(({ from, to }) => from === via[i] && to === via[i - 1])).toBe(true);
      }
      expect(hit.map(({ strength }) => strength)).toEqual(hit.map(({ strength }) => strength).sort((a, b) => b - a));
    }
  });
});
