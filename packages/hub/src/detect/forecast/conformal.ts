import { LEVEL } from './outcome.ts';

/** Hours ahead that share their errors: six stretches of half a day. */
export const STRETCH = 12;
const GRID = 21;

export const stretchOf = (hour: number): number => Math.floor(hour / STRETCH);

/**
 * The interval around a path from the errors that the same forecaster made in the backtest: split conformal prediction (Papadopoulos et al.,
 * Inductive Confidence Machines, 2002; Lei et al., Distribution-Free Predictive Inference for Regression, 2018), each side by itself, the
 * errors of half a day pooled (as Stankevičiūtė et al., Conformal Time-Series Forecasting, 2021, calibrate by distance). `errors` holds one
 * row (actual − forecast, by hour ahead) for each origin. It never narrows with the distance, and always holds the path.
 */
export function calibrate(errors: readonly Float64Array[], level = LEVEL) {
  const stretches = Math.ceil((errors[0]?.length ?? 0) / STRETCH);
  const lower: number[] = [];
  const upper: number[] = [];
  const spread: number[][] = [];
  for (let stretch = 0; stretch < stretches; stretch++) {
    const pool = pooled(errors, stretch);
    const tail = (1 - level) / 2;
    lower.push(Math.min(0, lower.at(-1) ?? 0, conformal(pool, tail)));
    upper.push(Math.max(0, upper.at(-1) ?? 0, conformal(pool, 1 - tail)));
    spread.push(Array.from({ length: GRID }, (_, i) => at(pool, (i / (GRID - 1)) * (pool.length - 1))));
  }
  return { lower, upper, spread };
}

/** The share of errors that lie inside the interval made from the other origins' errors; null from one origin. */
export function coverageOf(errors: readonly Float64Array[], level = LEVEL): number | null {
  if (errors.length < 2) return null;
  let inside = 0;
  let all = 0;
  errors.forEach((row, origin) => {
    const { lower, upper } = calibrate(errors.toSpliced(origin, 1), level);
    row.forEach((error, hour) => {
      const stretch = stretchOf(hour);
      all += 1;
      if (error >= (lower[stretch] ?? 0) && error <= (upper[stretch] ?? 0)) inside += 1;
    });
  });
  return inside / all;
}

/** The share of a stretch's errors that are greater than this. */
export function shareAbove(spread: readonly number[], error: number): number {
  const { length } = spread;
  const first = spread[0] ?? 0;
  const last = spread.at(-1) ?? 0;
  if (length === 0 || error < first) return 1;
  if (error >= last) return 0;
  const next = spread.findIndex((value) => value > error);
  const before = spread[next - 1] ?? first;
  const after = spread[next] ?? last;
  return 1 - (next - 1 + (error - before) / (after - before)) / (length - 1);
}

function pooled(errors: readonly Float64Array[], stretch: number): Float64Array {
  const pool = errors.flatMap((row) => [...row.subarray(stretch * STRETCH, (stretch + 1) * STRETCH)]);
  return Float64Array.from(pool).sort();
}

/** The quantile with the correction for a finite sample: of n errors the ⌈(n+1)q⌉-th from below, seen from the side it guards. */
function conformal(sorted: Float64Array, q: number): number {
  const n = sorted.length;
  const rank = q < 0.5 ? n + 1 - Math.ceil((n + 1) * (1 - q)) : Math.ceil((n + 1) * q);
  return sorted[Math.min(n, Math.max(1, rank)) - 1] ?? 0;
}

function at(sorted: Float64Array, place: number): number {
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? 0;
  return below + (above - below) * (place - Math.floor(place));
}
