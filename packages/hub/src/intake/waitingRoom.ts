import type { Outcome } from './probes/probe.ts';

/** Checks that wait for a database that is away, and what they bring along: values and log lines. */
const MAX_CHECKS = 50_000;
const MAX_VALUES = 250_000;

type Bringing = Pick<Outcome, 'figures' | 'samples' | 'logs'>;

const valuesOf = ({ figures, samples, logs }: Bringing): number =>
  (figures?.length ?? 0) + (samples?.length ?? 0) + (logs?.entries.length ?? 0);

/** Pure: what of those that wait there is room for. The oldest give up what they bring along first, then they give way themselves. */
export function withinRoom<E extends { outcome: Bringing }>(waiting: readonly E[]): E[] {
  const kept = waiting.slice(-MAX_CHECKS);
  let values = kept.reduce((sum, { outcome }) => sum + valuesOf(outcome), 0);
  for (let i = 0; i < kept.length && values > MAX_VALUES; i++) {
    const entry = kept[i] as E;
    const own = valuesOf(entry.outcome);
    if (own === 0) continue;
    values -= own;
    const { figures: _, samples: __, logs: ___, ...outcome } = entry.outcome;
    kept[i] = { ...entry, outcome };
  }
  return kept;
}
