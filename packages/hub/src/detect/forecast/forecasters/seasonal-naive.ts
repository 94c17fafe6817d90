import type { Forecaster } from '../forecaster.ts';

/** The floor: it will be as it was a season ago; without a season, as it was last. */
export const seasonalNaive: Forecaster = {
  least: (periods) => Math.max(1, ...periods),
  forecast(history, horizon, periods) {
    const season = Math.max(1, ...periods);
    const from = history.length - season;
    return Float64Array.from({ length: horizon }, (_, h) => history[from + (h % season)] ?? Number.NaN);
  },
};
