import { iso } from '../../platform/clock.ts';
import type { Facts, ForecastFact, Limits, Remembered, Verdict } from '../facts.ts';
import { type Finding, fingerprintOf, inWords } from '../finding.ts';
import { categoryOf } from './threshold.ts';

const HOUR = 3_600_000;
/** People are told when so much of what the backtest erred would leave it beyond the limit … */
const OPENS = 0.8;
/** … and until less than so much would: between the two it stays what it is, so that it does not flap. */
const ENDS = 0.5;
/** A forecast that was not renewed for so long says nothing any more. */
const HOLDS_MS = 6 * HOUR;
const SETTLE_MS = 2 * HOUR;

/** A metric that will cross a declared limit within 72 hours. It never is critical: nothing has happened yet. */
export function forecast(facts: Facts, _limits: Limits, remembered: Remembered, now: number): Verdict[] {
  return (facts.forecasts ?? []).flatMap((fact): Verdict[] => {
    const { threshold, crossing, madeAt } = fact;
    const fingerprint = fingerprintOf(
      'forecast',
      ...[facts.project, fact.service ?? '', fact.key],
      ...[threshold.above === undefined ? 'below' : 'above', threshold.severity],
      ...Object.entries(fact.tags ?? {}).flat(),
      ...(threshold.rank ? [threshold.rank.toFixed()] : []),
    );
    const known = remembered.get(fingerprint);
    // Once it is beyond, the threshold itself tells of it.
    if (crossing.known || now - madeAt > HOLDS_MS) return [];
    if (crossing.confidence < (known?.firing ? ENDS : OPENS)) return [];
    const since = known?.since ?? madeAt;
    return [{ fingerprint, state: 'firing', since, seenAt: madeAt, finding: describe(facts, fact, fingerprint) }];
  });
}

function describe(facts: Facts, fact: ForecastFact, fingerprint: string): Finding {
  const { threshold, crossing, key, service, unit, madeAt, last } = fact;
  const where = service === undefined ? facts.project : `${facts.project}/${service}`;
  const tags = Object.entries(fact.tags ?? {}).map(([name, value]) => `${name}=${value}`);
  const side =
    threshold.above !== undefined
      ? `above ${inWords(threshold.above, unit)}`
      : `below ${inWords(threshold.below ?? 0, unit)}`;
  const coverage =
    fact.coverage === null ? '' : ` In the backtest its 90 % interval held ${Math.round(fact.coverage * 100)} %.`;
  return {
    fingerprint,
    detector: 'forecast',
    project: facts.project,
    ...(service === undefined ? {} : { service }),
    severity: threshold.severity === 'info' ? 'info' : 'warning',
    category: categoryOf(key),
    title: `${where}: ${key} will be ${side} ${when(crossing.at, madeAt)}`,
    description:
      `${key}${tags.length > 0 ? ` (${tags.join(', ')})` : ''} is ${inWords(last, unit)} and is expected to go ${side} around ${iso(crossing.at)}, ` +
      `at the earliest around ${iso(crossing.earliestAt)}. Confidence ${Math.round(crossing.confidence * 100)} % (method ${fact.method}).${coverage}`,
    ...(threshold.recommendation === undefined ? {} : { recommendation: threshold.recommendation }),
    autoFixable: false,
    observedAt: madeAt,
    settleMs: SETTLE_MS,
  };
}

/** Counted from when it was reckoned, so that the words change with the forecast and not with every look. */
function when(at: number, madeAt: number): string {
  const hours = Math.round((at - madeAt) / HOUR);
  return hours < 1 ? 'within the hour' : `in about ${hours} h`;
}
