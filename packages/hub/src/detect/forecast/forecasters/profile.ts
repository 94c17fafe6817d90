import type { Forecaster } from '../forecaster.ts';

/** How much less a season counts than the one after it. */
const FADES = 0.7;

/**
 * The usual hour: how each hour of the season differed from its own season's mean, the newer seasons counting more, on the level of the last
 * day. It averages the noise that "as a season ago" repeats. Without a season the last day's mean goes on.
 */
export const profile: Forecaster = {
  least: (periods) => 2 * Math.max(24, ...periods),
  forecast(history, horizon, periods) {
    const { length } = history;
    const season = Math.max(0, ...periods);
    const day = history.subarray(length - 24);
    if (season === 0) return new Float64Array(horizon).fill(mean(day));
    const shape = new Float64Array(season);
    let weights = 0;
    for (let from = length - season, weight = 1; from >= 0; from -= season, weight *= FADES) {
      const one = history.subarray(from, from + season);
      const level = mean(one);
      one.forEach((value, i) => {
        shape[i] = (shape[i] ?? 0) + weight * (value - level);
      });
      weights += weight;
    }
    const usual = shape.map((sum) => sum / weights);
    const level = mean(day) - mean(usual.subarray(season - 24));
    return Float64Array.from({ length: horizon }, (_, h) => level + (usual[h % season] ?? 0));
  },
};

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
