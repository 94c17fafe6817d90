import { type PerformanceWindow, ProjectDeclaration } from '@orrery/protocol';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../../test/services/databases.ts';
import { type Caller, systemCaller } from '../../access/index.ts';
import { inTransaction } from '../../platform/db.ts';
import { createLog } from '../../platform/log.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { createSamples, type Samples } from '../../samples/index.ts';
import { createPerformance, type Performance } from './index.ts';
import { around, measured, windowOf } from './testing.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-03-10T12:30:00Z');
const log = createLog('silent', { write: () => undefined });
const me = systemCaller('test');
const ROUTE = 'GET /orders/:id';
const SQL = 'SELECT * FROM orders WHERE customer_id = ?';

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let samples: Samples;
  let performance: Performance;
  let now: number;
  let suite = 0;
  let project = '';
  const clock = { now: () => now, monotonic: () => now };

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(() => {
    now = START;
    project = `p${++suite}`;
    const declaration = ProjectDeclaration.parse({ slug: project, name: project, hubUrl: 'http://127.0.0.1:1' });
    samples = createSamples({ db: database.db, clock, log, rawRetentionMs: () => 30 * 24 * HOUR });
    performance = createPerformance({
      ...{ db: database.db, clock, log, samples },
      outbound: createOutbound({ clock, allowPrivate: true }),
      projects: async () => [declaration],
    });
  });

  let sent = 0;
  const tell = (at: number, parts: Parameters<typeof windowOf>[1]) => {
    const window: PerformanceWindow = { ...windowOf(at, parts), projectSlug: project };
    return inTransaction(database.db, (trx) => performance.keep(trx, project, [{ id: `w${++sent}`, at, window }]));
  };
  const judge = async () => {
    const job = performance.jobs.find(({ name }) => name === 'performance.judge');
    await job?.run({ signal: new AbortController().signal });
  };
  const problems = async () => (await performance.problems([project])).get(project) ?? [];
  const route = (ms: number, count = 40) => ({ routes: [{ route: ROUTE, ...measured(around(ms, count)) }] });
  /** Two days in which the route was as fast as this. */
  const history = async (ms: number) => {
    for (let age = 48; age >= 1; age--) await tell(now - age * HOUR, route(ms));
  };

  it('finds a route that is slow against its own past, and ends it when it is as fast again', async () => {
    await history(100);
    for (const ago of [9, 7, 3, 1]) await tell(now - ago * MINUTE, route(400));
    await judge();
    expect(await problems()).toEqual([
      expect.objectContaining({ kind: 'slow-route', subject: ROUTE, since: now, seenAt: now }),
    ]);
    const view = await performance.view(me, project);
    expect(view.routes).toEqual([
      expect.objectContaining({
        name: ROUTE,
        count: 160,
        sharePercent: 100,
        slow: true,
        usualP95Ms: expect.closeTo(108, -1),
      }),
    ]);
    expect(view.problems[0]?.description).toContain('100 % of the time of all routes');

    now += 10 * MINUTE;
    await tell(now - MINUTE, route(100));
    await judge();
    expect(await problems()).toEqual([]);
  });

  it('lets what was always slow be slow', async () => {
    await history(2000);
    for (const ago of [7, 1]) await tell(now - ago * MINUTE, route(2100));
    await judge();
    expect(await problems()).toEqual([]);
  });

  it('keeps a trouble that is not heard of for a while, and forgets it after a day', async () => {
    await history(100);
    for (const ago of [7, 1]) await tell(now - ago * MINUTE, route(400));
    await judge();
    now += 20 * HOUR;
    await judge();
    expect(await problems()).toHaveLength(1);
    now += 5 * HOUR;
    await judge();
    expect(await problems()).toEqual([]);
  });

  it('finds N+1 patterns and exhausted pools', async () => {
    const parts = {
      ...route(30),
      repeats: [{ route: ROUTE, statement: SQL, requests: 38, typical: 20, most: 25, wastedMs: 380 }],
      pools: [{ pool: 'default', max: 5, size: 5, idle: 0, waiting: 11, asked: 90, waitP95Ms: 250 }],
    };
    for (const ago of [3, 1]) await tell(now - ago * MINUTE, parts);
    await judge();
    const found = await problems();
    expect(found.map(({ kind }) => kind).sort()).toEqual(['pool', 'repeats']);
    const view = await performance.view(me, project);
    expect(view.repeats).toEqual([
      expect.objectContaining({
        route: ROUTE,
        statement: SQL,
        requests: 76,
        typical: 20,
        most: 25,
        wastedMs: 760,
        sharePercent: 95,
      }),
    ]);
    expect((await performance.improvements()).get(project)).toEqual([
      { priority: 'medium', description: expect.stringContaining('an N+1 pattern. Read the rows with one statement') },
    ]);
    expect(view.pools).toEqual([expect.objectContaining({ pool: 'default', instance: 'one', waiting: 11 })]);
  });

  it('keeps the Apdex as a metric, and tells it of every route', async () => {
    await tell(now - MINUTE, {
      routes: [
        { route: ROUTE, ...measured(Array<number>(8).fill(100)) },
        { route: 'POST /orders', ...measured([900, 100], [100]) },
      ],
      platforms: [{ platform: 'gold', ...measured([100, 900]) }],
    });
    await judge();
    const latest = await samples.latest([project], ['performance.apdex', 'performance.route_apdex']);
    const byTags = new Map(latest.map(({ tags, value }) => [JSON.stringify(tags ?? {}), value]));
    expect(Object.fromEntries(byTags)).toEqual({
      '{}': 0.85,
      [`{"route":"${ROUTE}"}`]: 1,
      '{"route":"POST /orders"}': 0.25,
      '{"platform":"gold"}': 0.75,
    });
    const { apdex, routes } = await performance.view(me, project);
    expect(apdex).toMatchObject({ score: 0.85, requests: 10, satisfied: 8, tolerating: 1, frustrated: 1 });
    expect(routes.map(({ apdex: { score } }) => score).sort()).toEqual([0.25, 1]);
  });

  it('counts a window once, however often it is worked on, and forgets what is old', async () => {
    await tell(now - MINUTE, route(100));
    await judge();
    await judge();
    const hours = await database.db
      .withTables<{ performance_hours: { project: string; count: number; sketch: string | null } }>()
      .selectFrom('performance_hours')
      .select(['count', 'sketch'])
      .where('project', '=', project)
      .execute();
    expect(hours.map(({ count }) => Number(count))).toEqual([40]);
    now += 16 * 24 * HOUR;
    await performance.expire();
    await expect(performance.view(me, project)).resolves.toMatchObject({ lastAt: null, routes: [], apdex: null });
  });

  it('is shown to nobody who does not see the project', async () => {
    const stranger: Caller = { ...me, projects: ['another'] };
    await expect(performance.view(stranger, project)).rejects.toMatchObject({ code: 'not_found' });
  });
});
