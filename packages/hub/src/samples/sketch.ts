import { DDSketch } from '@datadog/sketches-js';
import type { ByteReader, ByteWriter } from './bytes.ts';

export type Sketch = DDSketch;
type Store = DDSketch['store'];

/** A quantile read from a sketch is off by at most this share of the true value (DDSketch, Masson et al. 2019). */
export const RELATIVE_ACCURACY = 0.01;
/** Values nearer to zero than this count as zero in a sketch: its bins then span a few thousand keys, never more. */
const NEAR_ZERO = 1e-9;

export const newSketch = (): Sketch => new DDSketch({ relativeAccuracy: RELATIVE_ACCURACY });

export function addToSketch(sketch: Sketch, value: number): void {
  sketch.accept(Math.abs(value) < NEAR_ZERO ? 0 : value);
}

function* bins(store: Store): Generator<[key: number, count: number]> {
  for (let i = 0; i < store.bins.length; i++) {
    const count = store.bins[i] ?? 0;
    if (count > 0) yield [i + store.offset, count];
  }
}

/** Adds all of `from` to `into`; the result equals a sketch of all the values. (The library's own merge forgets the negative ones.) */
export function mergeSketch(into: Sketch, from: Sketch): void {
  for (const [key, count] of bins(from.store)) into.store.add(key, count);
  for (const [key, count] of bins(from.negativeStore)) into.negativeStore.add(key, count);
  into.zeroCount += from.zeroCount;
  into.count += from.count;
}

/** The value below which the share `q` (0 to 1) of the values lies, within the relative accuracy. */
export const quantile = (sketch: Sketch, q: number): number => sketch.getValueAtQuantile(q);

function writeStore(out: ByteWriter, store: Store): void {
  const filled = [...bins(store)];
  out.varint(filled.length);
  let before: number | undefined;
  for (const [key, count] of filled) {
    if (before === undefined) out.signed(key);
    const gap = before === undefined ? 0 : key - before;
    // Most bins hold one value: the flag saves their count.
    out.varint(gap * 2 + (count > 1 ? 1 : 0));
    if (count > 1) out.varint(count);
    before = key;
  }
}

function readStore(input: ByteReader, store: Store): void {
  const filled = input.varint();
  let key = filled > 0 ? input.signed() : 0;
  for (let i = 0; i < filled; i++) {
    const head = input.varint();
    key += Math.floor(head / 2);
    store.add(key, head % 2 === 1 ? input.varint() : 1);
  }
}

export function writeSketch(out: ByteWriter, sketch: Sketch): void {
  out.varint(sketch.zeroCount);
  writeStore(out, sketch.store);
  writeStore(out, sketch.negativeStore);
}

export function readSketch(input: ByteReader): Sketch {
  const sketch = newSketch();
  sketch.zeroCount = input.varint();
  readStore(input, sketch.store);
  readStore(input, sketch.negativeStore);
  sketch.count = sketch.zeroCount + sketch.store.count + sketch.negativeStore.count;
  return sketch;
}
