export type MethodName = 'seasonal-naive' | 'profile' | 'drift' | 'ets' | 'mstl';

export const HOUR = 3_600_000;
/** How far ahead, in hours. */
export const HORIZON = 72;
/** The share of what comes that the interval is made to hold. */
export const LEVEL = 0.9;

/** How wrong one forecaster was in the backtest. */
export type Score = {
  method: MethodName;
  /** Mean absolute error against that of "as it was a day ago"; null where that never errs. */
  mase: number | null;
  /** Symmetric mean absolute percentage error, 0–200. */
  smape: number;
};

/** What the backtest came to: which forecaster, and how far off it was at which distance. */
export type Choice = {
  method: MethodName;
  /** Seasons in hours, shortest first. */
  periods: number[];
  scores: Score[];
  /** From how many points of the past the whole distance was forecast. */
  origins: number;
  /** The share of backtest values inside an interval that was made without them; null from one origin. */
  coverage: number | null;
  /** For each stretch of hours ahead: the errors (actual − forecast) at 21 even quantiles, from the least to the greatest. */
  spread: number[][];
  /** What is added to the path for the interval, for each stretch. */
  lower: number[];
  upper: number[];
};

/** What becomes of a history: a path with its interval, or the reason that there is none. */
export type Outcome =
  | { state: 'ready'; choice: Choice; point: number[]; lower: number[]; upper: number[] }
  | { state: 'not_enough_data'; reason: string };
