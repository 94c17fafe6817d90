import { addToSketch, mergeSketch, newSketch, quantile, type Sketch } from './sketch.ts';

export type Point = { at: number; value: number };

/** What is kept of a stretch of time. The sketch is absent when it was not asked for, or when min and max already tell all (one or two values). */
export type Bucket = { start: number; count: number; sum: number; min: number; max: number; sketch?: Sketch };

export const STATS = ['avg', 'min', 'max', 'sum', 'count', 'p50', 'p95', 'p99'] as const;
export type Stat = (typeof STATS)[number];
const QUANTILES: Partial<Record<Stat, number>> = { p50: 0.5, p95: 0.95, p99: 0.99 };
export const needsSketch = (stat: Stat): boolean => QUANTILES[stat] !== undefined;

export function newBucket(start: number, withSketch: boolean): Bucket {
  const bucket: Bucket = { start, count: 0, sum: 0, min: Infinity, max: -Infinity };
  if (withSketch) bucket.sketch = newSketch();
  return bucket;
}

export function addValue(bucket: Bucket, value: number): void {
  bucket.count++;
  bucket.sum += value;
  if (value < bucket.min) bucket.min = value;
  if (value > bucket.max) bucket.max = value;
  if (bucket.sketch) addToSketch(bucket.sketch, value);
}

/** Adds `part` to `whole`; quantiles stay right when `whole` has a sketch and `part` has one or holds at most two values. */
export function addBucket(whole: Bucket, part: Bucket): void {
  whole.count += part.count;
  whole.sum += part.sum;
  whole.min = Math.min(whole.min, part.min);
  whole.max = Math.max(whole.max, part.max);
  if (!whole.sketch) return;
  if (part.sketch) mergeSketch(whole.sketch, part.sketch);
  else {
    addToSketch(whole.sketch, part.min);
    if (part.count > 1) addToSketch(whole.sketch, part.max);
  }
}

/** Points (in any order) as buckets of `size` milliseconds, in order of time. */
export function toBuckets(points: Iterable<Point>, size: number, withSketch: boolean): Bucket[] {
  const byStart = new Map<number, Bucket>();
  for (const { at, value } of points) {
    const start = Math.floor(at / size) * size;
    const bucket = byStart.get(start) ?? newBucket(start, withSketch);
    byStart.set(start, bucket);
    addValue(bucket, value);
  }
  return [...byStart.values()].sort((a, b) => a.start - b.start);
}

/** One number for a bucket that holds something. A quantile never leaves the range of what was measured. */
export function statOf(bucket: Bucket, stat: Stat): number {
  const q = QUANTILES[stat];
  if (q !== undefined) {
    if (!bucket.sketch) throw new Error('a quantile was asked of a bucket without a sketch');
    return Math.min(bucket.max, Math.max(bucket.min, quantile(bucket.sketch, q)));
  }
  if (stat === 'avg') return bucket.sum / bucket.count;
  return bucket[stat as 'min' | 'max' | 'sum' | 'count'];
}
