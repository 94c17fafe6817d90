import type { IndexAdvice } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import type { Baseline } from '../baseline.ts';
import type { PerformanceFacts } from '../facts.ts';
import { merge } from '../merge.ts';
import { around, factsOf, measured, windowOf } from '../testing.ts';
import { JUDGES, type JudgeName } from './index.ts';

const usual: Baseline = { usualMs: 100, limitMs: 200, calmMs: 150, hours: 40 };
const NAME = 'GET /orders/:id';
const SQL = 'SELECT * FROM orders WHERE customer_id = ?';
const of = (recent: Parameters<typeof windowOf>[1], before = recent, more: Partial<PerformanceFacts> = {}) =>
  factsOf({
    recent: merge([windowOf(300_000, recent)]),
    before: merge([windowOf(0, before)]),
    usual: { routes: new Map([[NAME, usual]]), statements: new Map([[SQL, usual]]) },
    ...more,
  });
const route = (ms: number, count?: number) => ({ routes: [{ route: NAME, ...measured(around(ms, count)) }] });
const statement = (ms: number) => ({ statements: [{ statement: SQL, rows: 1, ...measured(around(ms)) }] });
const repeat = (requests: number) => ({
  ...route(10),
  repeats: requests === 0 ? [] : [{ route: NAME, statement: SQL, requests, typical: 12, most: 30, wastedMs: 99 }],
});
const pool = (waiting: number, waitP95Ms: number) => ({
  pools: [{ pool: 'default', max: 5, size: 5, idle: 0, waiting, asked: 9, waitP95Ms }],
});
const server = (percent: number, leastPercent: number) =>
  factsOf({ connections: [{ service: 'db', percent, leastPercent }] });
const advice = (kind: IndexAdvice['kind'], gainPercent: number) =>
  factsOf({
    advice: [
      {
        ...{
          id: 'a1',
          kind,
          table: 'public.orders',
          columns: ['customer_id'],
          reason: 'All of its 50000 rows are read for those of one customer.',
        },
        sql: 'CREATE INDEX CONCURRENTLY ON public.orders (customer_id)',
        cost: { before: 100, after: 100 - gainPercent, gainPercent, how: 'model' },
        firstAt: '2026-11-20T06:00:00Z',
        lastAt: '2026-11-20T06:00:00Z',
      },
    ],
  });

type Case = [what: string, facts: PerformanceFacts];
/** For each judge what is bad, what is good, and what says too little to change anything. */
const CASES: Readonly<Record<JudgeName, { bad: Case[]; good: Case[]; silent: Case[] }>> = {
  slowRoutes: {
    bad: [['three times as slow for ten minutes', of(route(300))]],
    good: [['as always', of(route(100), route(300))]],
    silent: [
      ['slow for five minutes only', of(route(300), route(100))],
      ['between the limits', of(route(165), route(300))],
      ['slow in too few calls', of(route(300, 19))],
      ['slow without a usual', of(route(300), route(300), { usual: { routes: new Map(), statements: new Map() } })],
    ],
  },
  slowStatements: {
    bad: [['three times as slow for ten minutes', of(statement(300))]],
    good: [['as always', of(statement(100))]],
    silent: [['slow for five minutes only', of(statement(300), statement(100))]],
  },
  repeats: {
    bad: [['in every request', of(repeat(40))]],
    good: [
      ['in hardly any request', of(repeat(1), repeat(1))],
      ['gone', of(repeat(0), repeat(0), { firing: [{ kind: 'repeats', subject: `${NAME} · ${SQL}` }] })],
    ],
    silent: [
      ['in one window only', of(repeat(40), route(10))],
      ['now and then', of(repeat(15), repeat(15))],
    ],
  },
  pools: {
    bad: [['full and waited for', of(pool(7, 80))]],
    good: [['not waited for any more', of(pool(0, 0), pool(0, 0))]],
    silent: [
      ['waited for once', of(pool(7, 80), pool(0, 0))],
      ['in a pause', of(pool(0, 0), pool(7, 80))],
      ['waited for a moment', of({})],
    ],
  },
  connections: {
    bad: [['full at every check', server(95, 92)]],
    good: [['as it should be', server(40, 10)]],
    silent: [
      ['full at the newest check', server(95, 40)],
      ['between the limits', server(85, 84)],
    ],
  },
  indexes: {
    bad: [['missing', advice('create', 99)]],
    good: [],
    silent: [
      ['unused', advice('drop-unused', 0)],
      ['of little use', advice('create', 20)],
    ],
  },
};

describe.each(Object.entries(JUDGES))('the judge %s', (name, judge) => {
  const { bad, good, silent } = CASES[name as JudgeName];
  it('says nothing of nothing', () => expect(judge(factsOf())).toEqual([]));
  it.each(bad)('tells of what is %s, fit to be an alert', (_what, facts) => {
    const [word, ...others] = judge(facts);
    expect(others).toEqual([]);
    if (word?.state !== 'bad') throw new Error('says nothing bad');
    expect(word.said.title).toMatch(/^veria.{10,190}$/);
    expect(word.said.description.length).toBeGreaterThan(40);
    expect(word.said.recommendation.length).toBeGreaterThan(20);
    expect(judge(facts)).toEqual([word]);
    expect(JSON.parse(JSON.stringify(word))).toEqual(word);
  });
  if (good.length > 0)
    it.each(good)('says that it is over when it is %s', (_what, facts) =>
      expect(judge(facts).map(({ state }) => state)).toEqual(['good']),
    );
  it.each(silent)('leaves things as they are when it is %s', (_what, facts) => expect(judge(facts)).toEqual([]));
});
