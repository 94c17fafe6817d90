import { expect, test } from 'vitest';
import { type BudgetFact, spentBudgets } from './spend.ts';

const START = Date.parse('2026-05-01T00:00:00Z');
const fact = (share: number, more: Partial<BudgetFact> = {}): BudgetFact => ({
  ...{ name: 'acme', per: 'month', each: null, start: START, end: START + 31 * 86_400_000, share, refused: 0 },
  ...more,
});
const titles = (...facts: BudgetFact[]) => spentBudgets(facts, START + 1000).map(({ title }) => title);

test.each([
  [0.49, []],
  [0.5, ['AI budget acme is used to 50 %']],
  [0.81, ['AI budget acme is used to 50 %', 'AI budget acme is used to 80 %']],
  [1, ['AI budget acme is used to 50 %', 'AI budget acme is used to 80 %', 'AI budget acme is used up']],
])('a budget used to %d', (share, said) => {
  expect(titles(fact(share))).toEqual(said);
});

test('one that has refused a call is used up, whatever is left of it; a minute is over before anybody could act', () => {
  expect(titles(fact(0.1, { refused: 1, each: 'key_1' }))).toEqual(['AI budget acme of key_1 is used up']);
  expect(titles(fact(1, { per: 'minute' }))).toEqual([]);
});

test('each level is one trouble for as long as its window lasts, and another in the next', () => {
  const names = (start: number, at: number) =>
    spentBudgets([fact(0.6, { start })], at).map(({ fingerprint }) => fingerprint);
  expect(names(START, START + 1)).toEqual(names(START, START + 999));
  expect(names(START, START + 1)).not.toEqual(names(START + 1, START + 1));
});
