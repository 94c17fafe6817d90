import { choose, LEAST_HISTORY } from './backtest.ts';
import { stretchOf } from './conformal.ts';
import { type Forecaster, pathOf } from './forecaster.ts';
import { type Choice, HORIZON, type MethodName, type Outcome } from './outcome.ts';

/**
 * A history of hourly values without gaps → the next 72 hours with their interval. An earlier choice is taken as it is; without one the
 * forecasters are tried on the past first. Where the chosen one makes nothing of the newest history, the floor stands in.
 */
export function reckon(
  history: Float64Array,
  forecasters: Readonly<Record<MethodName, Forecaster>>,
  earlier?: Choice,
): Outcome {
  const reason = `needs ${LEAST_HISTORY} hours, has ${history.length}`;
  if (history.length < LEAST_HISTORY) return { state: 'not_enough_data', reason };
  const choice = earlier ?? choose(history, forecasters);
  if (!choice) return { state: 'not_enough_data', reason: 'no forecaster makes anything of this history' };
  const path =
    pathOf(forecasters[choice.method], history, HORIZON, choice.periods) ??
    pathOf(forecasters['seasonal-naive'], history, HORIZON, choice.periods);
  if (!path) return { state: 'not_enough_data', reason: 'its history has become too short for its seasons' };
  const floor = history.every((value) => value >= 0) ? 0 : Number.NEGATIVE_INFINITY;
  const point = [...path];
  return {
    state: 'ready',
    choice,
    point,
    lower: point.map((value, hour) => Math.max(floor, value + (choice.lower[stretchOf(hour)] ?? 0))),
    upper: point.map((value, hour) => value + (choice.upper[stretchOf(hour)] ?? 0)),
  };
}
