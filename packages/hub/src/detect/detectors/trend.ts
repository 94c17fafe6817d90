import type { Facts, Limits, Remembered, Verdict } from '../facts.ts';
import { fingerprintOf } from '../finding.ts';

/** What the daily analysis found to have turned for the worse: it holds until the next one had its time. */
export function trend(facts: Facts, _limits: Limits, _remembered: Remembered, now: number): Verdict[] {
  return (facts.trends ?? []).flatMap((fact): Verdict[] => {
    if (now >= fact.until) return [];
    const { metric, service, at, until: _, site_key: __, ...said } = fact;
    const fingerprint = fingerprintOf('trend', facts.project, service ?? '', metric);
    const finding = {
      ...said,
      fingerprint,
      detector: 'trend',
      project: facts.project,
      ...(service === undefined ? {} : { service }),
      autoFixable: false,
      observedAt: at,
    };
    return [{ fingerprint, state: 'firing', since: at, seenAt: at, finding }];
  });
}
