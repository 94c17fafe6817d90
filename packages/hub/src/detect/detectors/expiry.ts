import type { Severity } from '@orrery/protocol';
import type { ExpiryFact, Facts, Limits, Remembered, Verdict } from '../facts.ts';
import { type Finding, fingerprintOf } from '../finding.ts';

const DAY = 86_400_000;
/** Days that are left when people are told, the most urgent first. */
const LIMITS: readonly { days: number; severity: Severity }[] = [
  { days: 1, severity: 'critical' },
  { days: 7, severity: 'warning' },
  { days: 14, severity: 'warning' },
  { days: 30, severity: 'info' },
];

export const expiryFingerprint = (project: string, fact: Pick<ExpiryFact, 'service' | 'probe'>, days: number): string =>
  fingerprintOf('expiry', project, fact.service, fact.probe, days.toFixed());

/**
 * A certificate that ends soon: one finding for each limit that it passes, so that each is told once. The most urgent limit speaks; the
 * ones before it stay as they are until the certificate is a new one.
 */
export function expiry(facts: Facts, _limits: Limits, remembered: Remembered, now: number): Verdict[] {
  if (!facts.expiries)
    return [...remembered].flatMap(([fingerprint, { finding }]): Verdict[] =>
      finding?.detector === 'expiry' ? [{ fingerprint, state: 'unknown' }] : [],
    );
  return facts.expiries.flatMap((fact): Verdict[] => {
    const passed = LIMITS.filter(({ days }) => fact.until - now <= days * DAY);
    return passed.flatMap(({ days, severity }, i): Verdict[] => {
      const fingerprint = expiryFingerprint(facts.project, fact, days);
      if (i > 0) return remembered.has(fingerprint) ? [{ fingerprint, state: 'unknown' }] : [];
      return [
        {
          fingerprint,
          state: 'firing',
          since: remembered.get(fingerprint)?.since ?? Math.min(now, fact.until - days * DAY),
          seenAt: fact.seenAt,
          finding: describe(facts.project, fact, { days, severity }, fingerprint, now),
        },
      ];
    });
  });
}

function describe(
  project: string,
  fact: ExpiryFact,
  { days, severity }: (typeof LIMITS)[number],
  fingerprint: string,
  now: number,
): Finding {
  const { service, target, until, seenAt } = fact;
  // Days are measured in tenths: the date is right to within some hours.
  const date = new Date(until).toISOString().slice(0, 10);
  const over = until <= now;
  return {
    fingerprint,
    detector: 'expiry',
    project,
    service,
    severity,
    category: 'availability',
    title: over
      ? `The certificate of ${project}/${service} has expired`
      : `The certificate of ${project}/${service} expires in less than ${days === 1 ? 'a day' : `${days} days`}`,
    description: `The certificate of ${target} ${over ? 'was valid' : 'is valid'} until ${date}.`,
    recommendation: `Renew the certificate of ${target}, and see that its server has loaded the new one.`,
    autoFixable: false,
    observedAt: seenAt,
  };
}
