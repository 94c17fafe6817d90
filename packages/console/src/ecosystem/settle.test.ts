import { expect, it } from 'vitest';
import { buildModel } from './model.ts';
import { CARD, type Point, settle } from './settle.ts';
import { graph, node } from './testing.ts';

const at = (x: number, y: number): Point => ({ x, y });

it('what has a place keeps it, and who is new settles beside its neighbours without covering anybody', () => {
  const known = new Map([
    ['a', at(0, 0)],
    ['b', at(240, 0)],
    ['c', at(480, 0)],
    ['far', at(5000, 5000)],
  ]);
  const slugs = ['a', 'b', 'c', 'far', 'new', 'newer'];
  // The hub would put everybody elsewhere by now.
  const model = buildModel(
    graph(
      slugs.map((slug) => node(slug, { position: at(-900, -900) })),
      ['new>a', 'new>c', 'newer>far'],
    ),
  );
  const places = settle(model, known);
  for (const [slug, place] of known) expect(places.get(slug)).toEqual(place);
  const [fresh, newer] = [places.get('new'), places.get('newer')];
  expect(Math.abs((fresh?.x ?? 1e9) - 240)).toBeLessThan(400);
  expect(Math.abs((newer?.x ?? 0) - 5000)).toBeLessThan(600);
  const all = [...places.values()];
  for (const [n, one] of all.entries())
    for (const other of all.slice(n + 1))
      expect(Math.abs(one.x - other.x) >= CARD.width || Math.abs(one.y - other.y) >= CARD.height).toBe(true);
  expect(settle(model, places)).toEqual(places);
});

it('a map of which nothing is remembered is the hub’s', () => {
  const model = buildModel(graph([node('a', { position: at(1, 2) }), node('b', { position: at(300, 2) })], []));
  expect(settle(model, new Map())).toEqual(
    new Map([
      ['a', at(1, 2)],
      ['b', at(300, 2)],
    ]),
  );
});
