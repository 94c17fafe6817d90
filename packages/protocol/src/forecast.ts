import { z } from 'zod';
import { Severity, Time } from './common.ts';

const Pattern = z
  .string()
  .regex(
    /^([a-zA-Z_][a-zA-Z0-9_.:/-]{0,127}\*?|\*)$/,
    'must be a metric, the beginning of some with "*" behind it, or "*"',
  );

/** Which metrics of a project are forecast beside those that are anyway, and which are not. */
export const ForecastDeclaration = z.strictObject({
  also: z.array(Pattern).max(100).default([]),
  except: z.array(Pattern).max(100).default([]),
});
export type ForecastDeclaration = z.infer<typeof ForecastDeclaration>;

export const ForecastMethod = z.enum(['seasonal-naive', 'profile', 'drift', 'ets', 'mstl']);
export type ForecastMethod = z.infer<typeof ForecastMethod>;

const Limit = z.object({ above: z.number().optional(), below: z.number().optional(), severity: Severity });

/** How wrong a method was when it forecast the past. */
export const ForecastScore = z.object({
  method: ForecastMethod,
  /** Mean absolute error against that of "as it was a day ago"; null where that never errs. */
  mase: z.number().nullable(),
  /** Symmetric mean absolute percentage error, 0–200. */
  smape: z.number(),
});
export type ForecastScore = z.infer<typeof ForecastScore>;

/** That a forecast goes beyond a declared limit. */
export const ForecastCrossing = z.object({
  threshold: Limit,
  /** When it is expected, and the earliest hour to be thought of. */
  at: Time,
  earliestAt: Time,
  /** Hours from now; 0 when it may be any moment. */
  inHours: z.number(),
  /** The share of the backtest's errors that would leave it beyond the limit, 0–1. */
  confidence: z.number(),
});
export type ForecastCrossing = z.infer<typeof ForecastCrossing>;

/** One series that is forecast, without its hours. */
export const Forecast = z.object({
  id: z.string(),
  project: z.string(),
  service: z.string().optional(),
  metric: z.string(),
  tags: z.record(z.string(), z.string()).optional(),
  unit: z.string().optional(),
  state: z.enum(['ready', 'not_enough_data', 'failed']),
  /** Why there is none, or why the newest try failed. */
  reason: z.string().optional(),
  triedAt: Time,
  madeAt: Time.optional(),
  /** When the last hour ended that it rests on. */
  dataUntil: Time.optional(),
  method: ForecastMethod.optional(),
  /** Its seasons in hours. */
  periods: z.array(z.number()),
  /** The backtest's errors of each method that was tried. */
  scores: z.array(ForecastScore),
  /** The chosen method's. */
  mase: z.number().nullable().optional(),
  smape: z.number().optional(),
  /** What share of what comes the interval is made for, and what share it held in the backtest. */
  level: z.number(),
  coverage: z.number().nullable().optional(),
  /** From how many points of the past all 72 hours were forecast. */
  origins: z.number().optional(),
  backtestAt: Time.optional(),
  /** The value of the last measured hour, and the one that is expected in 72 hours. */
  last: z.number().optional(),
  expected: z.number().optional(),
  /** The last two days and the next three, one value an hour, for a small line; `measured` of them are measured. */
  outline: z.object({ values: z.array(z.number()), measured: z.number() }).optional(),
  /** How many declared thresholds are about it. */
  limits: z.number().int(),
  crossings: z.array(ForecastCrossing),
});
export type Forecast = z.infer<typeof Forecast>;

/** One series with its hours. */
export const ForecastDetail = Forecast.extend({
  thresholds: z.array(Limit),
  /** The hours that were measured: mean of each, oldest first. */
  measured: z.array(z.tuple([Time, z.number()])),
  points: z.array(z.object({ at: Time, value: z.number(), lower: z.number(), upper: z.number() })),
});
export type ForecastDetail = z.infer<typeof ForecastDetail>;
