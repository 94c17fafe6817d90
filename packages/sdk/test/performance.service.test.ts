import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PerformanceWindow } from '@orrery/protocol';
import { PrismaPg } from '@prisma/adapter-pg';
import express from 'express';
import fastify from 'fastify';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { orrery as expressOrrery } from '../src/express.ts';
import { orrery as fastifyOrrery } from '../src/fastify.ts';
import { createInstance, type Instance } from '../src/index.ts';
import { createPerformance } from '../src/performance.ts';
import { tracePool, watchPool } from '../src/pg.ts';
import { createPools } from '../src/pools.ts';
import { createQueryLog } from '../src/queries.ts';
import { createRequests, repeated } from '../src/requests.ts';
import { createTracer } from '../src/tracer.ts';

const url = inject('postgresUrl');
const stops: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

/** An instance whose report can be had at once: a window is over when its ten seconds are. */
function measuring() {
  const now = () => performance.now();
  const [requests, repeats, pools] = [createRequests(), repeated(), createPools(now)];
  const tracer = createTracer({}, now, repeats);
  const queries = createQueryLog({}, now, requests);
  const report = createPerformance({ tracer, queries, repeats, pools });
  const instance: Instance = { ...createInstance({ project: 'shop', version: '1' }), tracer, queries, requests, pools };
  const take = () => PerformanceWindow.parse({ projectSlug: 'shop', ...report.take(now() + 10_000) });
  return { instance, take };
}
type Loop = (times: number) => Promise<void>;

const frameworks = {
  async express(instance: Instance, loop: Loop): Promise<string> {
    const app = express();
    app.use(expressOrrery(instance));
    app.use(express.json());
    app.all('/loop/:times', async (req, res) => {
      await loop(Number(req.params.times));
      res.json({ done: true });
    });
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(async () => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  async fastify(instance: Instance, loop: Loop): Promise<string> {
    const app = fastify();
    await app.register(fastifyOrrery, { instance });
    app.all<{ Params: { times: string } }>('/loop/:times', async (request) => {
      await loop(Number(request.params.times));
      return { done: true };
    });
    stops.push(() => app.close());
    return app.listen({ port: 0, host: '127.0.0.1' });
  },
};

describe.each(Object.entries(frameworks))('statements of requests on %s and a real PostgreSQL', (_name, start) => {
  const { instance, take } = measuring();
  const pool = tracePool(instance, new pg.Pool({ connectionString: url, max: 2 }));
  let base = '';
  beforeAll(async () => {
    base = await start(instance, async (times) => {
      for (let i = 0; i < times; i++) await pool.query(`select ${i}::int + $1::int`, [i]);
      await pool.query("select 'once'");
    });
  });
  afterAll(() => pool.end());
  const ask = (times: number) =>
    fetch(`${base}/loop/${times}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ some: 'body' }),
    }).then((response) => response.json());

  it('are told apart by request, though eight requests share two connections', async () => {
    await Promise.all([9, 2, 9, 1, 9, 3, 9, 2].map(ask));
    const { routes, repeats, statements, pools } = take();
    expect(routes).toEqual([expect.objectContaining({ route: 'POST /loop/:times', count: 8, failed: 0 })]);
    // Four requests had nine; those that had up to three had no more for what the others asked beside them.
    expect(repeats).toEqual([
      {
        route: 'POST /loop/:times',
        statement: 'select ?::int + ?::int',
        requests: 4,
        typical: 9,
        most: 9,
        wastedMs: expect.any(Number),
      },
    ]);
    expect(statements.map(({ statement, count }) => [statement, count]).sort()).toEqual([
      ['select ?', 8],
      ['select ?::int + ?::int', 44],
    ]);
    expect(repeats[0]?.wastedMs).toBeGreaterThan(0);
    expect(pools).toEqual([expect.objectContaining({ pool: 'default', max: 2, size: 2, asked: 52 })]);
    expect(pools[0]?.waiting).toBeGreaterThanOrEqual(4);
  });
});

describe('the report', () => {
  it('tells of a window once, and of nothing when there was nothing', async () => {
    const now = () => performance.now();
    const [requests, repeats, pools] = [createRequests(), repeated(), createPools(now)];
    const tracer = createTracer({ platform: ({ tier }) => tier }, now, repeats);
    const queries = createQueryLog({}, now, requests);
    const report = createPerformance({ tracer, queries, repeats, pools });
    expect(report.take(now())).toBeUndefined();
    tracer.record({ method: 'GET', route: '/a', status: 200, durationMs: 12, tier: 'gold' });
    tracer.record({ method: 'GET', route: '/a', status: 503, durationMs: 1 });
    const told = report.take(now() + 10_000);
    expect(told).toMatchObject({
      routes: [
        { route: 'GET /a', count: 2, failed: 1, totalMs: 13, failures: { zero: 0, bins: [[expect.any(Number), 1]] } },
      ],
      platforms: [{ platform: 'gold', count: 1 }],
    });
    expect(report.take(now() + 10_000)).toBeUndefined();
    expect(report.take(now() + 20_000)).toBeUndefined();
  });

  it('tells how full the pool of a Prisma adapter is', async () => {
    const { instance, take } = measuring();
    const pool = watchPool(instance, new pg.Pool({ connectionString: url, max: 1 }), 'orders');
    const adapter = await new PrismaPg(pool).connect();
    const query = { sql: 'select pg_sleep(0.05)::text', args: [], argTypes: [] };
    await Promise.all([1, 2, 3].map(() => adapter.queryRaw(query)));
    const [told] = take().pools;
    expect(told).toMatchObject({ pool: 'orders', max: 1, size: 1, asked: 3, waiting: 2 });
    expect(told?.waitP95Ms).toBeGreaterThan(40);
    expect((await instance.metrics()).metrics).not.toHaveProperty(['db.pool_max']);
    await adapter.dispose();
    await pool.end();
  });

  it('stands among the metrics of an instance with a pool', async () => {
    const instance = createInstance({ project: 'shop', version: '1' });
    const pool = tracePool(instance, new pg.Pool({ connectionString: url, max: 3 }));
    await pool.query('select 1');
    expect((await instance.metrics()).metrics).toMatchObject({
      'db.pool_max': 3,
      'db.pool_size': 1,
      'db.pool_idle': 1,
      'db.pool_waiting': 0,
    });
    await pool.end();
  });
});
