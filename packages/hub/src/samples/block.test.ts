import { describe, expect, it } from 'vitest';
import { decodeBuckets, decodePoints, encodeBuckets, encodePoints } from './block.ts';
import { type Point, toBuckets } from './bucket.ts';

const START = Date.parse('2026-03-10T12:00:00Z');
const MINUTE = 60_000;

/** Random numbers that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function every(ms: number, count: number, value: (i: number) => number, jitter = 0): Point[] {
  const random = seeded(count);
  return Array.from({ length: count }, (_, i) => ({
    at: START + i * ms + Math.floor(random() * jitter),
    value: value(i),
  }));
}

const random = seeded(7);
const shapes: Record<string, Point[]> = {
  'no point': [],
  'one point': [{ at: START + 17, value: 0.1 }],
  'one value all along': every(1000, 3600, () => 42),
  'whole numbers': every(5000, 720, (i) => (i * 7919) % 1000),
  'latencies with three decimals': every(5000, 720, () => Math.round(random() * 200_000) / 1000, 40),
  'any doubles': every(1000, 500, () => random() * 1e6, 900),
  'doubles of every size and sign': every(1000, 400, (i) => (random() - 0.5) * 10 ** ((i % 60) - 40)),
  'the largest and the smallest': [
    Number.MAX_SAFE_INTEGER,
    -Number.MAX_SAFE_INTEGER,
    0,
    5e-324,
    1e-7,
    0.1 + 0.2,
    Math.PI,
  ].map((value, i) => ({ at: START + i, value })),
  'huge whole numbers that differ by much': every(1000, 50, (i) => (i % 2 === 0 ? 2 ** 52 : -(2 ** 52))),
  'epoch milliseconds': every(60_000, 60, (i) => START + i * 86_400_000),
};

describe('a block of points', () => {
  it.each(Object.entries(shapes))('gives back %s to the last bit', (_name, points) => {
    expect(decodePoints(START, encodePoints(START, points))).toEqual(points);
  });

  it('takes at most four bytes for a latency of one decimal every 5 s, and nine for any double', () => {
    const latency = every(5000, 720, () => Math.round(400 + random() * 200) / 10);
    expect(encodePoints(START, latency).length / latency.length).toBeLessThan(4);
    const noise = every(60_000, 60, () => random());
    expect(encodePoints(START, noise).length / noise.length).toBeLessThan(11);
  });

  it('refuses a block that was cut off instead of inventing points', () => {
    const data = encodePoints(START, shapes['whole numbers'] ?? []);
    expect(() => decodePoints(START, data.subarray(0, data.length - 3))).toThrow('ends too early');
    expect(() => decodePoints(START, new Uint8Array([9, 1]))).toThrow('unknown version 9');
  });
});

describe('a block of buckets', () => {
  it.each(Object.entries(shapes).filter(([, points]) => points.length > 0))(
    'gives back count, sum, min and max of %s',
    (_name, points) => {
      const hour = points.filter(({ at }) => at < START + 3_600_000);
      const buckets = toBuckets(hour, MINUTE, true);
      const plain = (bucket: (typeof buckets)[number]) => ({ ...bucket, sketch: undefined });
      const back = decodeBuckets(START, MINUTE, encodeBuckets(START, MINUTE, buckets), 'avg');
      expect(back.map(plain)).toEqual(buckets.map(plain));
    },
  );

  it('gives back the sketches when they are asked for', () => {
    const buckets = toBuckets(shapes['latencies with three decimals'] ?? [], MINUTE, true);
    const back = decodeBuckets(START, MINUTE, encodeBuckets(START, MINUTE, buckets), 'all');
    for (const [i, bucket] of buckets.entries())
      for (const q of [0, 0.5, 0.95, 1])
        expect(back[i]?.sketch?.getValueAtQuantile(q)).toBe(bucket.sketch?.getValueAtQuantile(q));
  });
});
