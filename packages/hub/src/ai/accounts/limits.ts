import type { AiEach, AiMatch, BudgetDeclaration, BudgetPeriod } from '@orrery/protocol';
import { glob } from '../../platform/glob.ts';
import type { CallFacts } from '../types.ts';

/** What a limit looks at in a call. */
export type Who = Pick<CallFacts, 'tenant' | 'project' | 'key' | 'user' | 'modelAsked'>;

/** What of a call a word of `each` or `match` speaks of; undefined where the call has none. */
export function partOf(call: Who, word: AiEach): string | undefined {
  if (word === 'tenant') return call.tenant ?? undefined;
  if (word === 'model') return call.modelAsked;
  return call[word];
}

/** Whether a call is one that a limit is about. */
export function matches(match: AiMatch, call: Who): boolean {
  return (
    (match.tenant === undefined || match.tenant === call.tenant) &&
    (match.project === undefined || match.project === call.project) &&
    (match.key === undefined || match.key === call.key) &&
    (match.user === undefined || match.user === call.user) &&
    (match.model === undefined || glob(match.model, call.modelAsked))
  );
}

/** When the calendar minute, day or month of UTC that holds `at` begins and ends, in epoch ms. */
export function windowOf(per: BudgetPeriod, at: number): { start: number; end: number } {
  if (per === 'month') {
    const date = new Date(at);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    return { start: Date.UTC(year, month, 1), end: Date.UTC(year, month + 1, 1) };
  }
  const length = per === 'minute' ? 60_000 : 86_400_000;
  const start = at - (at % length);
  return { start, end: start + length };
}

/** What a budget allows in one window; undefined is no limit. */
export type Limits = { requests?: number | undefined; tokens?: number | undefined; nano?: number | undefined };
export type Budget = Omit<BudgetDeclaration, 'requests' | 'tokens' | 'costUsd'> & { limits: Limits };
/** A budget as it holds for one call: which counter it is counted on. */
export type Applied = { budget: Budget; counter: string; start: number; end: number };

export const toBudget = ({ requests, tokens, costUsd, ...rest }: BudgetDeclaration): Budget => ({
  ...rest,
  limits: { requests, tokens, nano: costUsd === undefined ? undefined : Math.round(costUsd * 1e9) },
});

/** The name of a budget's counter; `each` is empty for a budget of all calls together. */
export const counterOf = ({ per, name }: Pick<Budget, 'per' | 'name'>, each: string): string =>
  each === '' ? `${per}:${name}` : `${per}:${name}/${each}`;

/** The budgets that a call is counted on. One that is kept for each user says nothing of calls that name none. */
export function applying(budgets: readonly Budget[], call: Who, at: number): Applied[] {
  const found: Applied[] = [];
  for (const budget of budgets) {
    if (!matches(budget.match, call)) continue;
    const each = budget.each === undefined ? '' : partOf(call, budget.each);
    if (each === undefined) continue;
    found.push({ budget, counter: counterOf(budget, each), ...windowOf(budget.per, at) });
  }
  return found;
}

export type Amount = { requests: number; tokens: number; nano: number };
export type Counter = { used: Amount; held: Amount; refused: number };

export type Judgement =
  | { kind: 'fits' }
  /** It may be asked of a local model alone. */
  | { kind: 'local' }
  | { kind: 'over'; budget: Budget; what: keyof Amount; end: number };

/**
 * Pure: whether a call of this size fits all its budgets; what is set aside for calls under way counts as used. `local` is its size at a
 * local model, where there is one: beyond a budget that allows it the call goes there, as far as all other budgets agree.
 */
export function judge(
  applied: readonly (Applied & { state: Pick<Counter, 'used' | 'held'> })[],
  size: Amount,
  local?: Amount,
): Judgement {
  const over = applied.find(({ budget, state }) => overrun(budget.limits, state, size) !== undefined);
  if (!over) return { kind: 'fits' };
  const yields = applied.some(
    ({ budget, state }) => budget.over === 'local' && overrun(budget.limits, state, size) !== undefined,
  );
  const firm = local !== undefined && yields ? applied.filter(({ budget }) => budget.over !== 'local') : applied;
  const measured = firm === applied ? size : (local ?? size);
  for (const { budget, state, end } of firm) {
    const what = overrun(budget.limits, state, measured);
    if (what !== undefined) return { kind: 'over', budget, what, end };
  }
  return { kind: 'local' };
}

const WHATS = ['requests', 'tokens', 'nano'] as const;

function overrun(
  limits: Limits,
  { used, held }: Pick<Counter, 'used' | 'held'>,
  size: Amount,
): keyof Amount | undefined {
  return WHATS.find((what) => {
    const limit = limits[what];
    return limit !== undefined && used[what] + held[what] + size[what] > limit;
  });
}

/** How much of a budget is used, 0 and up; of several limits the one that is nearest. */
export function shareOf(limits: Limits, used: Amount): number {
  return Math.max(0, ...WHATS.map((what) => used[what] / (limits[what] ?? Number.POSITIVE_INFINITY)));
}
