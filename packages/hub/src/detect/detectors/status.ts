import { iso } from '../../platform/clock.ts';
import type { Facts, Limits, ProbeFact, Remembered, Verdict } from '../facts.ts';
import { type Finding, fingerprintOf } from '../finding.ts';

type Bad = 'down' | 'degraded';

export const statusFingerprint = (project: string, service: string, bad: Bad): string =>
  fingerprintOf('status', project, service, bad);

/** A service whose probes say that it is down or degraded: one finding for the service, however many probes see it. */
export function status(facts: Facts, _limits: Limits, remembered: Remembered, now: number): Verdict[] {
  return facts.services.flatMap(({ service, probes, declared }): Verdict[] => {
    const of = (wanted: ProbeFact['status']) => probes.filter((probe) => probe.status === wanted);
    const stays = (bad: Bad): Verdict[] => {
      const fingerprint = statusFingerprint(facts.project, service, bad);
      return remembered.has(fingerprint) ? [{ fingerprint, state: 'unknown' }] : [];
    };
    const down = of('down');
    // What was degraded before has not recovered by going down.
    if (down.length > 0) return [verdict(facts, service, 'down', down, now), ...stays('degraded')];
    const degraded = of('degraded');
    // A probe that has not been judged since a start or a change says nothing: what fired goes on.
    const silent = of('unknown').length > 0 || probes.length < declared;
    const goesOn = (bad: Bad): Verdict[] => (silent ? stays(bad) : []);
    return [
      ...goesOn('down'),
      ...(degraded.length > 0 ? [verdict(facts, service, 'degraded', degraded, now)] : goesOn('degraded')),
    ];
  });
}

function verdict(facts: Facts, service: string, bad: Bad, probes: readonly ProbeFact[], now: number): Verdict {
  const fingerprint = statusFingerprint(facts.project, service, bad);
  const since = Math.min(...probes.map((probe) => probe.since ?? now));
  const seenAt = Math.max(...probes.map((probe) => probe.lastCheckAt ?? probe.since ?? now));
  return {
    fingerprint,
    state: 'firing',
    since,
    seenAt,
    finding: describe(facts, service, bad, probes, fingerprint, seenAt),
  };
}

function describe(
  facts: Facts,
  service: string,
  bad: Bad,
  probes: readonly ProbeFact[],
  fingerprint: string,
  observedAt: number,
): Finding {
  return {
    fingerprint,
    detector: 'status',
    project: facts.project,
    service,
    severity: bad === 'down' ? 'critical' : 'warning',
    category: bad === 'down' ? 'availability' : 'performance',
    title: `${facts.project}/${service} is ${bad}`,
    description: probes.map((probe) => say(probe, bad)).join('\n'),
    recommendation:
      bad === 'down'
        ? `Check that ${service} runs and that the hub reaches ${probes[0]?.target ?? 'its target'}; the project's page has its checks and logs.`
        : `Compare ${service}'s latency and own checks on the project's page with the hours before.`,
    autoFixable: false,
    observedAt,
    settleMs: settleMs(probes),
  };
}

const LONGEST_SETTLING_MS = 15_000;

/** A recovery is one when it has lasted three looks, and never more than a quarter of a minute. */
const settleMs = (probes: readonly ProbeFact[]): number =>
  Math.min(3 * Math.max(...probes.map((probe) => probe.intervalMs)), LONGEST_SETTLING_MS);

function say(probe: ProbeFact, bad: Bad): string {
  const times = probe.consecutiveFailures > 1 ? `, ${probe.consecutiveFailures} checks in a row` : '';
  const latency = bad === 'degraded' && probe.latencyMs !== null ? `, ${Math.round(probe.latencyMs)} ms` : '';
  const since = probe.since === null ? '' : ` since ${iso(probe.since)}`;
  return `The ${probe.kind} probe of ${probe.target} says ${bad}${since}: ${probe.reason || 'no reason given'}${latency}${times}.`;
}
