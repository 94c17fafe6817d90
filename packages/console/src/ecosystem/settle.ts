import type { GraphNode } from '@orrery/protocol';
import { type Model, neededByOf, needsOf } from './model.ts';

export type Point = { x: number; y: number };
export type Places = ReadonlyMap<string, Point>;

/** The size of a card, and how far apart cards stand. The hub lays out with the same measures. */
export const CARD = { width: 196, height: 76 };
/** Room for what stands above the map: the legend below, the bars on top. */
export const FIT = {
  padding: { top: '60px', right: '56px', bottom: '166px', left: '24px' },
  maxZoom: 1.15,
  minZoom: 0.02,
} as const;
const APART = { x: CARD.width + 44, y: CARD.height + 34 };

/**
 * Where each project stands: where it was last seen, else where the hub put it when nothing is remembered, else beside its neighbours.
 * What has a place never moves, whoever comes.
 */
export function settle(model: Model, remembered: Places): Map<string, Point> {
  const places = new Map<string, Point>();
  const homeless: GraphNode[] = [];
  const known = [...model.nodes.keys()].filter((slug) => remembered.has(slug)).length;
  // A map of which little is remembered is laid out anew as a whole: half of one and half of another would overlap.
  const trust = known > model.nodes.size / 2;
  for (const node of model.nodes.values()) {
    const place = trust ? remembered.get(node.id) : (node.position ?? remembered.get(node.id));
    if (place) places.set(node.id, place);
    else homeless.push(node);
  }
  const taken = new Grid(places.values());
  for (const node of homeless) {
    const place = taken.nearestFree(between(model, node.id, places) ?? taken.edge());
    taken.add(place);
    places.set(node.id, place);
  }
  return places;
}

/** The middle of a project's neighbours that have a place. */
function between(model: Model, slug: string, places: Places): Point | undefined {
  const near = [
    ...needsOf(model, slug).map((edge) => edge.to),
    ...neededByOf(model, slug).map((edge) => edge.from),
  ].flatMap((other) => places.get(other) ?? []);
  if (near.length === 0) return undefined;
  return {
    x: near.reduce((sum, { x }) => sum + x, 0) / near.length,
    y: near.reduce((sum, { y }) => sum + y, 0) / near.length,
  };
}

/** Which cells of the plane have somebody in them. */
class Grid {
  readonly #cells = new Set<string>();
  #bottom = 0;
  constructor(places: Iterable<Point>) {
    for (const place of places) this.add(place);
  }
  #key = (column: number, row: number) => `${column}:${row}`;
  add({ x, y }: Point): void {
    // A card that stands across the lines takes both sides.
    const [column, row] = [x / APART.x, y / APART.y];
    for (const each of [Math.floor(column), Math.ceil(column)])
      for (const other of [Math.floor(row), Math.ceil(row)]) this.#cells.add(this.#key(each, other));
    this.#bottom = Math.max(this.#bottom, Math.ceil(row) + 1);
  }
  edge(): Point {
    return { x: 0, y: this.#bottom * APART.y };
  }
  /** The free cell nearest to a point, looked for in growing squares. */
  nearestFree({ x, y }: Point): Point {
    const [column, row] = [Math.round(x / APART.x), Math.round(y / APART.y)];
    for (let ring = 0; ; ring++) {
      let found: { place: Point; far: number } | undefined;
      for (let dx = -ring; dx <= ring; dx++)
        for (let dy = -ring; dy <= ring; dy++) {
          if (Math.max(Math.abs(dx), Math.abs(dy)) !== ring || this.#cells.has(this.#key(column + dx, row + dy)))
            continue;
          const place = { x: (column + dx) * APART.x, y: (row + dy) * APART.y };
          const far = Math.hypot(place.x - x, place.y - y);
          if (!found || far < found.far) found = { place, far };
        }
      if (found) return found.place;
    }
  }
}

/** The smallest box round some cards. */
export function boxOf(places: Iterable<Point>): { x: number; y: number; width: number; height: number } | undefined {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of places) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + CARD.width);
    bottom = Math.max(bottom, y + CARD.height);
  }
  return right < left ? undefined : { x: left, y: top, width: right - left, height: bottom - top };
}
