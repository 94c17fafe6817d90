import { describe, expect, it } from 'vitest';
import { type Attempt, type FaultRecord, falseHeals, isRight, overBudget, quantile, score } from './score.ts';

const SHOP = { project: 'shop', service: 'api' };
const BOOKS = { project: 'books', service: 'api' };
const BUDGET = { cooldownMs: 10_000, perHour: 3, projectPerHour: 4, hubPerHour: 5 };

/** A fault at `at` that ends 10 s later, with all of it as it should be. */
const record = (at: number, more: Partial<FaultRecord> = {}): FaultRecord => ({
  fault: 'shop: it is down',
  target: SHOP,
  kinds: ['unreachable'],
  remedy: true,
  injectedAt: at,
  endedAt: at + 10_000,
  detectedAt: at + 1000,
  diagnosedAt: at + 2000,
  rightAt: at + 2000,
  cause: { kind: 'unreachable', project: 'shop', service: 'api', why: [] },
  repairedAt: at + 12_000,
  pages: 1,
  ...more,
});
const attempt = (actsAt: number | undefined, target = SHOP): Attempt => ({
  id: `heal_${actsAt}`,
  target,
  outcome: 'healed',
  status: 'done',
  detail: null,
  remedy: 'restart it',
  createdAt: new Date(actsAt ?? 0).toISOString(),
  actsAt,
});
const scored = (records: FaultRecord[], attempts: Attempt[] = [], more: Partial<Parameters<typeof score>[0]> = {}) =>
  score({
    ground: 'test',
    seed: 1,
    intervalMs: 5000,
    budget: BUDGET,
    rounds: [{ records, attempts }],
    quiet: null,
    ...more,
  });
const missed = (...args: Parameters<typeof scored>) =>
  scored(...args)
    .bars.filter(({ passed }) => passed === false)
    .map(({ name }) => name);

describe('a cause is right', () => {
  it.each<[string, Parameters<typeof isRight>[0], boolean]>([
    ['when kind, project and service are the fault’s', { kind: 'unreachable', ...SHOP }, true],
    ['when it names no service', { kind: 'unreachable', project: 'shop' }, true],
    ['not of another service', { kind: 'unreachable', project: 'shop', service: 'web' }, false],
    ['not of another project', { kind: 'unreachable', ...BOOKS }, false],
    ['not of a kind that the fault is not', { kind: 'deploy', ...SHOP }, false],
    ['not when there is none', null, false],
  ])('%s', (_, cause, right) => {
    expect(isRight(cause, { target: SHOP, kinds: ['unreachable', 'unresponsive'] })).toBe(right);
  });
});

describe('an attempt is a false heal', () => {
  it.each<[string, Attempt, boolean]>([
    ['not while its target is broken', attempt(5000), false],
    ['not at the very beginning', attempt(1000), false],
    ['when nothing is broken yet', attempt(999), true],
    ['when it is mended already', attempt(11_001), true],
    ['at what is only down because of something else', attempt(5000, BOOKS), true],
    ['not when it never acted', attempt(undefined, BOOKS), false],
  ])('%s', (_, tried, isFalse) => {
    expect(falseHeals([tried], [record(1000)])).toHaveLength(isFalse ? 1 : 0);
  });
});

describe('the budget is overrun', () => {
  const MINUTE = 60_000;
  it.each<[string, Attempt[], number]>([
    ['not by as many attempts as there may be', [0, 1, 2].map((n) => attempt(n * MINUTE)), 0],
    ['by one more of a target within the hour', [0, 1, 2, 3].map((n) => attempt(n * MINUTE)), 1],
    ['not by one more after it', [0, 1, 2, 61].map((n) => attempt(n * MINUTE)), 0],
    ['by one within the cooldown', [attempt(0), attempt(9999)], 1],
    ['not by one right after it', [attempt(0), attempt(10_000)], 0],
    [
      'by too many of one project',
      [0, 1, 2, 3, 4].map((n) => attempt(n * MINUTE, { project: 'shop', service: `s${n}` })),
      1,
    ],
    ['by too many of all', [0, 1, 2, 3, 4, 5].map((n) => attempt(n * MINUTE, { project: `p${n}`, service: 'api' })), 1],
    ['whatever the order in which they are listed', [attempt(9999), attempt(0)], 1],
    ['not by what never acted', [attempt(0), attempt(undefined)], 0],
  ])('%s', (_, attempts, times) => {
    expect(overBudget(attempts, BUDGET)).toHaveLength(times);
  });
});

describe('a bar is missed', () => {
  const many = (n: number, of: (i: number) => Partial<FaultRecord>) =>
    Array.from({ length: n }, (_, i) => record(i * 100_000, of(i)));

  it.each<[string, FaultRecord[], Attempt[], string[]]>([
    ['by nothing when all is as it should be', many(20, () => ({})), [], []],
    [
      'by one fault that nobody saw',
      many(20, (i) => (i === 0 ? { detectedAt: null } : {})),
      [],
      ['every fault is detected'],
    ],
    [
      'not by three wrong causes of twenty',
      many(20, (i) => (i < 3 ? { cause: { kind: 'slow', ...SHOP, why: [] } } : {})),
      [],
      [],
    ],
    [
      'by four wrong causes of twenty',
      many(20, (i) => (i < 4 ? { cause: { kind: 'slow', ...SHOP, why: [] } } : {})),
      [],
      ['the right cause stands first'],
    ],
    ['not by one of twenty that is not healed', many(20, (i) => (i < 1 ? { repairedAt: null } : {})), [], []],
    [
      'by two of twenty that are not healed',
      many(20, (i) => (i < 2 ? { repairedAt: null } : {})),
      [],
      ['healed where a remedy is declared'],
    ],
    ['not by what has no remedy', many(20, () => ({ remedy: false, repairedAt: null })), [], []],
    ['by a false heal', [record(0)], [attempt(50_000)], ['false heals']],
    [
      'by three intervals from fault to verified repair',
      [record(0, { repairedAt: 15_000 })],
      [],
      ['fault to verified repair, p50'],
    ],
  ])('%s', (_, records, attempts, bars) => {
    expect(missed(records, attempts)).toEqual(bars);
  });

  it('by a heal in the quiet time', () => {
    const quiet = { minutes: 1, from: 0, until: 60_000, alerts: 0, pages: 0, attempts: [attempt(5)] };
    expect(missed([record(100_000)], [], { quiet })).toEqual(['false heals']);
  });

  it('by none that nothing was measured against, and a drill of nothing has passed none', () => {
    const { bars } = scored([]);
    expect(bars.filter(({ passed }) => passed === null).map(({ name }) => name)).toEqual([
      'every fault is detected',
      'the right cause stands first',
      'healed where a remedy is declared',
      'fault to verified repair, p50',
    ]);
  });
});

describe('a score', () => {
  it('counts from the injector’s clock, each attempt at the fault it followed, and every page', () => {
    const records = [record(0), record(100_000, { pages: 3, rightAt: 104_000, diagnosedAt: 101_000 })];
    const { faults, totals } = scored(records, [attempt(1500), attempt(101_000), attempt(105_000)]);
    expect(
      faults.map(({ detectMs, diagnoseMs, repairMs, attempts }) => ({ detectMs, diagnoseMs, repairMs, attempts })),
    ).toEqual([
      { detectMs: 1000, diagnoseMs: 2000, repairMs: 12_000, attempts: 1 },
      { detectMs: 1000, diagnoseMs: 4000, repairMs: 12_000, attempts: 2 },
    ]);
    expect(totals).toMatchObject({ pages: 4, detected: 2, right: 2, healed: 2, repairP50Ms: 12_000 });
  });

  it('keeps the budget of each round by itself: each has a hub of its own', () => {
    const rounds = [0, 1].map((n) => ({
      records: [record(n * 100_000)],
      attempts: [n * 100_000 + 1, n * 100_000 + 20_000, n * 100_000 + 40_000].map((at) => attempt(at)),
    }));
    expect(scored([], [], { rounds }).totals.overBudget).toEqual([]);
  });

  it('says that nobody counted the pages where nobody listened', () => {
    expect(scored([record(0), record(100_000, { pages: undefined })]).totals.pages).toBeUndefined();
  });
});

it.each<[number[], number, number | null]>([
  [[], 0.5, null],
  [[3], 0.5, 3],
  [[3, 1], 0.5, 1],
  [[3, 1, 2], 0.5, 2],
  [[3, 1, 2], 1, 3],
])('of %j the %d quantile is %s', (values, q, expected) => {
  expect(quantile(values, q)).toBe(expected);
});
