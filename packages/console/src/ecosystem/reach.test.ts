import { expect, it } from 'vitest';
import { buildModel } from './model.ts';
import { blastOf, neighbourhood } from './reach.ts';
import { graph, node } from './testing.ts';

const of = (...edges: string[]) => {
  const slugs = new Set(edges.flatMap((text) => text.split(':')[0]?.split('>') ?? []));
  return buildModel(
    graph(
      [...slugs].map((slug) => node(slug)),
      edges,
    ),
  );
};

it('a neighbourhood has its depth and its direction', () => {
  const model = of('a>b', 'b>c', 'c>d', 'x>b');
  const near = (root: string, depth: number, direction?: 'needs' | 'neededBy') =>
    [...neighbourhood(model, root, depth, direction).nodes].sort().join('');
  expect(near('b', 1)).toBe('abcx');
  expect(near('b', 1, 'needs')).toBe('bc');
  expect(near('b', 2, 'needs')).toBe('bcd');
  expect(near('b', 1, 'neededBy')).toBe('abx');
  expect(near('d', Number.POSITIVE_INFINITY)).toBe('abcdx');
  expect(neighbourhood(model, 'd', 1).edges).toEqual(new Set(['c:d:api']));
});

it('a blast takes the strongest way to each that needs what failed, circles and all', () => {
  const model = of('shop>pay:api:0.5', 'pay>bank:api:0.8', 'shop>bank:queue:0.3', 'bank>shop:api:0.9', 'blog>cdn');
  const { hit, edges } = blastOf(model, 'bank');
  expect(hit).toEqual([
    { slug: 'pay', via: ['bank', 'pay'], strength: 0.8 },
    { slug: 'shop', via: ['bank', 'pay', 'shop'], strength: 0.4 },
  ]);
  expect(edges).toEqual(new Set(['pay:bank:api', 'shop:pay:api']));
  expect(blastOf(model, 'blog').hit).toEqual([]);
  expect(blastOf(of('a>b:api:0'), 'b').hit).toEqual([]);
});
