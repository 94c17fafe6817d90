import { calibrate, coverageOf } from './conformal.ts';
import { type Forecaster, pathOf } from './forecaster.ts';
import { type Choice, HORIZON, LEVEL, type MethodName, type Score } from './outcome.ts';
import { seasonsOf } from './seasons.ts';

/** Origins lie a day and a half apart: every other one stands at the other side of the clock. */
const APART = 36;
const MOST_ORIGINS = 4;
const FEWEST_ORIGINS = 2;
/** The least that is learned from before an origin. */
const LEAST_LEARNED = 60;
/** Whoever wants to replace the floor must be better by so much: less is chance. */
const BETTER = 0.95;

export const LEAST_HISTORY = LEAST_LEARNED + HORIZON + (FEWEST_ORIGINS - 1) * APART;

type Tried = { method: MethodName; errors: Float64Array[]; mae: number; score: Score };

/**
 * Lets every forecaster forecast the past from several origins (rolling origin: Tashman, Out-of-sample tests of forecasting accuracy, 2000)
 * and keeps the one with the least mean absolute error; the floor, where none is clearly better. Errors are told as MASE (Hyndman and Koehler,
 * Another look at measures of forecast accuracy, 2006; scaled by the error of "as it was a day ago") and sMAPE.
 */
export function choose(
  history: Float64Array,
  forecasters: Readonly<Record<MethodName, Forecaster>>,
): Choice | undefined {
  const seasons = seasonsOf(history);
  const origins = originsOf(history.length, seasons);
  const periods = origins.length >= FEWEST_ORIGINS ? seasons : seasons.slice(0, 1);
  const from = origins.length >= FEWEST_ORIGINS ? origins : originsOf(history.length, periods);
  if (from.length < FEWEST_ORIGINS) return undefined;
  const tried = (Object.entries(forecasters) as [MethodName, Forecaster][]).flatMap(([method, forecaster]) => {
    // Where there are seasons, what knows none is not asked: it costs as much, and cannot win.
    if (method === 'ets' && periods.length > 0) return [];
    const one = attempt(method, forecaster, history, from, periods);
    return one ? [one] : [];
  });
  const floor = tried.find(({ method }) => method === 'seasonal-naive');
  const best = tried.reduce<Tried | undefined>(
    (least, one) => (least && least.mae <= one.mae ? least : one),
    undefined,
  );
  const chosen = best && floor && best.mae >= BETTER * floor.mae ? floor : best;
  if (!chosen) return undefined;
  return {
    method: chosen.method,
    periods,
    scores: tried.map(({ score }) => score),
    origins: from.length,
    coverage: coverageOf(chosen.errors, LEVEL),
    ...calibrate(chosen.errors, LEVEL),
  };
}

/** Where the past is forecast from, newest first: as many as there is enough history before. */
function originsOf(length: number, periods: readonly number[]): number[] {
  const least = Math.max(LEAST_LEARNED, 2 * Math.max(0, ...periods));
  const origins: number[] = [];
  for (let at = length - HORIZON; at >= least && origins.length < MOST_ORIGINS; at -= APART) origins.push(at);
  return origins;
}

function attempt(
  method: MethodName,
  forecaster: Forecaster,
  history: Float64Array,
  origins: readonly number[],
  periods: readonly number[],
): Tried | undefined {
  const errors: Float64Array[] = [];
  let off = 0;
  let relative = 0;
  for (const origin of origins) {
    const path = pathOf(forecaster, history.subarray(0, origin), HORIZON, periods);
    if (!path) return undefined;
    errors.push(
      path.map((value, hour) => {
        const actual = history[origin + hour] ?? value;
        const size = Math.abs(actual) + Math.abs(value);
        off += Math.abs(actual - value);
        relative += size === 0 ? 0 : (200 * Math.abs(actual - value)) / size;
        return actual - value;
      }),
    );
  }
  const count = origins.length * HORIZON;
  const mae = off / count;
  const usual = dayAgo(history.subarray(0, origins.at(-1)));
  return { method, errors, mae, score: { method, mase: usual === 0 ? null : mae / usual, smape: relative / count } };
}

/** The mean absolute difference to the day before: what MASE is measured in. */
function dayAgo(learned: Float64Array): number {
  let sum = 0;
  for (let i = 24; i < learned.length; i++) sum += Math.abs((learned[i] ?? 0) - (learned[i - 24] ?? 0));
  return sum / Math.max(1, learned.length - 24);
}
