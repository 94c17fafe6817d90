import { describe, expect, it } from 'vitest';
import type { DrillFault } from './ground.ts';
import { choose, rounds } from './plan.ts';

const fault = (name: string, more: Partial<DrillFault> = {}): DrillFault => ({
  ...{ name, target: { project: name[0] ?? '', service: 'api' }, kinds: ['unreachable'], remedy: true, withinMs: 1000 },
  inject: () => Promise.resolve(),
  clear: () => Promise.resolve(),
  ...more,
});
const names = (faults: readonly DrillFault[]) => faults.map(({ name }) => name);
const ALL = ['a1', 'a2', 'b1', 'b2', 'c1'].map((name) => fault(name));

describe('the choice', () => {
  it('is each in turn, no target twice in a row where there is another', () => {
    expect(names(choose(ALL, { seed: 1 }))).toEqual(['a1', 'b1', 'a2', 'b2', 'c1']);
  });

  it('at random is the same for the same seed, and another for another', () => {
    const of = (seed: number) => names(choose(ALL, { count: 30, seed }));
    expect(of(7)).toEqual(of(7));
    expect(of(7)).not.toEqual(of(8));
    expect(of(7)).toHaveLength(30);
    expect(new Set(of(7)).size).toBe(ALL.length);
  });

  it('at random strikes no project twice in a row, over a hundred seeds', () => {
    for (let seed = 0; seed < 100; seed++) {
      const chosen = choose(ALL, { count: 30, seed }).map(({ target }) => target.project);
      expect(chosen.filter((project, n) => n > 0 && project === chosen[n - 1])).toEqual([]);
    }
  });

  it('is what there is when there is one target alone', () => {
    expect(names(choose([fault('a1'), fault('a2')], { count: 3, seed: 1 }))).toHaveLength(3);
  });
});

describe('the rounds', () => {
  it('end before an alert opens for the fifth time, also one that only spreads', () => {
    const spreading = Array.from({ length: 3 }, (_, n) => fault(`a${n}`, { spreadsTo: ['b'] }));
    expect(rounds([...spreading, fault('b1'), fault('b2'), fault('c1')]).map(names)).toEqual([
      ['a0', 'a1', 'a2', 'b1'],
      ['b2', 'c1'],
    ]);
  });

  it('have nothing after a change at the same project', () => {
    const change = fault('a1', { isChange: true });
    expect(rounds([change, fault('b1'), fault('a2')]).map(names)).toEqual([['a1', 'b1'], ['a2']]);
  });

  it('of nothing are none', () => {
    expect(rounds([])).toEqual([]);
  });
});
