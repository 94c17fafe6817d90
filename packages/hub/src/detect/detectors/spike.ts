import type { Severity } from '@orrery/protocol';
import { iso } from '../../platform/clock.ts';
import type { Facts, Limits, Remembered, SpikeFact, Verdict } from '../facts.ts';
import { type Finding, fingerprintOf } from '../finding.ts';

type Spike = { what: string; severity: Severity; recommendation: string; is(value: number, usual: number): boolean };

/** Which figures of security summaries may jump, and what counts as a jump above the least of the 24 hours before. */
export const SPIKES: Readonly<Record<string, Spike>> = {
  'security.vulns_critical': {
    what: 'critical vulnerabilities',
    severity: 'critical',
    recommendation: 'Look at the newest scan, and update or shield what it names.',
    is: (value, usual) => value > usual,
  },
  'security.vulns_high': {
    what: 'high vulnerabilities',
    severity: 'warning',
    recommendation: 'Look at the newest scan, and plan what it names.',
    is: (value, usual) => value - usual >= 3,
  },
  'audit.fail': {
    what: 'failed audits',
    severity: 'warning',
    recommendation: 'Look at the newest audit run: what failed that passed a day ago?',
    is: (value, usual) => value - usual >= 3 && value >= 1.5 * usual,
  },
};

const fingerprint = (project: string, fact: Pick<SpikeFact, 'key' | 'service'>) =>
  fingerprintOf('spike', project, fact.service ?? '', fact.key);

/** Security failures that rose suddenly. It ends when the figure falls again, or has been usual for a day. */
export function spike(facts: Facts, _limits: Limits, remembered: Remembered): Verdict[] {
  if (!facts.spikes)
    return [...remembered].flatMap(([known, { finding }]): Verdict[] =>
      finding?.detector === 'spike' ? [{ fingerprint: known, state: 'unknown' }] : [],
    );
  return facts.spikes.flatMap((fact): Verdict[] => {
    const rule = SPIKES[fact.key];
    if (!rule?.is(fact.value, fact.usual)) return [];
    const name = fingerprint(facts.project, fact);
    const since = remembered.get(name)?.since ?? fact.receivedAt;
    return [
      { fingerprint: name, state: 'firing', since, seenAt: fact.at, finding: describe(facts, fact, rule, name, since) },
    ];
  });
}

function describe(facts: Facts, fact: SpikeFact, rule: Spike, name: string, since: number): Finding {
  const where = fact.service === undefined ? facts.project : `${facts.project}/${fact.service}`;
  return {
    fingerprint: name,
    detector: 'spike',
    project: facts.project,
    ...(fact.service === undefined ? {} : { service: fact.service }),
    severity: rule.severity,
    category: 'security',
    title: `${where}: ${rule.what} rose to ${fact.value}`,
    description: `${fact.key} is ${fact.value}; the least of the 24 hours before was ${fact.usual}. It has been so since ${iso(since)}.`,
    recommendation: rule.recommendation,
    autoFixable: false,
    observedAt: fact.receivedAt,
  };
}
