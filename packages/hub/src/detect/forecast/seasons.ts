/** In hours, each with the least share of the variance that it must explain: what wanders by chance looks like a week more easily than like a day. */
const SEASONS = [
  { period: 24, worth: 0.1 },
  { period: 168, worth: 0.3 },
] as const;

/**
 * The seasons of an hourly series, in hours, shortest first: those whose strength (Hyndman and Athanasopoulos, Forecasting: Principles and
 * Practice, 3rd ed., 4.3), corrected for what a profile of that length explains of pure noise, is worth it. Each is asked for twice at least.
 */
export function seasonsOf(history: Float64Array): number[] {
  const seasons: number[] = [];
  let rest = history;
  for (const { period, worth } of SEASONS) {
    if (history.length < 2 * period) break;
    const flat = withoutTrend(rest, period);
    const profile = profileOf(flat, period);
    if (strength(flat, profile) < worth) continue;
    seasons.push(period);
    rest = rest.map((value, i) => value - (profile[i % period] ?? 0));
  }
  return seasons;
}

/** The series less its moving mean over one period (at the ends: over what there is of it). */
function withoutTrend(values: Float64Array, period: number): Float64Array {
  const sums = new Float64Array(values.length + 1);
  values.forEach((value, i) => {
    sums[i + 1] = (sums[i] ?? 0) + value;
  });
  const half = Math.floor(period / 2);
  return values.map((value, i) => {
    // The window keeps its length at the ends, so that it always holds a whole period.
    const from = Math.min(Math.max(0, i - half), values.length - period);
    return value - ((sums[from + period] ?? 0) - (sums[from] ?? 0)) / period;
  });
}

function profileOf(values: Float64Array, period: number): Float64Array {
  const profile = new Float64Array(period);
  const counts = new Float64Array(period);
  values.forEach((value, i) => {
    const phase = i % period;
    profile[phase] = (profile[phase] ?? 0) + value;
    counts[phase] = (counts[phase] ?? 0) + 1;
  });
  return profile.map((sum, phase) => sum / (counts[phase] || 1));
}

function strength(values: Float64Array, profile: Float64Array): number {
  const { length } = values;
  const mean = values.reduce((sum, value) => sum + value, 0) / length;
  let all = 0;
  let left = 0;
  values.forEach((value, i) => {
    all += (value - mean) ** 2;
    left += (value - (profile[i % profile.length] ?? 0)) ** 2;
  });
  return all === 0 ? 0 : 1 - left / (length - profile.length) / (all / (length - 1));
}
