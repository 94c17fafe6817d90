import { describe, expect, it } from 'vitest';
import type { Fact } from './facts.ts';
import { rank } from './rank.ts';
import { alert, cause, change, check, down, graphOf, random, said, shuffled } from './testing.ts';
import { WEIGHTS } from './weights.ts';

/** Three in a row: c needs b, b needs a; and one that needs nothing. */
const CHAIN = graphOf({ 'a/x': [], 'b/x': ['a/x'], 'c/x': ['b/x'], 'd/x': [], 'd/y': [] });
const NOBODY = new Set<string>();
const ranked = (facts: readonly Fact[], graph = CHAIN, well: ReadonlySet<string> = NOBODY) =>
  rank({ facts, declared: graph, learned: graph, well });
const first = (...args: Parameters<typeof ranked>) => {
  const [top] = ranked(...args);
  return top && said(top);
};

describe('the likeliest cause', () => {
  it.each<[string, Fact[], string | undefined]>([
    ['of one that is down is that it is', down('a/x', 0, 'unreachable'), 'unreachable a/x'],
    [
      'of a chain is the deepest that fails',
      [...down('a/x', 0, 'unreachable'), ...down('b/x', 3), ...down('c/x', 5)],
      'unreachable a/x',
    ],
    [
      'also when it was found last',
      [...down('c/x', 0), ...down('b/x', 4), ...down('a/x', 20, 'unresponsive')],
      'unresponsive a/x',
    ],
    [
      'and when it is a check that is no alert yet',
      [...down('c/x', 0), ...down('b/x', 1), check('a/x', 2, 'failing')],
      'failing a/x',
    ],
    [
      'is not upstream when that began long after',
      [...down('b/x', 0, 'failing'), ...down('a/x', 900, 'failing')],
      'failing b/x',
    ],
    ['is not a mere note upstream', [...down('b/x', 0, 'failing'), alert('a/x', 0, 'slow', 'info')], 'failing b/x'],
    ['is the deploy right before the errors', [...down('a/x', 120), change('a/x', 0)], 'deploy a/x'],
    ['is the deploy of the project whose one service fails', [...down('a/x', 120), change('a', 0)], 'deploy a/x'],
    [
      'is the deploy upstream, of a part that fails',
      [...down('a/x', 60), ...down('b/x', 62), change('a/x', 0)],
      'deploy a/x',
    ],
    ['is no deploy of two hours ago', [...down('a/x', 7200), change('a/x', 0)], 'failing a/x'],
    ['is no deploy after it began', [...down('a/x', 0), change('a/x', 60)], 'failing a/x'],
    ['is no deploy of what nothing here depends on', [...down('a/x', 60), change('d/x', 0)], 'failing a/x'],
    [
      'is no deploy downstream',
      [...down('a/x', 60, 'unreachable'), ...down('b/x', 62), change('b/x', 0)],
      'unreachable a/x',
    ],
    ['is a changed configuration', [...down('a/x', 30), change('a/x', 0, 'config')], 'config a/x'],
    ['is memory that grew before', [...down('a/x', 600, 'unreachable'), cause('a/x', 0, 'memory')], 'memory a/x'],
    ['is memory of the project as a whole', [...down('a/x', 600), cause('a', 0, 'memory')], 'memory a/x'],
    ['is memory that an alert tells of', [alert('a', 0, 'memory', 'warning'), cause('a', 0, 'memory')], 'memory a'],
    ['is no memory that grew long after', [...down('a/x', 0), cause('a/x', 600, 'memory')], 'failing a/x'],
    [
      'is a statement that became slow',
      [alert('a/x', 60, 'slow', 'warning'), cause('a/x', 0, 'statement'), cause('a/x', 70, 'statement', 'template')],
      'statement a/x',
    ],
    [
      'is a pool that is used up',
      [...down('a/x', 60, 'unresponsive'), cause('a/x', 55, 'pool', 'template')],
      'pool a/x',
    ],
    [
      'is a certificate, said by name',
      [alert('a/x', 0, 'certificate'), check('a/x', 0, 'certificate')],
      'certificate a/x',
    ],
    [
      'is traffic that jumped',
      [alert('a/x', 60, 'slow'), cause('a/x', 0, 'traffic'), cause('a/x', 10, 'slow')],
      'traffic a/x',
    ],
    [
      'is what a failing part says that it misses',
      [...down('b/x', 0), cause('b/x', 0, 'dependency', 'check')],
      'dependency b/x',
    ],
    ['is not known of an alert that says nothing', [alert('a/x', 0, undefined)], undefined],
    ['is not known without an alert', [change('a/x', 0), cause('a/x', 0, 'memory')], undefined],
    ['is not known of a note alone', [alert('a/x', 0, 'slow', 'info')], undefined],
    ['is not known of nothing', [], undefined],
  ])('%s', (_, facts, expected) => {
    expect(first(facts)).toBe(expected);
  });

  it('of many services of one project that fail at once is the project', () => {
    const graph = graphOf(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`p/s${i}`, []])));
    expect(
      first(
        Array.from({ length: 10 }, (_, i) => alert(`p/s${i}`, 0, 'failing')),
        graph,
      ),
    ).toBe('failing p');
  });

  it.each(['p/other', 'q/x'])(
    'of many services that nobody declares is their project, where %s is declared',
    (declared) => {
      const alerts = Array.from({ length: 10 }, (_, i) => alert(`p/s${i}`, 0, 'failing'));
      expect(first(alerts, graphOf({ [declared]: [] }))).toBe('failing p');
    },
  );

  it('in a circle is who began', () => {
    const circle = graphOf({ 'a/x': ['b/x'], 'b/x': ['a/x'] });
    expect(first([...down('a/x', 0), ...down('b/x', 120)], circle)).toBe('failing a/x');
  });

  it('of parts that nobody declares is who began', () => {
    expect(first([...down('gone/x', 0), ...down('lost/x', 120)])).toBe('failing gone/x');
  });

  it('may be needed by a learned edge, which counts for less than a declared one', () => {
    const facts = [...down('a/x', 0, 'failing'), ...down('b/x', 1, 'failing')];
    const apart = graphOf({ 'a/x': [], 'b/x': [] });
    const of = (declared: typeof CHAIN, learned: typeof CHAIN) =>
      rank({ facts, declared, learned, well: NOBODY })[0]?.confidence ?? 0;
    const [none, learned, declared] = [of(apart, apart), of(apart, CHAIN), of(CHAIN, CHAIN)];
    expect(learned).toBeGreaterThan(none);
    expect(declared).toBeGreaterThan(learned);
  });

  it('is less likely at a part whose checks all say that it is well', () => {
    const facts = [...down('b/x', 10), change('a/x', 0)];
    const of = (well: ReadonlySet<string>) =>
      ranked(facts, CHAIN, well).find(({ project }) => project === 'a')?.confidence ?? 0;
    expect(of(new Set(['a/x']))).toBeLessThan(of(NOBODY));
  });

  it('cites what speaks for it and how it reaches what is seen, and says what to do', () => {
    const edge: Fact = {
      ...{ id: 'edge', kind: 'edge', role: 'context', at: 0, project: 'a', service: 'x', speaks: [] },
      ...{ neededBy: [{ project: 'b', service: 'x' }], text: 'b/x depends on a/x', plain: '' },
    };
    const [top] = ranked([...down('a/x', 0), ...down('b/x', 1), edge]);
    expect(top?.evidence).toEqual(['alert a/x failing', 'check a/x failing', 'edge']);
    expect(top?.title).toBe('a/x answers with errors');
    expect(top?.nextStep).not.toBe('');
  });
});

const KINDS = ['unreachable', 'failing', 'slow', 'unresponsive'] as const;
const CAUSES = ['memory', 'cpu', 'pool', 'statement', 'traffic', 'dependency'] as const;

/** A random ecosystem in which a root and some of what hangs on it fail, with evidence of all sorts. */
function scene(seed: number) {
  const next = random(seed);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
  const names = Array.from({ length: 4 + Math.floor(next() * 20) }, (_, i) => `p${i % 5}/s${i}`);
  const needs = Object.fromEntries(names.map((name, i) => [name, names.slice(0, i).filter(() => next() < 0.3)]));
  const root = pick(names);
  const hit = names.filter(() => next() < 0.4);
  const facts = [
    ...down(root, 0, pick(KINDS)),
    ...hit.filter((name) => name !== root).flatMap((name) => down(name, next() * 100, pick(KINDS))),
    ...Array.from({ length: 6 }, () => cause(pick(names), next() * 300 - 200, pick(CAUSES))),
    ...Array.from({ length: 2 }, () => change(pick(names), next() * -600)),
  ];
  return { facts: [...new Map(facts.map((fact) => [fact.id, fact])).values()], graph: graphOf(needs), next };
}

describe('in 300 random ecosystems', () => {
  const scenes = Array.from({ length: 300 }, (_, seed) => scene(seed + 1));

  it('the order of the evidence changes nothing', () => {
    for (const { facts, graph, next } of scenes)
      expect(ranked(shuffled(facts, next), graph)).toEqual(ranked(facts, graph));
  });

  it('confidences fall, and come to no more than one', () => {
    for (const { facts, graph } of scenes) {
      const confidences = ranked(facts, graph).map(({ confidence }) => confidence);
      expect(confidences).toEqual(confidences.toSorted((a, b) => b - a));
      expect(confidences.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(1);
    }
  });

  it('without a piece of its evidence the first cause is no likelier', () => {
    for (const { facts, graph } of scenes) {
      const [top] = ranked(facts, graph);
      if (!top) continue;
      const own = facts.filter(
        ({ id, speaks }) => top.evidence.includes(id) && speaks.some(({ kind }) => kind === top.kind),
      );
      for (const { id } of own) {
        const less = ranked(
          facts.filter((fact) => fact.id !== id),
          graph,
        ).find((each) => said(each) === said(top));
        expect(less?.confidence ?? 0).toBeLessThanOrEqual(top.confidence + 0.001);
      }
    }
  });

  it('every cause cites evidence that there is', () => {
    for (const { facts, graph } of scenes)
      for (const { evidence } of ranked(facts, graph)) {
        expect(evidence.length).toBeGreaterThan(0);
        for (const id of evidence) expect(facts.some((fact) => fact.id === id)).toBe(true);
      }
  });
});

it('ranks 1,000 alerts over 5,000 parts within half a second of CPU', () => {
  const next = random(7);
  const names = Array.from({ length: 5000 }, (_, i) => `p${i % 250}/s${i}`);
  const needs = Object.fromEntries(
    names.map((name, i) => [name, i === 0 ? [] : Array.from({ length: 3 }, () => names[Math.floor(next() * i)] ?? '')]),
  );
  const graph = graphOf(needs);
  const failing = [0, ...Array.from({ length: 999 }, (_, i) => 5 * i + 5)].map((i) => names[i] ?? '').filter(Boolean);
  const facts = failing.flatMap((name, i) => [
    ...down(name, i / 50, i === 0 ? 'unreachable' : 'failing'),
    cause(name, 0, 'slow'),
    change(name, -60),
  ]);
  const before = process.cpuUsage();
  const [top] = ranked(
    facts.filter(({ kind, project }) => kind !== 'change' || project === 'p3'),
    graph,
  );
  const { user, system } = process.cpuUsage(before);
  expect(top && said(top)).toBe('unreachable p0/s0');
  expect((user + system) / 1000).toBeLessThan(500);
});

it('holds every cause against something that is not among the evidence', () => {
  const [top] = ranked(down('a/x', 0));
  expect(top?.confidence).toBeLessThan(1 - Math.exp(-WEIGHTS.nothing));
});
