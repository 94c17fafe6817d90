import type { ServiceStatus } from '@orrery/protocol';

export type VerifyFacts = {
  /** Epoch ms: when the act was over, and since when the service has been well since then. */
  actedAt: number;
  wellSince: number | null;
  withinMs: number;
  stableMs: number;
  /** The service by the checks that ran after the act; undefined while none has. */
  status: ServiceStatus | undefined;
  before: Readonly<Record<string, ServiceStatus>>;
  service: string;
  /** The other services of the project, now. */
  others: Readonly<Record<string, ServiceStatus>>;
};

export type Judgement =
  | { kind: 'wait'; wellSince: number | null }
  | { kind: 'healed' | 'no effect' | 'worse'; detail: string; wellSince: number | null };

const RANK = { up: 0, unknown: 1, degraded: 2, down: 3 } as const satisfies Record<ServiceStatus, number>;

/**
 * What came of an attempt, by the service's own checks alone. Healed: well within its time and then for as long as it must be. Worse: when the
 * time is over, the service itself or another of the project that was well is down. Pure.
 */
export function judge(facts: VerifyFacts, now: number): Judgement {
  const { actedAt, status, withinMs, stableMs } = facts;
  const well = status === 'up';
  const wellSince = well ? (facts.wellSince ?? now) : null;
  if (wellSince !== null && now - wellSince >= stableMs)
    return {
      kind: 'healed',
      wellSince,
      detail: `its checks are well since ${Math.round((wellSince - actedAt) / 1000)} s after the act`,
    };
  // One that has become well in time is given the time to stay so.
  const deadline = actedAt + withinMs + (wellSince === null ? 0 : stableMs);
  if (now < deadline) return { kind: 'wait', wellSince };
  const harmed = Object.entries(facts.others).filter(
    ([name, is]) => is === 'down' && name !== facts.service && facts.before[name] === 'up',
  );
  if (harmed.length > 0)
    return {
      kind: 'worse',
      wellSince,
      detail: `${harmed.map(([name]) => name).join(', ')} of the project went down meanwhile`,
    };
  const was = facts.before[facts.service] ?? 'unknown';
  if (status === 'down' && RANK[was] < RANK.down)
    return { kind: 'worse', wellSince, detail: `it was ${was} before and is down now` };
  return {
    kind: 'no effect',
    wellSince,
    detail:
      status === undefined
        ? 'no check has run since the act'
        : `it is ${status} ${Math.round((now - actedAt) / 1000)} s after the act`,
  };
}
