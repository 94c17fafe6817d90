import { describe, expect, it } from 'vitest';
import { addBucket, addValue, newBucket, statOf, toBuckets } from './bucket.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { addToSketch, mergeSketch, newSketch, quantile, RELATIVE_ACCURACY, readSketch, writeSketch } from './sketch.ts';

/** Deterministic noise between 0 and 1. */
const noise = (i: number) => Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1;
const exact = (values: readonly number[], q: number) =>
  [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? 0;

const distributions: Record<string, number[]> = {
  'latencies with a long tail': Array.from({ length: 5000 }, (_, i) => 20 + 1000 * noise(i) ** 8),
  'evenly spread values': Array.from({ length: 5000 }, (_, i) => noise(i) * 100),
  'values of both signs': Array.from({ length: 5001 }, (_, i) => (noise(i) - 0.5) * 1e6),
  'only negative values': Array.from({ length: 999 }, (_, i) => -1 - noise(i) * 50),
  'many zeros': Array.from({ length: 1000 }, (_, i) => (i % 3 === 0 ? noise(i) : 0)),
  'twelve orders of magnitude': Array.from({ length: 3000 }, (_, i) => 10 ** (noise(i) * 12 - 3)),
};

describe.each(Object.entries(distributions))('a sketch of %s', (_name, values) => {
  const whole = newSketch();
  for (const value of values) addToSketch(whole, value);

  it('tells p50, p95 and p99 within 1 % of the true value', () => {
    for (const q of [0.5, 0.95, 0.99]) {
      const truth = exact(values, q);
      expect(Math.abs(quantile(whole, q) - truth)).toBeLessThanOrEqual(Math.abs(truth) * RELATIVE_ACCURACY * 1.0001);
    }
  });

  it('is the same when it is merged from parts, in any order, or read back from bytes', () => {
    const parts = Array.from({ length: 7 }, () => newSketch());
    for (const [i, value] of values.entries()) addToSketch(parts[i % 7] ?? whole, value);
    const merged = newSketch();
    for (const part of parts.reverse()) mergeSketch(merged, part);
    const out = new ByteWriter();
    writeSketch(out, merged);
    const back = readSketch(new ByteReader(out.finish()));
    for (const q of [0, 0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 1]) {
      expect(quantile(merged, q)).toBe(quantile(whole, q));
      expect(quantile(back, q)).toBe(quantile(whole, q));
    }
    expect(back.count).toBe(values.length);
  });
});

describe('a sketch', () => {
  it('stays small whatever magnitudes it is fed', () => {
    const sketch = newSketch();
    for (const value of [5e-324, 1e-300, -1e-300, 1e-9, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER])
      addToSketch(sketch, value);
    expect(sketch.store.bins.length + sketch.negativeStore.bins.length).toBeLessThan(8000);
    const out = new ByteWriter();
    writeSketch(out, sketch);
    expect(out.finish().length).toBeLessThan(40);
  });
});

describe('a bucket', () => {
  it('merged from minutes equals the bucket of the whole', () => {
    const points = (distributions['latencies with a long tail'] ?? []).map((value, i) => ({ at: i * 700, value }));
    const whole = newBucket(0, true);
    for (const { value } of points) addValue(whole, value);
    const merged = newBucket(0, true);
    for (const minute of toBuckets(points, 60_000, true)) addBucket(merged, minute);
    expect(merged.sum).toBeCloseTo(whole.sum, 6);
    for (const stat of ['count', 'min', 'max', 'p50', 'p95', 'p99'] as const)
      expect(statOf(merged, stat)).toBe(statOf(whole, stat));
  });

  it('never tells a quantile outside of what was measured', () => {
    const bucket = newBucket(0, true);
    for (const value of [101, 101, 101]) addValue(bucket, value);
    expect([statOf(bucket, 'p50'), statOf(bucket, 'p99')]).toEqual([101, 101]);
  });
});
