import type { Facts, Limits, Remembered, Verdict } from '../facts.ts';

/** What the Performance agent found: it lasts until the agent says that it is over. */
export function performance(facts: Facts, _limits: Limits, remembered: Remembered): Verdict[] {
  if (!facts.performance)
    return [...remembered].flatMap(([fingerprint, { finding }]): Verdict[] =>
      finding?.detector === 'performance' ? [{ fingerprint, state: 'unknown' }] : [],
    );
  return facts.performance.map(({ fingerprint, kind, since, seenAt, said }): Verdict => {
    const finding = {
      ...said,
      fingerprint,
      detector: 'performance',
      project: facts.project,
      category: kind === 'index' ? ('opportunity' as const) : ('performance' as const),
      autoFixable: false,
      observedAt: seenAt,
    };
    return { fingerprint, state: 'firing', since, seenAt, finding };
  });
}
