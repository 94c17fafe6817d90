import type { RuleView } from '@orrery/protocol';
import { type Clock, iso } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Outcome } from './hits.ts';

type Counts = Pick<RuleView, 'matches' | 'errors' | 'lastMatchAt' | 'lastError'>;

/** Counts what rules do since the start of this hub. The first error of a rule is logged, the others are counted. */
export function createTally(clock: Clock, log: Log) {
  const counts = new Map<string, Counts>();
  const of = (name: string): Counts => counts.get(name) ?? { matches: 0, errors: 0 };
  return {
    of,
    count(name: string, outcome: Outcome): void {
      const now = of(name);
      if (outcome.kind === 'hit') counts.set(name, { ...now, matches: now.matches + 1, lastMatchAt: iso(clock.now()) });
      if (outcome.kind !== 'error') return;
      if (now.errors === 0) log.warn({ rule: name, reason: outcome.reason }, 'a rule could not be evaluated');
      counts.set(name, { ...now, errors: now.errors + 1, lastError: outcome.reason });
    },
    /** Forgets rules that are gone. */
    keep(names: ReadonlySet<string>): void {
      for (const name of counts.keys()) if (!names.has(name)) counts.delete(name);
    },
  };
}
