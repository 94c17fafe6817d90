import type { ServiceStatus } from '@orrery/protocol';
import type { ProbeState } from './context.ts';

/** What another hub saw of a probe since it was asked. */
export type OtherLook = { hub: string; status: ServiceStatus; reason: string | null };

export type QuorumFacts = {
  alertLives: boolean;
  /** A threshold's trouble is not seen by the checks: there its alert has the word. */
  byMetric: boolean;
  /** Epoch ms: a check that began before that is no second look. */
  askedAt: number;
  /** The probes of the service, as they stand now. */
  probes: readonly ProbeState[];
  /** What other hubs saw of them since; undefined while that is waited for. None where there is no other hub, or it could not look. */
  elsewhere: readonly OtherLook[] | undefined;
};
export type Quorum = { kind: 'wait' } | { kind: 'confirmed' | 'refused'; detail: string };

/**
 * Whether the target is really down, by a look that is independent of the one that led to the decision: a check that ran after it and, where
 * there are several hubs, what another of them sees. What healed by itself is not touched. Pure.
 */
export function quorum({ alertLives, byMetric, askedAt, probes, elsewhere }: QuorumFacts): Quorum {
  if (!alertLives) return refused('the trouble ended by itself before anything was done');
  if (byMetric) return { kind: 'confirmed', detail: 'its alert still stands' };
  const failing = probes.filter(({ status }) => status === 'down' || status === 'degraded');
  if (failing.length === 0)
    return probes.length > 0 && probes.every(({ status }) => status === 'up')
      ? refused('a second look found it well, before anything was done')
      : { kind: 'wait' };
  if (failing.some(({ lastCheckAt }) => lastCheckAt === null || lastCheckAt <= askedAt)) return { kind: 'wait' };
  // Down, and yet its newest check did not fail: it is about to be called well.
  if (failing.every(({ status, consecutiveFailures }) => status === 'down' && consecutiveFailures === 0))
    return refused('a second look found it on its way back, before anything was done');
  if (elsewhere === undefined) return { kind: 'wait' };
  const said = elsewhere.filter(({ status }) => status !== 'unknown');
  const well = said.filter(({ status }) => status === 'up');
  if (well.length > 0 && well.length === said.length)
    return refused(`the hub ${well.map(({ hub }) => hub).join(', ')} sees it up: only one side fails to reach it`);
  const [other] = said.filter(({ status }) => status !== 'up');
  return {
    kind: 'confirmed',
    detail: other ? `a second look and the hub ${other.hub} see it ${other.status}` : 'a second look sees it as well',
  };
}

const refused = (detail: string): Quorum => ({ kind: 'refused', detail });
