import { formatDuration } from '@orrery/protocol';
import { iso } from '../../platform/clock.ts';
import type { Condition, Facts, MetricFact, Remembered, Threshold, Verdict } from '../facts.ts';
import { type Finding, fingerprintOf, inWords } from '../finding.ts';

const MIN_STALE_MS = 5 * 60_000;
const MIN_ENDED_MS = 30 * 60_000;

/** Strictly beyond the limit; a value exactly on it is fine, and what is no number breaks nothing. */
export const breaks = (threshold: Threshold, value: number): boolean =>
  threshold.above !== undefined ? value > threshold.above : value < (threshold.below ?? Number.NEGATIVE_INFINITY);

/** A series that is silent for longer says nothing about now. */
export const staleAfter = (intervalMs: number): number => Math.max(MIN_STALE_MS, 3 * intervalMs);

/** A product that goes on for this long without a series reports it no more: a tenant without requests, a metric that was taken out. */
export const endedAfter = (intervalMs: number): number => Math.max(MIN_ENDED_MS, staleAfter(intervalMs));

export const thresholdFingerprint = (
  project: string,
  { threshold, series }: Pick<MetricFact, 'threshold' | 'series'>,
) =>
  fingerprintOf(
    'threshold',
    project,
    series.service ?? '',
    series.key,
    threshold.above === undefined ? 'below' : 'above',
    threshold.severity,
    ...Object.entries(series.tags ?? {}).flat(),
    ...(threshold.rank ? [threshold.rank.toFixed()] : []),
  );

/** A metric beyond its limit, for as long as the declaration asks. */
export function threshold(facts: Facts, _limits: unknown, remembered: Remembered, now: number): Verdict[] {
  return facts.metrics.flatMap((metric): Verdict[] => {
    const fingerprint = thresholdFingerprint(facts.project, metric);
    const known = remembered.get(fingerprint);
    const { series, threshold: limit } = metric;
    if (now - series.receivedAt > staleAfter(metric.intervalMs)) {
      const outlived = (facts.lastSeenAt ?? 0) - series.receivedAt > endedAfter(metric.intervalMs);
      return known && !outlived ? [{ fingerprint, state: 'unknown' }] : [];
    }
    if (!breaks(limit, series.value)) return [];
    const run = runOf(metric, known, now);
    const fires = run.firing || now - run.since >= limit.forMs;
    const base = { fingerprint, since: run.since, seenAt: series.at };
    if (!fires) return [{ ...base, state: 'pending' }];
    return [{ ...base, state: 'firing', finding: describe(facts, metric, fingerprint, run.since) }];
  });
}

/** Since when the limit is broken without a break, on the hub's clock, and whether that run fires already. */
function runOf({ threshold: limit, series, history }: MetricFact, known: Condition | undefined, now: number) {
  // An instance's clock may be wrong: its times are moved by what its newest sample was off when it came in.
  const skew = series.receivedAt - series.at;
  let since = known?.since;
  let firing = known?.firing ?? false;
  for (const { at, value } of history) {
    if (known && at <= known.seenAt) continue;
    if (breaks(limit, value)) since ??= at + skew;
    else {
      since = undefined;
      firing = false;
    }
  }
  // After the hub's clock was set back, a run that would begin in the future begins now.
  return { since: Math.min(since ?? series.at + skew, now), firing };
}

function describe(facts: Facts, { threshold: limit, series }: MetricFact, fingerprint: string, since: number): Finding {
  const where = series.service === undefined ? facts.project : `${facts.project}/${series.service}`;
  const side =
    limit.above !== undefined
      ? `above ${inWords(limit.above, series.unit)}`
      : `below ${inWords(limit.below ?? 0, series.unit)}`;
  const tags = Object.entries(series.tags ?? {}).map(([key, value]) => `${key}=${value}`);
  const lasting = limit.forMs > 0 ? ` for at least ${formatDuration(limit.forMs)}` : '';
  return {
    fingerprint,
    detector: 'threshold',
    project: facts.project,
    ...(series.service === undefined ? {} : { service: series.service }),
    severity: limit.severity,
    category: categoryOf(series.key),
    title: limit.title ?? `${where}: ${series.key} is ${side}`,
    description: `${series.key}${tags.length > 0 ? ` (${tags.join(', ')})` : ''} is ${inWords(series.value, series.unit)}; the limit is ${side}${lasting}. It has been so since ${iso(since)}.`,
    ...(limit.recommendation === undefined ? {} : { recommendation: limit.recommendation }),
    autoFixable: false,
    observedAt: series.receivedAt,
  };
}

/** A metric's first word mostly says what it is about. */
export function categoryOf(key: string): Finding['category'] {
  if (/^(security|vulns?|audit)[._]/.test(key)) return 'security';
  if (/^(cost|spend|budget)[._]/.test(key)) return 'cost';
  if (/^(probe\.up|uptime|availability)\b/.test(key)) return 'availability';
  return 'performance';
}
