import type { GraphEdge, GraphNode } from '@orrery/protocol';
import type { Test } from './expression.ts';
import { domainOf, type Model, neededByOf, needsOf } from './model.ts';
import { type Direction, neighbourhood } from './reach.ts';
import { boxOf, CARD, type Places, type Point } from './settle.ts';

/** More than this are drawn as domains, unless somebody asks for each of them. */
export const MANY = 200;
/** More than this are never drawn one by one: filters, a domain or the table are quicker to read than they are to draw. */
export const TOO_MANY = 1000;
/** How many projects of an opened domain are drawn; the rest is a counter. */
export const OPENED = 300;

export type Filters = {
  domains: ReadonlySet<string>;
  statuses: ReadonlySet<string>;
  tags: ReadonlySet<string>;
  teams: ReadonlySet<string>;
  kinds: ReadonlySet<string>;
  /** Weaker edges are left out. */
  strength: number;
  hide: Test | undefined;
};
export type Focus = { root: string; depth: number; direction: Direction; grown: readonly string[] };
export type Wanted = { filters: Filters; focus: Focus | undefined; each: boolean; opened: ReadonlySet<string> };

export type Group = {
  id: string;
  domain: string;
  members: readonly GraphNode[];
  rest: boolean;
  place: Point;
  size: Point;
};
/** One line on the map: an edge, or all edges of a kind between two groups. */
export type Line = {
  id: string;
  from: string;
  to: string;
  kind: string;
  strength: number;
  count: number;
  edge?: GraphEdge;
  bend: number;
};
export type View = {
  /** Projects that pass the filters, drawn or within a group. */
  passing: readonly GraphNode[];
  drawn: readonly GraphNode[];
  groups: readonly Group[];
  lines: readonly Line[];
  /** Neighbours of a drawn project that are not to be seen now. */
  beyond: ReadonlyMap<string, number>;
  /** Whether projects are drawn as domains because there are many. */
  grouped: boolean;
};

const passes = (filter: ReadonlySet<string>, values: readonly string[]) =>
  filter.size === 0 || values.some((value) => filter.has(value));

/** What of the graph is on the map: filters first, then the focus, then groups when there are many. */
export function viewOf(model: Model, places: Places, { filters, focus, each, opened }: Wanted): View {
  const near = focus && model.nodes.has(focus.root) ? focusedOn(model, focus) : undefined;
  const passing = [...model.nodes.values()].filter(
    (node) =>
      (!near || near.has(node.id)) &&
      passes(filters.domains, [domainOf(node)]) &&
      passes(filters.statuses, [node.status]) &&
      passes(filters.tags, node.tags) &&
      passes(filters.teams, node.teams ?? []) &&
      !filters.hide?.(node, model),
  );
  const grouped = passing.length > MANY && !(each && passing.length <= TOO_MANY);
  const { drawn, groups } = grouped ? groupsOf(passing, places, opened) : { drawn: passing, groups: [] };
  // Each passing project stands on the map as itself or as its group.
  const standsAs = new Map(drawn.map(({ id }) => [id, id]));
  for (const group of groups) for (const { id } of group.members) standsAs.set(id, group.id);
  const shown = (edge: GraphEdge) => edge.strength >= filters.strength && passes(filters.kinds, [edge.kind]);
  const lines = linesOf(model, standsAs, shown);
  const beyond = new Map<string, number>();
  if (near)
    for (const { id } of drawn) {
      const others = new Set<string>();
      for (const edge of needsOf(model, id)) if (shown(edge) && !standsAs.has(edge.to)) others.add(edge.to);
      for (const edge of neededByOf(model, id)) if (shown(edge) && !standsAs.has(edge.from)) others.add(edge.from);
      if (others.size > 0) beyond.set(id, others.size);
    }
  return { passing, drawn, groups, lines, beyond, grouped };
}

function focusedOn(model: Model, { root, depth, direction, grown }: Focus): Set<string> {
  const { nodes } = neighbourhood(model, root, depth, direction);
  for (const slug of grown)
    if (nodes.has(slug)) for (const other of neighbourhood(model, slug, 1).nodes) nodes.add(other);
  return nodes;
}

function groupsOf(passing: readonly GraphNode[], places: Places, opened: ReadonlySet<string>) {
  const byDomain = new Map<string, GraphNode[]>();
  for (const node of passing) {
    const domain = domainOf(node);
    const known = byDomain.get(domain);
    if (known) known.push(node);
    else byDomain.set(domain, [node]);
  }
  const drawn: GraphNode[] = [];
  const groups: Group[] = [];
  for (const [domain, members] of byDomain) {
    if (members.length === 1) drawn.push(...members);
    else if (!opened.has(domain)) groups.push(groupAt(domain, members, members, places, false));
    else if (members.length <= OPENED) drawn.push(...members);
    else {
      // What needs eyes first; the rest stays together.
      const ranked = members.toSorted((a, b) => b.risk - a.risk || a.id.localeCompare(b.id));
      drawn.push(...ranked.slice(0, OPENED));
      groups.push(groupAt(domain, ranked.slice(OPENED), members, places, true));
    }
  }
  return { drawn, groups };
}

/** A group covers the place of its projects, so that opening it moves nothing; what is left of an opened one stands below it. */
function groupAt(
  domain: string,
  members: readonly GraphNode[],
  all: readonly GraphNode[],
  places: Places,
  rest: boolean,
): Group {
  const box = boxOf(all.flatMap(({ id }) => places.get(id) ?? [])) ?? { x: 0, y: 0, ...CARD };
  const size = rest
    ? { x: CARD.width * 3, y: CARD.height * 2 }
    : { x: Math.max(box.width, CARD.width), y: Math.max(box.height, CARD.height) };
  const place = rest
    ? { x: box.x + (box.width - size.x) / 2, y: box.y + box.height + CARD.height }
    : { x: box.x, y: box.y };
  return { id: `${rest ? 'rest' : 'domain'}:${domain}`, domain, members, rest, place, size };
}

function linesOf(model: Model, standsAs: ReadonlyMap<string, string>, shown: (edge: GraphEdge) => boolean): Line[] {
  const merged = new Map<string, Line>();
  const beside = new Map<string, number>();
  for (const edge of model.edges.values()) {
    const [from, to] = [standsAs.get(edge.from), standsAs.get(edge.to)];
    if (from === undefined || to === undefined || from === to || !shown(edge)) continue;
    const own = from === edge.from && to === edge.to;
    const id = own ? edge.id : `${from}>${to}>${edge.kind}`;
    const known = merged.get(id);
    if (known) {
      known.strength = Math.max(known.strength, edge.strength);
      known.count++;
      continue;
    }
    // Edges of several kinds between the same two lie beside each other.
    const pair = `${from}>${to}`;
    const nth = beside.get(pair) ?? 0;
    beside.set(pair, nth + 1);
    merged.set(id, {
      id,
      from,
      to,
      kind: edge.kind,
      strength: edge.strength,
      count: 1,
      bend: 0.09 + nth * 0.09,
      ...(own ? { edge } : {}),
    });
  }
  return [...merged.values()];
}
