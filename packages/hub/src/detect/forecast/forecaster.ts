/**
 * One way to forecast an hourly series. Pure: the same history always gives the same path.
 * What it returns is looked at by `pathOf`: a member may throw or run away, and is then passed over.
 */
export type Forecaster = {
  /** The fewest hours of history that it makes something of, with these seasons. */
  least(periods: readonly number[]): number;
  /** The next `horizon` hours after a history without gaps; `periods` are its seasons in hours, shortest first, or none. */
  forecast(history: Float64Array, horizon: number, periods: readonly number[]): ArrayLike<number>;
};

/** How far beyond its own range a path may go, in ranges of its history: further is a model that ran away. */
const RUNAWAY = 3;

/** The path of one forecaster, or undefined where it makes nothing of this history. */
export function pathOf(
  forecaster: Forecaster,
  history: Float64Array,
  horizon: number,
  periods: readonly number[],
): Float64Array | undefined {
  if (history.length < forecaster.least(periods)) return undefined;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of history) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  // A constant has nothing to learn, and models that look for a variance stumble over none.
  if (low === high) return new Float64Array(horizon).fill(low);
  let said: ArrayLike<number>;
  try {
    said = forecaster.forecast(history, horizon, periods);
  } catch {
    return undefined;
  }
  if (said.length < horizon) return undefined;
  const reach = RUNAWAY * (high - low);
  const path = new Float64Array(horizon);
  for (let h = 0; h < horizon; h++) {
    const value = said[h] ?? Number.NaN;
    if (!(value >= low - reach && value <= high + reach)) return undefined;
    // What never was negative is taken for something that cannot be.
    path[h] = low >= 0 ? Math.max(0, value) : value;
  }
  return path;
}
