import { type AttackFamily, attackShape, type Severity } from '@orrery/protocol';
import { iso } from '../../platform/clock.ts';
import type { AttackFact, Facts, Limits, Remembered, Verdict } from '../facts.ts';
import { type Finding, fingerprintOf } from '../finding.ts';
import { ACTIVE_MS, FAMILY_WORDS, gravity } from '../security/judge.ts';

const ADVICE: Readonly<Partial<Record<AttackFamily, string>>> = {
  'sql-injection':
    'See that these routes bind their parameters, and what they answered with success to; block the actor where your proxy can.',
  xss: 'See that what these routes store or echo is escaped, and that a content security policy is in force.',
  'path-traversal': 'See that these routes resolve a path inside their folder before they open it.',
  'command-injection': 'See that these routes start programs without a shell.',
  lookup: 'See that no Log4j before 2.17.1 writes what these routes receive.',
  template: 'See that these routes never compile a template from what they receive.',
  'header-split': 'See that these routes put no line break into a header.',
  'nul-byte': 'See that these routes refuse NUL characters.',
  'brute-force': 'See whose accounts were tried; ask for a second factor and lengthen the wait after a failure.',
  'rate-limit': 'See who asks so often, and whether the limit is meant for them.',
};
const MOST_ROUTES = 3;

/** Attacks that products saw in their requests: one finding for a family, by the worst of it, until none was seen for fifteen minutes. */
export function attack(facts: Facts, _limits: Limits, remembered: Remembered, now: number): Verdict[] {
  if (!facts.attacks)
    return [...remembered].flatMap(([fingerprint, { finding }]): Verdict[] =>
      finding?.detector === 'attack' ? [{ fingerprint, state: 'unknown' }] : [],
    );
  const active = facts.attacks.filter(({ lastAt }) => now - lastAt < ACTIVE_MS);
  return [...Map.groupBy(active, ({ family }) => family)].map(([family, attacks]): Verdict => {
    const peak = peakOf(attacks);
    const severity = gravity(attacks, peak);
    const fingerprint = fingerprintOf('attack', facts.project, family, severity);
    const began = Math.min(...attacks.map(({ firstAt }) => firstAt));
    const since = remembered.get(fingerprint)?.since ?? began;
    const seenAt = Math.max(...attacks.map(({ lastAt }) => lastAt));
    const finding = describe(facts.project, family, attacks, { fingerprint, severity, peak, began, seenAt });
    return { fingerprint, state: 'firing', since, seenAt, finding };
  });
}

/** The most attacks that all of these had together within one bucket. */
function peakOf(attacks: readonly AttackFact[]): number {
  const sums = new Map<number, number>();
  for (const { buckets } of attacks)
    for (const [bucket, count] of buckets) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
  return Math.max(0, ...sums.values());
}

type Judged = { fingerprint: string; severity: Severity; peak: number; began: number; seenAt: number };

function describe(project: string, family: AttackFamily, attacks: readonly AttackFact[], judged: Judged): Finding {
  const { fingerprint, severity, peak, began, seenAt } = judged;
  const sum = (field: 'total' | 'passed' | 'refused' | 'failed') => attacks.reduce((n, one) => n + one[field], 0);
  const worst = attacks.toSorted((a, b) => b.total - a.total);
  const actors = new Set(attacks.map(({ actor }) => actor)).size;
  const shapes = [...new Set(worst.map((one) => attackShape(one)))];
  const succeeded = attacks.some(({ rule }) => rule === 'succeeded');
  const routes = new Set(attacks.map(({ route }) => route)).size;
  return {
    fingerprint,
    detector: 'attack',
    project,
    severity,
    category: 'security',
    title: succeeded
      ? `${project}: a sign-in succeeded after many failures`
      : `${project}: ${FAMILY_WORDS[family]}${severity === 'critical' ? ', in a burst' : ''}`,
    description:
      `${sum('total')} times by ${actors} ${actors === 1 ? 'actor' : 'actors'} at ${routes} ${routes === 1 ? 'route' : 'routes'} since ${iso(began)}, at most ${peak} within ten minutes. ` +
      `The product answered ${sum('passed')} with success, refused ${sum('refused')} and failed at ${sum('failed')}. ` +
      `Seen as ${shapes.slice(0, MOST_ROUTES).join(', ')}${shapes.length > MOST_ROUTES ? ` and ${shapes.length - MOST_ROUTES} more` : ''}.`,
    ...(ADVICE[family] === undefined ? {} : { recommendation: ADVICE[family] }),
    autoFixable: false,
    observedAt: seenAt,
  };
}
