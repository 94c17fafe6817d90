import { DDSketch } from '@datadog/sketches-js';
import { type LatencySketch, PerformanceWindow } from '@orrery/protocol';
import type { PerformanceFacts } from './facts.ts';
import { merge } from './merge.ts';

/** For tests: a sketch of these durations, as an instance makes it. */
export function sketchOf(values: readonly number[]): LatencySketch {
  const sketch = new DDSketch();
  for (const value of values) sketch.accept(value);
  const bins = sketch.store.bins.flatMap((count, i): [number, number][] =>
    count > 0 ? [[i + sketch.store.offset, count]] : [],
  );
  return { zero: sketch.zeroCount, bins };
}

export const measured = (values: readonly number[], failed: readonly number[] = []) => ({
  count: values.length,
  failed: failed.length,
  totalMs: values.reduce((sum, value) => sum + value, 0),
  sketch: sketchOf(values),
  ...(failed.length > 0 ? { failures: sketchOf(failed) } : {}),
});

/** So many durations around a middle, a tenth to either side. */
export const around = (ms: number, count = 40): number[] =>
  Array.from({ length: count }, (_, i) => ms * (0.9 + (0.2 * i) / Math.max(count - 1, 1)));

export const windowOf = (at: number, parts: Omit<Partial<PerformanceWindow>, 'ts'>): PerformanceWindow =>
  PerformanceWindow.parse({
    projectSlug: 'veria',
    instance: 'one',
    ts: new Date(at).toISOString(),
    windowMs: 60_000,
    ...parts,
  });

export const factsOf = (more: Partial<PerformanceFacts> = {}): PerformanceFacts => ({
  project: 'veria',
  recent: merge([]),
  before: merge([]),
  usual: { routes: new Map(), statements: new Map() },
  connections: [],
  advice: [],
  firing: [],
  ...more,
});
