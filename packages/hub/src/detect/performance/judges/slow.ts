import { inMs, type Judge, type PerformanceFacts, percent, short, type Word } from '../facts.ts';
import { quantileOf } from '../latency.ts';
import type { Measured } from '../merge.ts';

/** A p95 of fewer calls is the luck of one or two. */
const MIN_CALLS = 20;

type Kind = {
  kind: 'slow-route' | 'slow-statement';
  of: 'routes' | 'statements';
  what: string;
  recommendation: string;
};

/** Slow beyond its own usual in both halves of ten minutes; calm again when the newest half is. Between the two limits nothing changes. */
const slow =
  ({ kind, of, what, recommendation }: Kind): Judge =>
  ({ project, recent, before, usual }: PerformanceFacts) => {
    const all = [...recent[of].values()].reduce((sum, { totalMs }) => sum + totalMs, 0);
    return [...recent[of].values()].flatMap((measured): Word[] => {
      const { name, count, totalMs } = measured;
      const baseline = usual[of].get(name);
      // What is not told apart has no usual of its own.
      if (!baseline || count < MIN_CALLS || name.endsWith('(other)')) return [];
      const now = p95(measured);
      if (now < baseline.calmMs) return [{ kind, subject: name, state: 'good' }];
      const earlier = before[of].get(name);
      if (!earlier || earlier.count < MIN_CALLS || p95(earlier) <= baseline.limitMs || now <= baseline.limitMs)
        return [];
      const share = all === 0 ? 0 : totalMs / all;
      const times = Number((now / Math.max(baseline.usualMs, 0.001)).toPrecision(2));
      const said = {
        severity: 'warning',
        title: `${project}: ${short(name)} takes ${times} times as long as usual`,
        description: `The p95 of ${what} ${name} is ${inMs(now)} over ${count} calls in five minutes; ${inMs(baseline.usualMs)} are usual, by ${baseline.hours} hours of the last 14 days, and ${inMs(baseline.limitMs)} is its limit. It takes ${percent(share)} of the time of all ${of}.`,
        recommendation,
      } as const;
      return [{ kind, subject: name, state: 'bad', said }];
    });
  };

const p95 = ({ latency }: Measured): number => quantileOf(latency, 0.95);

export const slowRoutes = slow({
  kind: 'slow-route',
  of: 'routes',
  what: 'the route',
  recommendation:
    'See what changed at that time: a deploy, its traffic, a statement that became slow, what it depends on.',
});

export const slowStatements = slow({
  kind: 'slow-statement',
  of: 'statements',
  what: 'the statement',
  recommendation:
    'Look at its plan (EXPLAIN): has a table grown, has an index gone, are its statistics old? Locks make statements slow too.',
});
