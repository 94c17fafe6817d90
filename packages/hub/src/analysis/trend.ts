import type { Trend } from '@orrery/protocol';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Fewer days before are no "usual" to compare with. */
const MIN_DAYS = 3;
/** A day counts when it has samples in so many of its hours. */
const MIN_HOURS = 6;
/** Iglewicz and Hoaglin's limit for a modified z-score (How to Detect and Handle Outliers, 1993). */
const Z_LIMIT = 3.5;
/** A change of less than this is not worth a line, however steady the metric was before. */
const MIN_CHANGE = 0.2;
/** Days are never taken for steadier than this share of their median: four equal days would make any change infinite. */
const MIN_SPREAD = 0.05;

export type HourlySeries = {
  project: string;
  service?: string | undefined;
  key: string;
  unit?: string | undefined;
  /** Mean of each hour that had samples: its start in epoch ms, and the value. */
  hours: readonly (readonly [at: number, value: number])[];
};

/** What more of a metric means, by the words of its name; those of which nobody can tell are left alone. */
const MORE_IS_WORSE = /(latency|error|fail|cost|fee|churn|bounce|duration|lag|retries|timeouts|query_p\d|vulns)/;
const MORE_IS_BETTER = /(revenue|mrr|transactions|signups|active_users|users|orders|sales|pageviews|visitors|sessions)/;

/** What a rise of this metric means. */
export function meaningOfRise(key: string): 'better' | 'worse' | 'neither' {
  if (MORE_IS_WORSE.test(key)) return 'worse';
  return MORE_IS_BETTER.test(key) ? 'better' : 'neither';
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};

/**
 * Whether the last 24 hours differ from the days before: modified z-score of their mean among the daily means, with the median absolute
 * deviation for spread, above 3.5, and a change of a fifth or more. Undefined when they do not, or when there is too little to tell.
 */
export function trendOf(series: HourlySeries, now: number): Trend | undefined {
  const days = new Map<number, number[]>();
  for (const [at, value] of series.hours) {
    const age = Math.floor((now - at - 1) / DAY);
    if (age < 0) continue;
    days.set(age, [...(days.get(age) ?? []), value]);
  }
  const means = [...days]
    .filter(([, values]) => values.length >= MIN_HOURS)
    .map(([age, values]) => ({ age, mean: values.reduce((sum, value) => sum + value, 0) / values.length }));
  const today = means.find(({ age }) => age === 0)?.mean;
  const before = means.filter(({ age }) => age > 0).map(({ mean }) => mean);
  if (today === undefined || before.length < MIN_DAYS) return undefined;
  const usual = median(before);
  const spread = Math.max(1.4826 * median(before.map((mean) => Math.abs(mean - usual))), MIN_SPREAD * Math.abs(usual));
  const difference = today - usual;
  const changed = usual === 0 ? difference !== 0 : Math.abs(difference / usual) >= MIN_CHANGE;
  if (!changed || Math.abs(difference) <= Z_LIMIT * spread) return undefined;
  const rise = meaningOfRise(series.key);
  const up = difference > 0;
  return {
    site_key: series.project,
    ...(series.service === undefined ? {} : { service: series.service }),
    metric: series.key,
    ...(series.unit === undefined ? {} : { unit: series.unit }),
    now: round(today),
    before: round(usual),
    changePercent: usual === 0 ? null : Math.round((difference / Math.abs(usual)) * 1000) / 10,
    direction: up ? 'up' : 'down',
    meaning: rise === 'neither' ? 'neither' : up === (rise === 'better') ? 'better' : 'worse',
    days: before.length,
  };
}

const round = (value: number) => Number(value.toPrecision(6));
