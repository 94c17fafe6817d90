import type { PerformanceWindow } from '@orrery/protocol';
import { addLatency, type Latency, noLatency } from './latency.ts';

/** Everything that was measured of one route, statement or platform. */
export type Measured = {
  name: string;
  count: number;
  failed: number;
  totalMs: number;
  rows: number;
  latency: Latency;
  failures: Latency;
};
export type Repeated = {
  route: string;
  statement: string;
  requests: number;
  typical: number;
  most: number;
  wastedMs: number;
  /** Windows that told of it. */
  windows: number;
};
export type PoolFact = PerformanceWindow['pools'][number] & { instance: string; at: number };

/** What several windows come to; `pools` by pool and instance, oldest first. */
export type Merged = {
  windows: number;
  routes: Map<string, Measured>;
  statements: Map<string, Measured>;
  platforms: Map<string, Measured>;
  repeats: Map<string, Repeated>;
  pools: Map<string, PoolFact[]>;
};

type Figures = Omit<PerformanceWindow['routes'][number], 'route'> & { rows?: number };

/** Adds windows up, whichever instance measured them. */
export function merge(windows: readonly PerformanceWindow[]): Merged {
  const merged: Merged = {
    windows: windows.length,
    routes: new Map(),
    statements: new Map(),
    platforms: new Map(),
    repeats: new Map(),
    pools: new Map(),
  };
  for (const window of windows.toSorted((a, b) => Date.parse(a.ts) - Date.parse(b.ts))) {
    for (const { route, ...figures } of window.routes) add(merged.routes, route, figures);
    for (const { statement, ...figures } of window.statements) add(merged.statements, statement, figures);
    for (const { platform, ...figures } of window.platforms) add(merged.platforms, platform, figures);
    for (const repeat of window.repeats) addRepeat(merged.repeats, repeat);
    const instance = window.instance ?? '';
    for (const pool of window.pools) {
      const key = JSON.stringify([instance, pool.pool]);
      const known = merged.pools.get(key) ?? [];
      known.push({ ...pool, instance, at: Date.parse(window.ts) });
      merged.pools.set(key, known);
    }
  }
  return merged;
}

export const emptyMeasured = (name: string): Measured => ({
  name,
  count: 0,
  failed: 0,
  totalMs: 0,
  rows: 0,
  latency: noLatency(),
  failures: noLatency(),
});

function add(into: Map<string, Measured>, name: string, figures: Figures): void {
  const known = into.get(name) ?? emptyMeasured(name);
  into.set(name, known);
  known.count += figures.count;
  known.failed += figures.failed;
  known.totalMs += figures.totalMs;
  known.rows += figures.rows ?? 0;
  addLatency(known.latency, figures.sketch);
  if (figures.failures) addLatency(known.failures, figures.failures);
}

function addRepeat(into: Map<string, Repeated>, repeat: PerformanceWindow['repeats'][number]): void {
  const key = JSON.stringify([repeat.route, repeat.statement]);
  const known = into.get(key);
  if (!known) {
    into.set(key, { ...repeat, windows: 1 });
    return;
  }
  const requests = known.requests + repeat.requests;
  // Of medians there is no sum: each counts by its requests.
  known.typical = Math.round((known.typical * known.requests + repeat.typical * repeat.requests) / requests);
  known.requests = requests;
  known.most = Math.max(known.most, repeat.most);
  known.wastedMs += repeat.wastedMs;
  known.windows++;
}
