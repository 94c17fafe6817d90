import { describe, expect, test } from 'vitest';
import { type Amount, applying, judge, toBudget, windowOf } from './limits.ts';
import { budgets } from './testing.ts';

const amount = (requests: number, tokens = 0, nano = 0): Amount => ({ requests, tokens, nano });
const who = { tenant: 'acme', project: 'veria', key: 'k1', user: 'ann', modelAsked: 'gpt-4o-mini' };
const made = (...list: Parameters<typeof budgets>) => budgets(...list).map(({ declaration }) => toBudget(declaration));

describe('which budgets a call is counted on', () => {
  test.each([
    [{ match: { tenant: 'acme' } }, ['day:b']],
    [{ match: { tenant: 'other' } }, []],
    [{ match: { model: 'gpt-*' } }, ['day:b']],
    [{ match: { model: 'claude-*' } }, []],
    [{ match: { project: 'veria', key: 'k1', user: 'ann' } }, ['day:b']],
    [{ each: 'user' as const }, ['day:b/ann']],
    [{ each: 'model' as const }, ['day:b/gpt-4o-mini']],
  ])('%j: %j', (more, counters) => {
    const list = made({ name: 'b', per: 'day', requests: 1, ...more });
    expect(applying(list, who, 0).map(({ counter }) => counter)).toEqual(counters);
  });

  test('one for each user says nothing of a call that names none', () => {
    const list = made({ name: 'b', per: 'day', requests: 1, each: 'user' });
    expect(applying(list, { tenant: null, modelAsked: 'x' }, 0)).toEqual([]);
  });
});

describe('a call is judged', () => {
  const day = (more: object) => made({ name: 'b', per: 'day', ...more });
  const state = (used: Amount, held = amount(0)) => ({ used, held });
  const size = amount(1, 100, 5e9);
  test.each([
    ['within all', { requests: 10 }, state(amount(9)), undefined, 'fits'],
    ['beyond the requests', { requests: 10 }, state(amount(10)), undefined, 'over'],
    ['beyond with what is held', { requests: 10 }, state(amount(8), amount(2)), undefined, 'over'],
    ['exactly to the limit', { tokens: 100 }, state(amount(0)), undefined, 'fits'],
    ['beyond the tokens', { tokens: 99 }, state(amount(0)), undefined, 'over'],
    ['beyond the cost', { costUsd: 4.99 }, state(amount(0)), undefined, 'over'],
    ['beyond a firm cost, a local model at hand', { costUsd: 4.99 }, state(amount(0)), amount(1, 100), 'over'],
    ['beyond one that yields', { costUsd: 4.99, over: 'local' }, state(amount(0)), amount(1, 100), 'local'],
    ['beyond one that yields, nothing local', { costUsd: 4.99, over: 'local' }, state(amount(0)), undefined, 'over'],
  ])('%s', (_, more, counter, local, kind) => {
    const applied = applying(day(more), who, 0).map((one) => ({ ...one, state: counter }));
    expect(judge(applied, size, local).kind).toBe(kind);
  });

  test('a firm budget beside one that yields has its say about the local call too', () => {
    const list = made(
      { name: 'cost', per: 'day', costUsd: 1, over: 'local' },
      { name: 'tokens', per: 'day', tokens: 50 },
    );
    const applied = applying(list, who, 0).map((one) => ({ ...one, state: state(amount(0)) }));
    expect(judge(applied, size, amount(1, 100))).toMatchObject({ kind: 'over', what: 'tokens' });
    expect(judge(applied, size, amount(1, 40))).toEqual({ kind: 'local' });
  });
});

test.each([
  ['minute', '2026-03-31T10:20:30.500Z', '2026-03-31T10:20:00.000Z', '2026-03-31T10:21:00.000Z'],
  ['day', '2026-03-31T10:20:30.500Z', '2026-03-31T00:00:00.000Z', '2026-04-01T00:00:00.000Z'],
  ['month', '2028-02-29T23:59:59.999Z', '2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z'],
  ['month', '2026-12-31T23:59:59.999Z', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
] as const)('the %s of %s', (per, at, start, end) => {
  expect(windowOf(per, Date.parse(at))).toEqual({ start: Date.parse(start), end: Date.parse(end) });
});
