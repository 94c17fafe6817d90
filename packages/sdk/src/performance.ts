import type { DDSketch } from '@datadog/sketches-js';
import type { LatencySketch, PerformanceWindow } from '@orrery/protocol';
import type { Pools } from './pools.ts';
import type { QueryLog } from './queries.ts';
import type { Repeats } from './requests.ts';
import type { Tracer } from './tracer.ts';
import { completeSince, lengthOf, type Totals } from './window.ts';

/** Of each kind the most expensive ones travel: their time together is what can be won. */
const MAX_TOLD = 50;

export type PerformanceReport = Omit<PerformanceWindow, 'projectSlug' | 'instance'>;

/** What happened since the last report, by route, statement and pool: undefined when nothing did. */
export function createPerformance(deps: { tracer: Tracer; queries: QueryLog; repeats: Repeats; pools: Pools }) {
  const { tracer, queries, repeats, pools } = deps;
  let told: number | undefined;
  return {
    take(now: number): PerformanceReport | undefined {
      const span = completeSince(told, now);
      if (!span) return undefined;
      told = span.last;
      const { routes, platforms } = tracer.between(span);
      const report: PerformanceReport = {
        ts: new Date().toISOString(),
        windowMs: lengthOf(span),
        routes: dearest(routes).map(([route, totals]) => ({ route, ...figures(totals) })),
        platforms: dearest(platforms).map(([platform, totals]) => ({ platform, ...figures(totals) })),
        statements: dearest(queries.between(span)).map(([statement, totals]) => ({
          statement,
          ...figures(totals),
          rows: totals.units,
        })),
        repeats: repeats
          .take()
          .sort((a, b) => b.wastedMs - a.wastedMs)
          .slice(0, MAX_TOLD)
          .map((repeat) => ({ ...repeat, wastedMs: round(repeat.wastedMs) })),
        pools: pools.take(),
      };
      const { routes: some, statements, pools: watched } = report;
      return some.length + statements.length + watched.length === 0 ? undefined : report;
    },
  };
}

const dearest = (series: [string, Totals][]) =>
  series.sort(([, a], [, b]) => b.sketch.sum - a.sketch.sum).slice(0, MAX_TOLD);

const figures = ({ count, errors, sketch, failures }: Totals) => ({
  count,
  failed: errors,
  totalMs: round(sketch.sum),
  sketch: wire(sketch),
  ...(failures ? { failures: wire(failures) } : {}),
});

const round = (ms: number) => Math.round(ms * 1000) / 1000;

function wire({ zeroCount, store }: DDSketch): LatencySketch {
  const bins: [number, number][] = [];
  for (let i = 0; i < store.bins.length; i++) {
    const count = store.bins[i] ?? 0;
    if (count > 0) bins.push([i + store.offset, count]);
  }
  return { zero: zeroCount, bins };
}
