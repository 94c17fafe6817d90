/**
 * Quantiles of latencies that can be added up (DDSketch, Masson et al. 2019): a value falls into the bin of its logarithm, and every quantile
 * is off by at most 1 % of the true value. Kept as [[bin, count], …].
 */
const ACCURACY = 0.01;
const GAMMA = (1 + ACCURACY) / (1 - ACCURACY);
const LOG_GAMMA = Math.log(GAMMA);

export type LatencySketch = Map<number, number>;

/** Adds `count` calls that took `ms`. */
export function addLatency(sketch: LatencySketch, ms: number, count = 1): void {
  const bin = ms < 1 ? 0 : Math.ceil(Math.log(ms) / LOG_GAMMA) + 1;
  sketch.set(bin, (sketch.get(bin) ?? 0) + count);
}

export function mergeLatencies(into: LatencySketch, from: Iterable<readonly [number, number]>): void {
  for (const [bin, count] of from) into.set(bin, (into.get(bin) ?? 0) + count);
}

/** The latency below which the share `q` (0 to 1) lies, in ms; null of nothing. */
export function latencyQuantile(sketch: LatencySketch, q: number): number | null {
  const bins = [...sketch].sort(([a], [b]) => a - b);
  const total = bins.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  let rank = q * (total - 1);
  for (const [bin, count] of bins) {
    rank -= count;
    if (rank < 0) return bin === 0 ? 0 : Math.round(((2 * GAMMA ** (bin - 1)) / (GAMMA + 1)) * 10) / 10;
  }
  return null;
}
