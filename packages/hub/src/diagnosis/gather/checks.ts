import type { ServiceStatus } from '@orrery/protocol';
import { type Fact, nameOf, type Part } from '../rank/facts.ts';
import { WEIGHTS } from '../rank/weights.ts';
import { factId, speaksFor } from './fact.ts';
import { readReason } from './reasons.ts';

/** How a probe stands, as intake knows it; times are epoch ms. */
export type CheckState = {
  probeId: string;
  project: string;
  service: string;
  kind: string;
  status: ServiceStatus;
  since: number | null;
  lastCheckAt: number | null;
  reason?: string | null | undefined;
  consecutiveFailures: number;
  instanceChecks?: Readonly<Record<string, { ok: boolean; detail?: string | undefined }>> | null | undefined;
};

/** Pure: what the probes of these parts say: those that fail are symptoms, and what an instance says of its own checks names what it misses. */
export function checkFacts(states: readonly CheckState[], relevant: ReadonlySet<string>, now: number): Fact[] {
  return states
    .filter(({ project, service }) => relevant.has(`${project}/${service}`))
    .flatMap((state): Fact[] => [...failingProbe(state, now), ...failingOwn(state, now)]);
}

function failingProbe(state: CheckState, now: number): Fact[] {
  const { probeId, project, service, kind, status, reason } = state;
  if (status !== 'down' && status !== 'degraded') return [];
  const severity = status === 'down' ? 'critical' : 'warning';
  const read = readReason(reason ?? '') ?? {
    kind: status === 'down' ? ('failing' as const) : ('slow' as const),
    named: false,
  };
  return [
    {
      id: factId('check', probeId, read.kind),
      kind: 'check',
      role: 'symptom',
      at: state.since ?? state.lastCheckAt ?? now,
      ...{ project, service, severity },
      text: `The ${kind} probe of ${project}/${service} says ${status}: ${reason || 'no reason given'}`,
      speaks: speaksFor(read.kind, read.named, severity),
      plain: `its ${kind} probe says ${status}: ${read.kind}`,
      outside: reason ?? '',
    },
  ];
}

/** A check of the instance's own that fails. What it is about is said by its name; whether that is a part of ours is seen in `needs.ts`. */
function failingOwn(
  { probeId, project, service, since, lastCheckAt, instanceChecks }: CheckState,
  now: number,
): Fact[] {
  return Object.entries(instanceChecks ?? {})
    .filter(([, { ok }]) => !ok)
    .slice(0, 10)
    .map(([name, { detail }]) => {
      const read = readReason(detail ?? '');
      // A route of the instance that the hub itself could not read says how it fails, not what it misses.
      const own = read !== undefined && (read.named || / route$/.test(name));
      const kind = own ? read.kind : 'dependency';
      return {
        id: factId('own', probeId, name),
        kind: 'check',
        role: 'cause',
        at: since ?? lastCheckAt ?? now,
        ...{ project, service },
        text: `${project}/${service} says of itself that its check "${name}" fails${detail ? `: ${detail}` : ''}`,
        speaks: [{ kind, weight: WEIGHTS.ownCheck }],
        plain: `a check of its own fails: ${kind}`,
        outside: `${name} ${detail ?? ''}`,
      };
    });
}

/** Pure: parts, by name, whose every probe says up. */
export function wellParts(states: readonly CheckState[]): Set<string> {
  const well = new Set<string>();
  for (const [name, own] of Map.groupBy(states, ({ project, service }) => nameOf({ project, service })))
    if (own.every(({ status }) => status === 'up')) well.add(name);
  return well;
}

export const probed = (states: readonly CheckState[]): Set<string> =>
  new Set(states.map(({ project, service }): string => nameOf({ project, service } satisfies Part)));
