import { iso } from '../platform/clock.ts';
import { type Finding, fingerprintOf } from './finding.ts';

/** The name under which alerts about the hubs themselves stand among those of projects. */
export const HUB_PROJECT = 'orrery';
/** A moment without an answer is no isolation to wake people for. */
const LASTS_MS = 3000;

/** A hub as the others know it; times are epoch ms. */
export type HubFact = { id: string; name: string; isolation?: { since: number; reason: string } | undefined };

/** Pure: a hub that cannot look is one finding, in place of one for each target that it does not reach. */
export function isolatedHubs(hubs: readonly HubFact[], now: number): Finding[] {
  return hubs.flatMap(({ id, name, isolation }): Finding[] => {
    if (!isolation || now - isolation.since < LASTS_MS) return [];
    return [
      {
        fingerprint: fingerprintOf('isolation', id),
        detector: 'isolation',
        project: HUB_PROJECT,
        severity: 'critical',
        category: 'availability',
        title: `hub ${name} is isolated`,
        description: `Since ${iso(isolation.since)} ${isolation.reason}. What it does not reach meanwhile is unknown, not down.`,
        recommendation: `Look at the network of the machine that hub ${name} runs on; network.selfCheck names what it must reach.`,
        autoFixable: false,
        observedAt: isolation.since,
        settleMs: 5000,
      },
    ];
  });
}
