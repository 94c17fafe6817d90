import { describe, expect, it } from 'vitest';
import { apdexOf, apdexOfAll, satisfiedBy } from './apdex.ts';
import { merge } from './merge.ts';
import { measured, windowOf } from './testing.ts';

const routes = (...some: [route: string, values: number[], failed?: number[]][]) =>
  merge([windowOf(0, { routes: some.map(([route, values, failed]) => ({ route, ...measured(values, failed) })) })])
    .routes;
const score = (values: number[], failed?: number[], thresholdMs = 500) => {
  const [route] = routes(['GET /', values, failed ?? []]).values();
  return route && apdexOf(route, thresholdMs);
};

describe('the Apdex', () => {
  it('of the specification’s own example: 60 satisfied, 30 tolerating and 10 frustrated are 0.75', () => {
    const values = [...Array<number>(60).fill(100), ...Array<number>(30).fill(900), ...Array<number>(10).fill(9000)];
    expect(score(values)).toEqual({
      score: 0.75,
      thresholdMs: 500,
      requests: 100,
      satisfied: 60,
      tolerating: 30,
      frustrated: 10,
    });
  });

  it('takes a fast failure for a frustration', () => {
    expect(score([10, 10, 10, 10], [10])).toMatchObject({ score: 0.75, satisfied: 3, frustrated: 1 });
  });

  it('has a limit of its own for a route, and adds requests up, not scores', () => {
    const all = routes(['GET /', [100, 100, 100]], ['POST /report', [4000]]);
    const declared = satisfiedBy({ threshold: '500ms', routes: { 'POST /report': '5s' } });
    expect(apdexOfAll(all.values(), declared)).toMatchObject({ score: 1, requests: 4 });
    expect(apdexOfAll(all.values(), satisfiedBy(undefined))).toMatchObject({ score: 0.75, thresholdMs: 500 });
  });

  it('of no request is none', () => {
    expect(apdexOfAll([], satisfiedBy(undefined))).toBeUndefined();
  });
});
