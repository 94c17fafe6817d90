import type { Forecaster } from '../forecaster.ts';
import type { MethodName } from '../outcome.ts';
import { drift } from './drift.ts';
import { ets } from './ets.ts';
import { mstl } from './mstl.ts';
import { profile } from './profile.ts';
import { seasonalNaive } from './seasonal-naive.ts';

/** Every forecaster of the house, the floor first. Loading this loads WebAssembly: only the worker does. */
export const FORECASTERS = { 'seasonal-naive': seasonalNaive, profile, drift, ets, mstl } satisfies Record<
  MethodName,
  Forecaster
>;
