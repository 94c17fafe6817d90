import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createInstance } from '../src/index.ts';
import { traced } from '../src/next.ts';
import { createQueryLog } from '../src/queries.ts';
import { normaliseStatement } from '../src/statement.ts';
import { createTracer } from '../src/tracer.ts';

/** What is really kept: garbage is collected first. */
function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('the request tracer', () => {
  it('covers the last minute and forgets what is older', () => {
    let now = 1_000_000;
    const tracer = createTracer({}, () => now);
    for (let second = 0; second < 120; second++) {
      now += 1000;
      tracer.record({
        method: 'GET',
        route: '/a',
        status: second < 60 ? 500 : 200,
        durationMs: second < 60 ? 500 : 10,
      });
    }
    const { requests, errorRatePercent, p99Ms } = tracer.totals();
    expect(requests).toBeGreaterThanOrEqual(50);
    expect(requests).toBeLessThanOrEqual(60);
    expect(errorRatePercent).toBe(0);
    expect(p99Ms).toBeCloseTo(10, 0);
    now += 61_000;
    expect(tracer.totals()).toEqual({ requests: 0, errorRatePercent: 0, bytes: 0 });
    expect(tracer.top()).toEqual([]);
  });

  it('has quantiles within one percent of the exact ones', () => {
    const tracer = createTracer({}, () => 0);
    const values = Array.from({ length: 10_000 }, (_, i) => 0.05 * 1.001 ** i);
    for (const durationMs of values) tracer.record({ method: 'GET', route: '/', status: 200, durationMs });
    const { p50Ms = 0, p95Ms = 0, p99Ms = 0 } = tracer.totals();
    for (const [q, value] of [
      [0.5, p50Ms],
      [0.95, p95Ms],
      [0.99, p99Ms],
    ] as const)
      expect(Math.abs(value / (values[Math.floor(q * 9999)] ?? 1) - 1)).toBeLessThan(0.011);
  });

  it('stays small and fast under 100,000 requests with random methods, routes and tenants', () => {
    const tracer = createTracer({}, () => performance.now());
    for (let i = 0; i < 1000; i++) tracer.record({ method: 'GET', route: `/warm/${i}`, status: 200, durationMs: 1 });
    const heap = heapAfterCollection();
    const before = process.threadCpuUsage();
    for (let i = 0; i < 100_000; i++)
      tracer.record({
        method: `M${Math.random()}`,
        route: `/${Math.random()}/${'x'.repeat(i % 500)}`,
        status: 100 + (i % 500),
        durationMs: i % 1000,
        bytes: i,
        tenant: `t${i}`,
      });
    // The thread's own time: what others do on the machine meanwhile is none of it.
    const { user, system } = process.threadCpuUsage(before);
    const perRequestUs = (user + system) / 100_000;
    expect(tracer.seriesCount()).toBeLessThanOrEqual(200 + 1 + 32 + 1);
    expect(tracer.totals().requests).toBe(101_000);
    expect(tracer.top(1000).length).toBeLessThanOrEqual(201);
    expect(tracer.top(1000).some((row) => row.route === '(other)')).toBe(true);
    expect(perRequestUs).toBeLessThan(10);
    expect(heapAfterCollection() - heap).toBeLessThan(10 * 1024 * 1024);
  });

  it('makes room for new routes when old ones have been silent for a whole window', () => {
    let now = 100_000;
    const tracer = createTracer({ maxRoutes: 3 }, () => now);
    for (const route of ['/a', '/b', '/c', '/d']) tracer.record({ method: 'GET', route, status: 200, durationMs: 1 });
    expect(
      tracer
        .top()
        .map((row) => row.route)
        .sort(),
    ).toEqual(['(other)', 'GET /a', 'GET /b', 'GET /c']);
    now += 61_000;
    tracer.record({ method: 'GET', route: '/d', status: 200, durationMs: 1 });
    expect(tracer.top().map((row) => row.route)).toEqual(['GET /d']);
  });

  it('takes odd durations and statuses without poisoning its figures', () => {
    const tracer = createTracer({}, () => 0);
    for (const durationMs of [Number.NaN, -1, Number.POSITIVE_INFINITY, 5])
      tracer.record({ method: 'get', route: '/', status: Number.NaN, durationMs, bytes: Number.NaN });
    const totals = tracer.totals();
    expect(Object.values(totals).every(Number.isFinite)).toBe(true);
    expect(tracer.top()[0]?.route).toBe('OTHER /');
  });
});

describe('a traced Next.js handler', () => {
  it('records what a thrown redirect, a thrown notFound and an error mean, and lets them through', async () => {
    const instance = createInstance({ project: 'shop', version: '1' });
    const digests = ['NEXT_REDIRECT;replace;/x;307;', 'NEXT_HTTP_ERROR_FALLBACK;404', undefined];
    for (const digest of digests) {
      const thrown = Object.assign(new Error('thrown'), digest ? { digest } : {});
      const handler = traced(instance, '/api/x', () => {
        throw thrown;
      });
      await expect(handler(new Request('http://p/api/x'), {})).rejects.toBe(thrown);
    }
    expect(instance.tracer.top()).toMatchObject([{ route: 'GET /api/x', requests: 3, refused: 1, failed: 1 }]);
  });
});

describe('a normalised statement', () => {
  it.each([
    [
      "select * from users where email = 'ada@example.com' and age > 42",
      'select * from users where email = ? and age > ?',
    ],
    ['SELECT *\n\tFROM   "User" WHERE "id" = $1', 'SELECT * FROM "User" WHERE "id" = ?'],
    ['select 1 -- who=ada\n, 2 /* secret /* nested */ 3 */ from t', 'select ? , ? from t'],
    [
      "select 'it''s', E'a\\'b', N'x', b'01', U&'\\0041', $$raw 'text'$$, $tag$a $$ b$tag$",
      'select ?, ?, ?, ?, ?, ?, ?',
    ],
    [
      'select * from t where id in (1, 2, 3) and name in ($1,$2) and x in (?)',
      'select * from t where id in (?) and name in (?) and x in (?)',
    ],
    ["insert into t (a, b) values (1, 'x'), (2, 'y'), (3, now())", 'insert into t (a, b) values (?)'],
    [
      'select * from t1 where a2 = -1.5e-10 and b=0xFF and c = .5 and d[3] = array[1,2]',
      'select * from t1 where a2 = -? and b=? and c = ? and d[?] = array[?]',
    ],
    [
      "select a::int, '2024-01-01'::date from t where x = :name and y = @p1",
      'select a::int, ?::date from t where x = ? and y = ?',
    ],
    ["select 'never closed", 'select ?'],
    ['select "never closed', 'select "never closed'],
    ['', ''],
  ])('of %s is %s', (statement, shape) => {
    expect(normaliseStatement(statement)).toBe(shape);
  });

  it('takes double quotes, backslashes and # as MySQL does, when told so', () => {
    expect(
      normaliseStatement("select `a` from t where x = \"bob\" and y = 'it\\'s' # secret", { doubleQuoted: 'string' }),
    ).toBe('select `a` from t where x = ? and y = ?');
  });

  it('is bounded, however long the statement, and quick about hostile ones', () => {
    const started = performance.now();
    for (const statement of [
      `select ${'column, '.repeat(20_000)} x`,
      `select * from t where id in (${'1, '.repeat(200_000)}2)`,
      `values ${'(1, (2), '.repeat(50_000)}`,
      '/*'.repeat(100_000),
      '$a'.repeat(100_000),
      "'".repeat(100_001),
      '('.repeat(100_000),
      '(?,'.repeat(100_000),
    ])
      expect(normaliseStatement(statement).length).toBeLessThanOrEqual(500);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('the query log', () => {
  const create = () => createQueryLog({}, () => performance.now());

  it('wraps sync and async work: duration, rows, error code; results and errors pass through', async () => {
    const log = create();
    expect(log.wrap('select a', () => [1, 2])).toEqual([1, 2]);
    expect(await log.wrap('select b', async () => ({ rowCount: 5 }))).toEqual({ rowCount: 5 });
    expect(
      await log.wrap(
        'select c',
        async () => 'x',
        () => 7,
      ),
    ).toBe('x');
    const failure = Object.assign(new Error('duplicate key (email)=(ada@example.com)'), { code: '23505' });
    expect(() =>
      log.wrap('select d', () => {
        throw failure;
      }),
    ).toThrow(failure);
    await expect(
      log.wrap('select d', async () => {
        throw failure;
      }),
    ).rejects.toBe(failure);
    await expect(log.wrap('select e', () => Promise.reject(undefined))).rejects.toBeUndefined();
    const rows = Object.fromEntries(log.top(10).map((row) => [row.statement, row]));
    expect(rows['select a']).toMatchObject({ queries: 1, rows: 2, errors: 0 });
    expect(rows['select b']?.rows).toBe(5);
    expect(rows['select c']?.rows).toBe(7);
    expect(rows['select d']).toMatchObject({ queries: 2, errors: 2, lastError: '23505' });
    expect(rows['select e']).toMatchObject({ errors: 1 });
    expect(log.totals()).toMatchObject({ queries: 6, errors: 3, rows: 14 });
    expect(JSON.stringify(log.top(10))).not.toContain('ada');
  });

  it('runs a lazy query builder once, although asking it for its result is what runs it', async () => {
    let runs = 0;
    // biome-ignore lint/suspicious/noThenProperty: this is what query builders are
    const builder = { then: (resolve: (rows: number[]) => void) => resolve([++runs]) };
    expect(await create().wrap('select 1', () => builder as unknown as Promise<number[]>)).toEqual([1]);
    expect(runs).toBe(1);
  });

  it('lets a result through when counting its rows fails', () => {
    const log = create();
    const rows = () => {
      throw new Error('a mistake in the product');
    };
    expect(log.wrap('select 1', () => 'result', rows)).toBe('result');
    expect(log.totals()).toMatchObject({ queries: 1, errors: 0 });
  });

  it('puts all literals of a statement under one shape, and 10,000 statements under the limit', () => {
    const log = create();
    for (let i = 0; i < 1000; i++)
      log.record({ statement: `select * from t where id = ${i} and name = 'n${i}'`, durationMs: 1 });
    expect(log.top()).toMatchObject([{ statement: 'select * from t where id = ? and name = ?', queries: 1000 }]);
    for (let i = 0; i < 10_000; i++)
      log.record({ statement: `select c${i} from t${Math.random().toString(36)}`, durationMs: 1 });
    expect(log.seriesCount()).toBeLessThanOrEqual(201);
    expect(log.totals().queries).toBe(11_000);
  });
});
