import { formatDuration } from '@orrery/protocol';
import { iso } from '../../platform/clock.ts';
import type { Facts, Limits, Remembered, Verdict } from '../facts.ts';
import { fingerprintOf } from '../finding.ts';

export const freshnessFingerprint = (project: string): string => fingerprintOf('freshness', project);

/** A project that was heard of once and has been silent for too long. */
export function freshness(facts: Facts, limits: Limits, remembered: Remembered, _now: number): Verdict[] {
  const { project, lastSeenAt } = facts;
  if (lastSeenAt === null) return [];
  const fingerprint = freshnessFingerprint(project);
  const known = remembered.get(fingerprint);
  // Firing since before a restart: it goes on until the project is heard of again, however short this hub has watched.
  const goesOn = known?.firing === true && lastSeenAt <= known.seenAt;
  if (!goesOn) {
    if (facts.silentMs <= limits.offlineAfterMs) return [];
    // A probe that is down has told everybody already.
    if (facts.services.some(({ probes }) => probes.some((probe) => probe.status === 'down'))) return [];
  }
  return [
    {
      fingerprint,
      state: 'firing',
      since: lastSeenAt,
      seenAt: lastSeenAt,
      finding: {
        fingerprint,
        detector: 'freshness',
        project,
        severity: 'critical',
        category: 'availability',
        title: `${project} is offline`,
        description: `${facts.name} was last heard of at ${iso(lastSeenAt)}; silent for more than ${formatDuration(limits.offlineAfterMs)} counts as offline.`,
        recommendation: 'Check that the product runs and reaches this hub, or that this hub reaches it.',
        autoFixable: false,
        observedAt: lastSeenAt,
      },
    },
  ];
}
