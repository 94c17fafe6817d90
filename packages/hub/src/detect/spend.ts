import { iso } from '../platform/clock.ts';
import { type Finding, fingerprintOf } from './finding.ts';
import { HUB_PROJECT } from './isolation.ts';

/** How far a budget is used in its window of now; times are epoch ms. */
export type BudgetFact = {
  name: string;
  per: 'minute' | 'day' | 'month';
  /** Of a budget that is kept for each of something: for which. */
  each: string | null;
  start: number;
  end: number;
  /** 1 is all of it. */
  share: number;
  /** Calls that it has refused. */
  refused: number;
};

const LEVELS = [
  { percent: 50, severity: 'info' },
  { percent: 80, severity: 'warning' },
  { percent: 100, severity: 'critical' },
] as const;

/** Pure: the levels that a budget has reached, each one finding until its day or month is over. Minutes are over before anybody could act. */
export function spentBudgets(budgets: readonly BudgetFact[], now: number): Finding[] {
  return budgets.flatMap((budget): Finding[] => {
    const { name, per, each, start, end, share, refused } = budget;
    if (per === 'minute') return [];
    const whose = each === null ? `AI budget ${name}` : `AI budget ${name} of ${each}`;
    return LEVELS.filter(({ percent }) => share * 100 >= percent || (percent === 100 && refused > 0)).map(
      ({ percent, severity }): Finding => ({
        fingerprint: fingerprintOf('budget', name, each ?? '', String(start), String(percent)),
        detector: 'budget',
        project: HUB_PROJECT,
        severity,
        category: 'cost',
        title: percent === 100 ? `${whose} is used up` : `${whose} is used to ${percent} %`,
        description: `In the ${per} from ${iso(start)} to ${iso(end)} ${percent === 100 ? 'the budget reached its end, and calls beyond it are refused' : `more than ${percent} % of the budget is used`}.`,
        recommendation:
          'See who uses it on the AI page; raise the budget, let it yield to a local model, or wait for its end.',
        autoFixable: false,
        observedAt: now,
      }),
    );
  });
}
