import { iso } from '../../platform/clock.ts';
import type { Facts, Limits, ProbeFact, Remembered, Verdict } from '../facts.ts';
import { type Finding, fingerprintOf } from '../finding.ts';
import { type Flapping, flappingOf } from '../flapping.ts';

type Bad = 'down' | 'degraded';
type Flapper = { probe: ProbeFact; flapping: Flapping };

export const statusFingerprint = (project: string, service: string, bad: Bad): string =>
  fingerprintOf('status', project, service, bad);

/**
 * A service whose probes say that it is down or degraded: one finding for the service, however many probes see it. One that flaps stays the
 * same finding while it is well in between.
 */
export function status(facts: Facts, _limits: Limits, remembered: Remembered, now: number): Verdict[] {
  return facts.services.flatMap(({ service, probes, declared }): Verdict[] => {
    const of = (wanted: ProbeFact['status']) => probes.filter((probe) => probe.status === wanted);
    const isKnown = (bad: Bad) => remembered.has(statusFingerprint(facts.project, service, bad));
    const stays = (bad: Bad): Verdict[] =>
      isKnown(bad) ? [{ fingerprint: statusFingerprint(facts.project, service, bad), state: 'unknown' }] : [];
    const down = of('down');
    const degraded = of('degraded');
    const flappers = probes.flatMap((probe): Flapper[] => {
      const flapping = flappingOf(probe.flips ?? [], probe.intervalMs, now);
      return flapping ? [{ probe, flapping }] : [];
    });
    if (flappers.length > 0) {
      const isDown = down.length > 0 || isKnown('down') || (degraded.length === 0 && !isKnown('degraded'));
      const bad = isDown ? 'down' : 'degraded';
      const bads = isDown ? down : degraded;
      return [flaps(facts, service, bad, flappers, bads, now), ...(isDown ? stays('degraded') : [])];
    }
    // What was degraded before has not recovered by going down.
    if (down.length > 0) return [fails(facts, service, 'down', down, now), ...stays('degraded')];
    // A probe that has not been judged since a start or a change, or that nobody could look at, says nothing: what fired goes on.
    const silent = of('unknown').length > 0 || probes.length < declared;
    const goesOn = (bad: Bad): Verdict[] => (silent ? stays(bad) : []);
    return [
      ...goesOn('down'),
      ...(degraded.length > 0 ? [fails(facts, service, 'degraded', degraded, now)] : goesOn('degraded')),
    ];
  });
}

function fails(facts: Facts, service: string, bad: Bad, probes: readonly ProbeFact[], now: number): Verdict {
  return firing(facts, service, bad, probes, {
    since: Math.min(...probes.map((probe) => probe.since ?? now)),
    seenAt: newestOf(probes, now),
    title: `is ${bad}`,
    description: probes.map((probe) => say(probe, bad)),
    recommendation:
      bad === 'down'
        ? `Check that ${service} runs and that the hub reaches ${probes[0]?.target ?? 'its target'}; the project's page has its checks and logs.`
        : `Compare ${service}'s latency and own checks on the project's page with the hours before.`,
  });
}

function flaps(
  facts: Facts,
  service: string,
  bad: Bad,
  flappers: readonly Flapper[],
  bads: readonly ProbeFact[],
  now: number,
): Verdict {
  const probes = flappers.map(({ probe }) => probe);
  return firing(facts, service, bad, probes, {
    since: Math.min(...flappers.map(({ flapping }) => flapping.since)),
    seenAt: newestOf(probes, now),
    title: 'is flapping',
    description: [
      ...flappers.map(
        ({ probe, flapping }) =>
          `The ${probe.kind} probe of ${probe.target} changed ${flapping.flips} times between well and unwell since ${iso(flapping.since)}, and is ${probe.status} now.`,
      ),
      ...bads.map((probe) => say(probe, bad)),
    ],
    recommendation: `Look at what ${service} does between its changes: a restart loop, a limit that it runs into again and again, or a probe that is too strict.`,
  });
}

type Words = { since: number; seenAt: number; title: string; description: readonly string[]; recommendation: string };

function firing(facts: Facts, service: string, bad: Bad, probes: readonly ProbeFact[], words: Words): Verdict {
  const fingerprint = statusFingerprint(facts.project, service, bad);
  const finding: Finding = {
    fingerprint,
    detector: 'status',
    project: facts.project,
    service,
    severity: bad === 'down' ? 'critical' : 'warning',
    category: bad === 'down' ? 'availability' : 'performance',
    title: `${facts.project}/${service} ${words.title}`,
    description: words.description.join('\n'),
    recommendation: words.recommendation,
    autoFixable: false,
    observedAt: words.seenAt,
    settleMs: settleMs(probes),
  };
  return { fingerprint, state: 'firing', since: words.since, seenAt: words.seenAt, finding };
}

const SHORTEST_SETTLING_MS = 6000;
const LONGEST_SETTLING_MS = 15_000;

/** A recovery is one when it has lasted three looks: some seconds at least, for what comes and goes within them, and a quarter of a minute at most. */
const settleMs = (probes: readonly ProbeFact[]): number => {
  const looks = 3 * Math.max(...probes.map((probe) => probe.intervalMs));
  return Math.min(Math.max(looks, SHORTEST_SETTLING_MS), LONGEST_SETTLING_MS);
};

const newestOf = (probes: readonly ProbeFact[], now: number): number =>
  Math.max(...probes.map((probe) => probe.lastCheckAt ?? probe.since ?? now));

function say(probe: ProbeFact, bad: Bad): string {
  const times = probe.consecutiveFailures > 1 ? `, ${probe.consecutiveFailures} checks in a row` : '';
  const latency = bad === 'degraded' && probe.latencyMs !== null ? `, ${Math.round(probe.latencyMs)} ms` : '';
  const since = probe.since === null ? '' : ` since ${iso(probe.since)}`;
  return `The ${probe.kind} probe of ${probe.target} says ${bad}${since}: ${probe.reason || 'no reason given'}${latency}${times}.`;
}
