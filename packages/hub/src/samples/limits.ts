const MINUTE = 60_000;

export const LIMITS = {
  /** A sample may be dated this far ahead of the hub's clock. */
  futureMs: 5 * MINUTE,
  /** Larger numbers lose their last digits in JSON and in a double: nobody can mean them. */
  maxMagnitude: Number.MAX_SAFE_INTEGER,
  textLength: 256,
  tags: 16,
  tagKeyLength: 64,
  tagValueLength: 128,
  unitLength: 32,
  /** Series of one project that were written to in the last week. */
  seriesPerProject: 2000,
  /** Kept runs of a text series. */
  textRuns: 500,
  /** Points of one series in one answer. */
  points: 2000,
  /** Series in one answer, and in one without a key. */
  seriesPerAnswer: 100,
  defaultSeries: 24,
} as const;

/** Why a sample was not stored. */
export const REFUSALS = [
  'non_finite',
  'out_of_range',
  'negative_count',
  'too_old',
  'in_future',
  'bad_key',
  'bad_service',
  'bad_tags',
  'too_many_tags',
  'oversized',
  'series_limit',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** How long each resolution is kept, in milliseconds. */
export type Retention = { raw: number; minute: number; hour: number };

/** A coarser resolution is never kept for a shorter time than a finer one: it stands in for it. */
export function ordered(retention: Retention): Retention {
  const minute = Math.max(retention.minute, retention.raw);
  return { raw: retention.raw, minute, hour: Math.max(retention.hour, minute) };
}
