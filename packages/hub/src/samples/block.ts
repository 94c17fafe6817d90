import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Bucket, needsSketch, type Point, type Stat } from './bucket.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readColumn, writeColumn } from './column.ts';
import { addToSketch, newSketch, readSketch, writeSketch } from './sketch.ts';

const VERSION = 1;
/** Sketches of fewer bytes are left as they are. */
const WORTH_SQUEEZING = 64;

function open(data: Uint8Array): ByteReader {
  const input = new ByteReader(data);
  const version = input.byte();
  if (version !== VERSION) throw new Error(`a block of samples has the unknown version ${version}`);
  return input;
}

/** Packs points (in order of time, all at or after `start`): regular intervals and values of few decimals take two to four bytes a point. */
export function encodePoints(start: number, points: readonly Point[]): Uint8Array {
  const out = new ByteWriter();
  out.byte(VERSION);
  out.varint(points.length);
  writeTimes(out, start, points);
  writeColumn(
    out,
    points.map((point) => point.value),
  );
  return out.finish();
}

export function decodePoints(start: number, data: Uint8Array): Point[] {
  const input = open(data);
  const count = input.varint();
  const times = readTimes(input, start, count);
  const values = readColumn(input, count);
  return times.map((time, i) => ({ at: time, value: values[i] ?? 0 }));
}

/** A clockwork's times are its first one and the distance; others are written as how much each distance differs from the one before. */
function writeTimes(out: ByteWriter, start: number, points: readonly Point[]): void {
  const distance = (points[1]?.at ?? 0) - (points[0]?.at ?? 0);
  const regular = points.every(({ at }, i) => at === (points[0]?.at ?? 0) + i * distance);
  out.byte(regular ? 1 : 0);
  let before = start;
  let step = 0;
  for (const { at } of regular ? points.slice(0, 2) : points) {
    out.signed(at - before - step);
    step = at - before;
    before = at;
  }
}

function readTimes(input: ByteReader, start: number, count: number): number[] {
  const regular = input.byte() === 1;
  const times: number[] = [];
  let at = start;
  let step = 0;
  for (let i = 0; i < count; i++) {
    if (!regular || i < 2) step += input.signed();
    at += step;
    times.push(at);
  }
  return times;
}

/** Packs buckets of `size` milliseconds inside the block that begins at `start`. Sketches stand last, so that a reader who needs none stops before them. */
export function encodeBuckets(start: number, size: number, buckets: readonly Bucket[]): Uint8Array {
  const out = new ByteWriter();
  out.byte(VERSION);
  out.varint(buckets.length);
  let before = 0;
  for (const bucket of buckets) {
    const index = (bucket.start - start) / size;
    out.varint(index - before);
    out.varint(bucket.count);
    before = index;
  }
  const several = buckets.filter((bucket) => bucket.count > 1);
  for (const column of [
    buckets.map((bucket) => bucket.min),
    several.map((bucket) => bucket.max),
    several.map((bucket) => bucket.sum),
  ])
    writeColumn(out, column);
  const sketches = new ByteWriter();
  for (const bucket of buckets)
    if (bucket.count > 2) {
      if (!bucket.sketch) throw new Error('a bucket of more than two values needs its sketch');
      writeSketch(sketches, bucket.sketch);
    }
  const plain = sketches.finish();
  const squeezed = plain.length > WORTH_SQUEEZING ? deflateRawSync(plain) : plain;
  const smaller = squeezed.length < plain.length;
  out.byte(smaller ? 1 : 0);
  out.bytes(smaller ? squeezed : plain);
  return out.finish();
}

function openSketches(input: ByteReader): ByteReader {
  const squeezed = input.byte() === 1;
  return new ByteReader(squeezed ? inflateRawSync(input.rest()) : input.rest());
}

export function decodeBuckets(start: number, size: number, data: Uint8Array, stat: Stat | 'all'): Bucket[] {
  const input = open(data);
  const count = input.varint();
  const heads: { start: number; count: number }[] = [];
  let index = 0;
  for (let i = 0; i < count; i++) {
    index += input.varint();
    heads.push({ start: start + index * size, count: input.varint() });
  }
  const several = heads.filter((head) => head.count > 1).length;
  const mins = readColumn(input, count);
  const maxs = readColumn(input, several);
  const sums = readColumn(input, several);
  const withSketch = stat === 'all' || needsSketch(stat);
  const sketches = withSketch ? openSketches(input) : input;
  let next = 0;
  return heads.map((head, i) => {
    const min = mins[i] ?? 0;
    const one = head.count === 1;
    const bucket: Bucket = { ...head, min, max: one ? min : (maxs[next] ?? 0), sum: one ? min : (sums[next] ?? 0) };
    if (!one) next++;
    if (!withSketch) return bucket;
    if (head.count > 2) bucket.sketch = readSketch(sketches);
    else {
      bucket.sketch = newSketch();
      for (const value of one ? [min] : [min, bucket.max]) addToSketch(bucket.sketch, value);
    }
    return bucket;
  });
}
