import type { GraphNode } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { buildModel } from './model.ts';
import { graph, node } from './testing.ts';
import { type Filters, type Focus, MANY, OPENED, TOO_MANY, viewOf } from './view.ts';

const NO_FILTERS: Filters = {
  domains: new Set(),
  statuses: new Set(),
  tags: new Set(),
  teams: new Set(),
  kinds: new Set(),
  strength: 0,
  hide: undefined,
};
const crowd = (count: number, domains: number): GraphNode[] =>
  Array.from({ length: count }, (_, n) => node(`p${n}`, { domain: `d${n % domains}`, risk: n / count }));

describe('the view', () => {
  const small = buildModel(
    graph(
      [
        node('a', { tags: ['x'], domain: 'D' }),
        node('b', { status: 'offline' }),
        node('c', { teams: ['t'] }),
        node('d'),
      ],
      ['a>b', 'b>c:queue:0.2', 'c>d', 'a>b:queue'],
    ),
  );
  const see = (filters: Partial<Filters>, focus?: Focus) => {
    const view = viewOf(small, new Map(), {
      filters: { ...NO_FILTERS, ...filters },
      focus,
      each: false,
      opened: new Set(),
    });
    return {
      nodes: view.drawn.map(({ id }) => id).join(''),
      lines: view.lines.map(({ id }) => id),
      beyond: Object.fromEntries(view.beyond),
    };
  };

  it('narrows by domain, state, tag, team and expression, and lines by kind and strength', () => {
    expect(see({}).nodes).toBe('abcd');
    expect(see({ domains: new Set(['D']) }).nodes).toBe('a');
    expect(see({ domains: new Set(['No domain']) }).nodes).toBe('bcd');
    expect(see({ statuses: new Set(['offline']) }).nodes).toBe('b');
    expect(see({ tags: new Set(['x', 'y']) }).nodes).toBe('a');
    expect(see({ teams: new Set(['t']) }).nodes).toBe('c');
    expect(see({ hide: ({ id }) => id === 'b' })).toEqual({ nodes: 'acd', lines: ['c:d:api'], beyond: {} });
    expect(see({ strength: 0.5 }).lines).toEqual(['a:b:api', 'c:d:api', 'a:b:queue']);
    expect(see({ kinds: new Set(['queue']) }).lines).toEqual(['b:c:queue', 'a:b:queue']);
  });

  it('shows a focus with counters of who stands beyond it, which grow it', () => {
    const focus: Focus = { root: 'b', depth: 1, direction: 'both', grown: [] };
    expect(see({}, focus)).toMatchObject({ nodes: 'abc', beyond: { c: 1 } });
    expect(see({}, { ...focus, grown: ['c'] })).toMatchObject({ nodes: 'abcd', beyond: {} });
    expect(see({}, { ...focus, root: 'nobody' }).nodes).toBe('abcd');
  });

  it('draws domains where there are many, an opened one with its projects, and each on demand', () => {
    const model = buildModel(graph(crowd(MANY + 1, 3), ['p0>p1', 'p3>p4', 'p0>p3']));
    const wanted = { filters: NO_FILTERS, focus: undefined, each: false, opened: new Set<string>() };
    const view = viewOf(model, new Map(), wanted);
    expect([view.grouped, view.drawn.length, view.groups.map(({ id }) => id)]).toEqual([
      true,
      0,
      ['domain:d0', 'domain:d1', 'domain:d2'],
    ]);
    // Two edges from one domain to the other are one line.
    expect(view.lines).toMatchObject([{ from: 'domain:d0', to: 'domain:d1', count: 2 }]);
    const opened = viewOf(model, new Map(), { ...wanted, opened: new Set(['d0']) });
    expect([opened.drawn.length, opened.groups.length]).toEqual([67, 2]);
    expect(opened.lines.map(({ from, to }) => `${from} ${to}`)).toEqual(['p0 domain:d1', 'p3 domain:d1', 'p0 p3']);
    expect(viewOf(model, new Map(), { ...wanted, each: true })).toMatchObject({ grouped: false, groups: [] });
  });

  it('never draws more at once than can be read: the riskiest of a large domain, the rest as a counter', () => {
    const model = buildModel(graph(crowd(TOO_MANY + 1, 2), []));
    const view = viewOf(model, new Map(), {
      filters: NO_FILTERS,
      focus: undefined,
      each: true,
      opened: new Set(['d0']),
    });
    expect(view.drawn).toHaveLength(OPENED);
    expect(view.groups.map(({ id, members }) => [id, members.length])).toEqual([
      ['rest:d0', 201],
      ['domain:d1', 500],
    ]);
    expect(Math.min(...view.drawn.map(({ risk }) => risk))).toBeGreaterThan(0.3);
  });
});
