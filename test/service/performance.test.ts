import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Alert, ProjectPerformance } from '@orrery/protocol';
import { createInstance } from '@orrery/sdk';
import { orrery } from '@orrery/sdk/express';
import { tracePool } from '@orrery/sdk/pg';
import express from 'express';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { around, measured, windowOf } from '../../packages/hub/src/detect/performance/testing.ts';
import { type RunningHub, runOrrery, startHub } from '../services/hub.ts';
import { type RunningPostgres, startPostgres } from '../services/postgres.ts';
import { until } from '../services/until.ts';

/** A real product on the SDK with a real N+1, a pool that is too small and a table without the index that it needs, under a running hub. */
const KEY = 'the-key-of-shop-32-bytes-or-more';
const MINUTE = 60_000;
const ORDERS = 'GET /customers/:id/orders';
const ITEM = 'SELECT * FROM items WHERE order_id = ?';
let postgres: RunningPostgres;
let hub: RunningHub;
let stopProduct: () => Promise<unknown>;
let product: string;

beforeAll(async () => {
  postgres = await startPostgres({ settings: ['shared_preload_libraries=pg_stat_statements'] });
  const owner = new pg.Client({ connectionString: postgres.url });
  await owner.connect();
  await owner.query(`
    CREATE EXTENSION pg_stat_statements;
    CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL);
    CREATE TABLE items (id int PRIMARY KEY, order_id int NOT NULL, name text NOT NULL);
    INSERT INTO orders SELECT i, i % 50 FROM generate_series(1, 400) i;
    INSERT INTO items SELECT i, i % 20000, 'item ' || i FROM generate_series(1, 60000) i;
    ANALYZE;
    CREATE ROLE watcher LOGIN PASSWORD 'a-secret-of-the-database';
    GRANT pg_monitor TO watcher;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO watcher;
  `);
  await owner.end();
  const look = postgres.url.replace('orrery@', 'watcher:a-secret-of-the-database@');
  hub = await startHub({
    yaml: `projects:
  - slug: shop
    name: Shop
    hubUrl: http://127.0.0.1:9
    apiKey: ${KEY}
    performance: { apdex: { threshold: 100ms }, postgres: { url: "${look}", every: 10s } }
  - { slug: other, name: Other, hubUrl: http://127.0.0.1:9 }
network: { allowPrivate: true }
`,
  });
  await startProduct();
});
afterAll(async () => {
  await stopProduct?.();
  await hub?.dispose();
  await postgres?.stop();
});

async function startProduct(): Promise<void> {
  const instance = createInstance({
    project: 'shop',
    version: '1.0.0',
    hub: { url: hub.url, key: KEY, instanceId: 'shop-1', performanceEveryMs: 1000 },
  });
  const pool = tracePool(instance, new pg.Pool({ connectionString: postgres.url, max: 2 }));
  const app = express();
  app.use(orrery(instance));
  app.get('/customers/:id/orders', async (req, res) => {
    const { rows } = await pool.query('SELECT id FROM orders WHERE customer_id = $1', [req.params.id]);
    const items = [];
    for (const { id } of rows) items.push((await pool.query('SELECT * FROM items WHERE order_id = $1', [id])).rows);
    res.json(items);
  });
  app.get('/health', (_req, res) => void res.json({ ok: true }));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  product = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  instance.start();
  stopProduct = async () => {
    server.closeAllConnections();
    server.close();
    await instance.stop();
    await pool.end();
  };
}

const view = (project = 'shop') => hub.api.read<ProjectPerformance>(`/api/performance?project=${project}`);
const alertsOf = async (project: string) =>
  (await hub.api.read<{ items: Alert[] }>(`/api/fed/alerts?status=open&project=${project}`)).items;
const judgeNow = () => hub.api.post('/ops/jobs/performance.judge/restart');
const use = () =>
  Promise.all(Array.from({ length: 12 }, (_, i) => fetch(`${product}/customers/${i}/orders`).then((r) => r.json())));

describe('a product with a loop over its rows', () => {
  test('is found out: the route, the statement, the pool and the index that is missing', {
    timeout: 120_000,
  }, async () => {
    const kinds = await until(
      async () => {
        await use();
        await judgeNow();
        const found = new Set((await view()).problems.map(({ kind }) => kind));
        return found.has('repeats') && found.has('pool') && found.has('index') ? found : undefined;
      },
      { timeoutMs: 100_000, everyMs: 1000, what: 'all three problems' },
    );
    expect(kinds).not.toContain('slow-route');
    const shop = await view();
    expect(shop.problems.find(({ kind }) => kind === 'repeats')).toMatchObject({
      subject: `${ORDERS} · ${ITEM}`,
      title: `shop: ${ORDERS} runs the same statement 8 times`,
    });
    expect(shop.repeats[0]).toMatchObject({ route: ORDERS, statement: ITEM, typical: 8, most: 8, sharePercent: 100 });
    expect(shop.statements[0]).toMatchObject({ name: ITEM });
    expect(shop.statements[0]?.sharePercent).toBeGreaterThan(80);
    expect(shop.pools[0]).toMatchObject({ pool: 'default', instance: 'shop-1', max: 2 });
    expect(shop.indexes[0]).toMatchObject({
      kind: 'create',
      sql: 'CREATE INDEX CONCURRENTLY ON public.items (order_id)',
    });
    expect(shop.apdex).toMatchObject({ thresholdMs: 100 });
    expect(shop.advisor).toMatchObject({ error: null, target: expect.stringMatching(/^postgres:\/\/.*\/postgres$/) });
    expect(JSON.stringify(shop)).not.toContain('a-secret-of-the-database');

    const alerts = await until(
      async () => {
        const open = await alertsOf('shop');
        return open.length >= 3 ? open : undefined;
      },
      { timeoutMs: 20_000, what: 'the alerts' },
    );
    expect(alerts.map(({ category }) => category).sort()).toEqual(['opportunity', 'performance', 'performance']);
    expect(await alertsOf('other')).toEqual([]);
  });

  test('is better once the index is there: nothing was done by the hub, and the advice goes', {
    timeout: 120_000,
  }, async () => {
    const owner = new pg.Client({ connectionString: postgres.url });
    await owner.connect();
    const indexes = await owner.query("SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1");
    expect(indexes.rows.map(({ indexname }) => indexname)).toEqual(['items_pkey', 'orders_pkey']);
    const [advice] = (await view()).indexes;
    await owner.query(advice?.sql ?? '');
    await owner.end();
    await until(
      async () => {
        await hub.api.post('/ops/jobs/performance.advise/restart');
        return (await view()).indexes.length === 0;
      },
      { timeoutMs: 90_000, everyMs: 2000, what: 'the advice goes' },
    );
    expect((await view()).advisor).toMatchObject({ error: null });
  });

  test('is told of on the command line', async () => {
    const run = runOrrery(['performance', 'shop', '--data', hub.dataDir], {});
    expect(await run.exited).toBe(0);
    const said = run.stdout();
    expect(said).toMatch(/^shop: Apdex \d\.\d\d \(T = 100 ms\)/);
    expect(said).toContain(ORDERS);
    expect(said).toContain('Statements repeated within one request');
  });
});

describe('a route that became slow', () => {
  test('is found against its own past, which any language may tell', { timeout: 60_000 }, async () => {
    const now = Date.now();
    const ages = [...Array.from({ length: 30 }, (_, i) => (i + 3) * 60 * MINUTE), 7 * MINUTE, MINUTE];
    const events = ages.map((age, i) => ({
      specversion: '1.0',
      id: `window-${i}`,
      source: 'urn:shop',
      type: 'performance.summary.window',
      data: {
        ...windowOf(now - age, {
          routes: [{ route: 'GET /report', ...measured(around(age > 60 * MINUTE ? 100 : 450)) }],
        }),
        projectSlug: 'shop',
        instance: 'old-java',
      },
    }));
    const answer = await fetch(`${hub.url}/api/fed/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents-batch+json', 'x-api-key': KEY },
      body: JSON.stringify(events),
    });
    expect(await answer.json()).toMatchObject({ accepted: events.length, refused: [] });
    await judgeNow();
    const alert = await until(
      async () => (await alertsOf('shop')).find(({ title }) => title.includes('GET /report takes')),
      { timeoutMs: 30_000, what: 'the alert' },
    );
    expect(alert).toMatchObject({ severity: 'warning', category: 'performance' });
    expect(alert?.title).toMatch(/^shop: GET \/report takes 4\.\d times as long as usual$/);
  });
});
