import dagre from '@dagrejs/dagre';
import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationNodeDatum,
} from 'd3-force';

export type Topology = {
  nodes: readonly { id: string; domain: string }[];
  /** Pairs of ids: the first needs the second. */
  edges: readonly (readonly [from: string, to: string])[];
};
export type Place = { x: number; y: number };

/** Up to here layers show the direction of everything; above, dagre takes seconds. */
const LAYERED = 150;
/** Layers of a graph full of circles become long and empty: beyond so many times the room that cards need, forces draw it better. */
const SPARSE = 4;
/** Up to here the projects of a domain are pulled towards those they need; above they stand on a spiral. */
const PULLED = 400;
/** A card of the console, and the room that it wants. */
const CARD = { width: 196, height: 76 };
const ROOM = { x: 232, y: 132 };
const ASPECT = 1.3;

/** Where projects stand, top left corners. The same topology always gives the same places. */
export function arrange(topology: Topology): Map<string, Place> {
  const places = topology.nodes.length <= LAYERED ? layered(topology) : byDomain(topology);
  return new Map([...places].map(([id, { x, y }]) => [id, { x: Math.round(x), y: Math.round(y) }]));
}

/** Layers from left to right, each connected part for itself; parts stand on shelves, and projects without an edge on the last. */
function layered({ nodes, edges }: Topology): Map<string, Place> {
  const parts = partsOf(nodes, edges);
  const alone = parts.filter((part) => part.length === 1).flat();
  const drawn = parts
    .filter((part) => part.length > 1)
    .map((part) => layerOne(part, edges))
    .sort((a, b) => b.width * b.height - a.width * a.height);
  // In rows beneath the rest.
  const loose = gridOf(alone, Math.floor(Math.max(0, ...drawn.map(({ width }) => width)) / ROOM.x));
  return onShelves(loose ? [...drawn, loose] : drawn);
}

type Block = { places: Map<string, Place>; width: number; height: number };

function layerOne(part: readonly string[], edges: Topology['edges']): Block {
  const block = layersOf(part, edges);
  const needed = part.length * ROOM.x * ROOM.y;
  if (part.length < 12 || block.width * block.height <= SPARSE * needed) return block;
  const inside = new Set(part);
  const { bodies } = circleOf(
    part,
    edges.filter(([from, to]) => inside.has(from) && inside.has(to)),
  );
  return blockOf(new Map(bodies.map(({ id, x, y }) => [id, { x: x * ROOM.x, y: y * ROOM.y }])));
}

function layersOf(part: readonly string[], edges: Topology['edges']): Block {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 34, ranksep: 96 });
  graph.setDefaultEdgeLabel(() => ({}));
  const inside = new Set(part);
  for (const id of part) graph.setNode(id, { ...CARD });
  for (const [from, to] of edges) if (inside.has(from) && inside.has(to)) graph.setEdge(from, to);
  dagre.layout(graph);
  return blockOf(
    new Map(
      part.map((id) => {
        const { x = 0, y = 0 } = graph.node(id) as { x?: number; y?: number };
        return [id, { x: x - CARD.width / 2, y: y - CARD.height / 2 }];
      }),
    ),
  );
}

/** Groups of ids that hang together, in the order of their first member. */
function partsOf(nodes: Topology['nodes'], edges: Topology['edges']): string[][] {
  const near = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const [from, to] of edges) {
    near.get(from)?.push(to);
    near.get(to)?.push(from);
  }
  const seen = new Set<string>();
  const parts: string[][] = [];
  for (const { id } of nodes) {
    if (seen.has(id)) continue;
    const part: string[] = [];
    const open = [id];
    seen.add(id);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      part.push(at);
      for (const other of near.get(at) ?? [])
        if (near.has(other) && !seen.has(other)) {
          seen.add(other);
          open.push(other);
        }
    }
    parts.push(part);
  }
  return parts;
}

function gridOf(ids: readonly string[], atLeast: number): Block | undefined {
  if (ids.length === 0) return undefined;
  const columns = Math.max(1, atLeast, Math.round(Math.sqrt((ids.length * ROOM.y * ASPECT) / ROOM.x)));
  return blockOf(new Map(ids.map((id, n) => [id, { x: (n % columns) * ROOM.x, y: Math.floor(n / columns) * ROOM.y }])));
}

/** Moves a block's places to its own corner, and measures it. */
function blockOf(places: Map<string, Place>): Block {
  const all = [...places.values()];
  const left = Math.min(...all.map(({ x }) => x));
  const top = Math.min(...all.map(({ y }) => y));
  for (const place of all) {
    place.x -= left;
    place.y -= top;
  }
  return {
    places,
    width: Math.max(...all.map(({ x }) => x)) + CARD.width,
    height: Math.max(...all.map(({ y }) => y)) + CARD.height,
  };
}

/** Puts blocks side by side until a shelf is full, so that the whole is about as wide as a screen. */
function onShelves(blocks: readonly Block[]): Map<string, Place> {
  const area = blocks.reduce((sum, { width, height }) => sum + (width + ROOM.x) * (height + ROOM.y), 0);
  const full = Math.max(Math.sqrt(area * ASPECT), ...blocks.map(({ width }) => width));
  const places = new Map<string, Place>();
  let [x, y, tallest] = [0, 0, 0];
  for (const block of blocks) {
    if (x > 0 && x + block.width > full) {
      y += tallest + ROOM.y;
      [x, tallest] = [0, 0];
    }
    for (const [id, place] of block.places) places.set(id, { x: x + place.x, y: y + place.y });
    x += block.width + ROOM.x / 2;
    tallest = Math.max(tallest, block.height);
  }
  return places;
}

type Body = SimulationNodeDatum & { id: string; x: number; y: number };

/** Each domain in a circle of its own, circles near those they need: a domain can be drawn as one without anything moving. Reckoned in units of a card's room. */
function byDomain({ nodes, edges }: Topology): Map<string, Place> {
  const domainOf = new Map(nodes.map(({ id, domain }) => [id, domain]));
  const members = Map.groupBy(nodes, ({ domain }) => domain);
  const inner = new Map<string, { bodies: Body[]; radius: number }>();
  for (const [domain, list] of members)
    inner.set(
      domain,
      circleOf(
        list.map(({ id }) => id),
        edges.filter(([from, to]) => domainOf.get(from) === domain && domainOf.get(to) === domain),
      ),
    );
  const discs = [...inner].map(([id, { radius }], n) => ({ id, radius, ...spiral(n, radius * 2) }));
  const index = new Map(discs.map((disc, n) => [disc.id, n]));
  const between = new Map<string, { source: number; target: number; count: number }>();
  for (const [from, to] of edges) {
    const [a, b] = [index.get(domainOf.get(from) ?? ''), index.get(domainOf.get(to) ?? '')];
    if (a === undefined || b === undefined || a === b) continue;
    const key = `${Math.min(a, b)}:${Math.max(a, b)}`;
    const known = between.get(key);
    if (known) known.count++;
    else between.set(key, { source: a, target: b, count: 1 });
  }
  const most = Math.max(1, ...[...between.values()].map(({ count }) => count));
  forceSimulation(discs)
    .force('apart', forceCollide<(typeof discs)[number]>((disc) => disc.radius + 0.5).iterations(4))
    .force(
      'near',
      forceLink<(typeof discs)[number], { source: number; target: number; count: number }>([...between.values()])
        .strength(({ count }) => (0.4 * count) / most)
        .distance(({ source, target }) => {
          const ends = [source, target] as unknown as [{ radius: number }, { radius: number }];
          return ends[0].radius + ends[1].radius + 1;
        }),
    )
    .force('x', forceX(0).strength(0.16))
    .force('y', forceY(0).strength(0.1))
    .stop()
    .tick(300);
  const places = new Map<string, Place>();
  for (const disc of discs)
    for (const body of inner.get(disc.id)?.bodies ?? [])
      places.set(body.id, { x: (disc.x + body.x) * ROOM.x, y: (disc.y + body.y) * ROOM.y });
  return places;
}

function circleOf(ids: readonly string[], edges: Topology['edges']): { bodies: Body[]; radius: number } {
  const degree = new Map<string, number>();
  for (const id of edges.flat()) degree.set(id, (degree.get(id) ?? 0) + 1);
  // The most connected stand in the middle.
  const ordered = ids.toSorted((a, b) => (degree.get(b) ?? 0) - (degree.get(a) ?? 0) || (a < b ? -1 : 1));
  const bodies: Body[] = ordered.map((id, n) => ({ id, ...spiral(n, 1.1) }));
  if (bodies.length <= PULLED && edges.length > 0) {
    const index = new Map(bodies.map(({ id }, n) => [id, n]));
    const links = edges.map(([from, to]) => ({ source: index.get(from) ?? 0, target: index.get(to) ?? 0 }));
    forceSimulation(bodies)
      .force('apart', forceCollide(0.56).iterations(4))
      .force('push', forceManyBody().strength(-0.12).distanceMax(6))
      .force('near', forceLink(links).distance(1.1).strength(0.12))
      .force('x', forceX(0).strength(0.22))
      .force('y', forceY(0).strength(0.16))
      .stop()
      .tick(200);
  }
  return { bodies, radius: Math.max(0.8, ...bodies.map(({ x, y }) => Math.hypot(x, y) + 0.6)) };
}

/** The n-th seed of a sunflower. */
function spiral(n: number, apart: number): Place {
  const [radius, angle] = [apart * 0.6 * Math.sqrt(n), n * 2.399963];
  return { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
}
