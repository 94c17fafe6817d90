import type { IndexAdvice, Insights } from '@orrery/protocol';
import type { PerformanceProblem } from './problems.ts';

/** What could be better in a project, as the daily analysis tells of it. */
export type Improvement = Omit<Insights['optimizations'][number], 'site_key' | 'type'>;

/** A statement that takes so much of the time is the first thing to look at. */
const HIGH_PERCENT = 25;
const MOST = 5;

/** Pure: the advice on indexes and the loops that one statement could replace, what wins most first. */
export function improvementsOf(advice: readonly IndexAdvice[], problems: readonly PerformanceProblem[]): Improvement[] {
  const indexes = advice.map(({ kind, reason, sql, timeSharePercent = 0 }): Improvement => {
    const priority = kind !== 'create' ? 'low' : timeSharePercent >= HIGH_PERCENT ? 'high' : 'medium';
    return { description: `${reason} After a look at it: ${sql}`, priority };
  });
  const loops = problems
    .filter(({ kind }) => kind === 'repeats')
    .map(
      ({ said }): Improvement => ({ description: `${said.description} ${said.recommendation}`, priority: 'medium' }),
    );
  const rank = { high: 0, medium: 1, low: 2 };
  return [...indexes, ...loops].sort((a, b) => rank[a.priority] - rank[b.priority]).slice(0, MOST);
}
