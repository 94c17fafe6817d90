import { formatDuration } from '@orrery/protocol';
import type { Facts, Limits, Remembered, RuleFact, Verdict } from '../facts.ts';
import { type Finding, fingerprintOf } from '../finding.ts';

/** What rules over events and samples have seen: it lasts until a rule has not matched for as long as it declares. */
export function rule(facts: Facts, _limits: Limits, _remembered: Remembered, now: number): Verdict[] {
  return (facts.rules ?? []).flatMap((fact): Verdict[] => {
    if (now >= fact.until) return [];
    const fingerprint = fingerprintOf('rule', fact.rule, facts.project, fact.service ?? '');
    const finding = describe(facts.project, fact, fingerprint);
    return [{ fingerprint, state: 'firing', since: fact.beganAt, seenAt: fact.matchedAt, finding }];
  });
}

function describe(project: string, fact: RuleFact, fingerprint: string): Finding {
  const { rule: name, service, severity, category, title, recommendation, matchedAt, until } = fact;
  const lasts = formatDuration(until - matchedAt);
  return {
    fingerprint,
    detector: 'rule',
    project,
    ...(service === undefined ? {} : { service }),
    severity,
    category,
    title,
    description: fact.description ?? `The rule ${name} matched. This ends when it has not matched for ${lasts}.`,
    ...(recommendation === undefined ? {} : { recommendation }),
    autoFixable: false,
    observedAt: matchedAt,
  };
}
