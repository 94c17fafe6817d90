import type { LatencySketch } from '@orrery/protocol';

/** Bin `key` of a sketch counts the values in (γ^(key-1), γ^key]: DDSketch of 1 % (Masson et al., VLDB 2019). */
const GAMMA = 1.01 / 0.99;
const middleOf = (key: number): number => (2 * GAMMA ** key) / (1 + GAMMA);

/** A distribution of durations in ms. */
export type Latency = { zero: number; bins: Map<number, number> };

export const noLatency = (): Latency => ({ zero: 0, bins: new Map() });

/** Adds all that a sketch counted. */
export function addLatency(into: Latency, sketch: LatencySketch): void {
  into.zero += sketch.zero;
  for (const [key, count] of sketch.bins) into.bins.set(key, (into.bins.get(key) ?? 0) + count);
}

export const toSketch = ({ zero, bins }: Latency): LatencySketch => ({ zero, bins: [...bins].sort(byKey) });

const byKey = ([a]: readonly [number, number], [b]: readonly [number, number]) => a - b;

/** The value below which the share `q` (0 to 1) lies, in ms and within 1 %; 0 of nothing. */
export function quantileOf({ zero, bins }: Latency, q: number): number {
  const sorted = [...bins].sort(byKey);
  const count = sorted.reduce((sum, [, n]) => sum + n, zero);
  const rank = q * (count - 1);
  let seen = zero;
  if (count === 0 || rank < seen) return 0;
  for (const [key, n] of sorted) {
    seen += n;
    if (rank < seen) return round(middleOf(key));
  }
  return round(middleOf(sorted.at(-1)?.[0] ?? 0));
}

/** How many took at most `ms`, within 1 % of it. */
export function countUpTo({ zero, bins }: Latency, ms: number): number {
  let count = zero;
  for (const [key, n] of bins) if (middleOf(key) <= ms) count += n;
  return count;
}

const round = (ms: number) => Math.round(ms * 1000) / 1000;
