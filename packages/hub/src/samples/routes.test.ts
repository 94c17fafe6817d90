import { FedMetrics } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteForTest } from '../../../../test/services/databases.ts';
import { allow, systemCaller } from '../access/index.ts';
import { createApp, type HttpServer, listen } from '../platform/http/server.ts';
import { createLog } from '../platform/log.ts';
import { createSamples, sampleRoutes } from './index.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-03-10T12:00:00Z');

describe('the metrics routes', () => {
  let database: Awaited<ReturnType<typeof openSqliteForTest>>;
  let server: HttpServer;
  let get: (path: string) => Promise<{ status: number; body: Record<string, unknown> }>;

  beforeAll(async () => {
    database = await openSqliteForTest();
    const log = createLog('silent', { write: () => undefined });
    const clock = { now: () => NOW, monotonic: () => performance.now() };
    const samples = createSamples({ db: database.db, clock, log, rawRetentionMs: () => 30 * 24 * HOUR });
    await samples.append(
      database.db,
      'veria',
      Array.from({ length: 60 }, (_, i) => ({ key: i % 2 ? 'a.one' : 'a.two', value: i, at: NOW - HOUR + i * 60_000 })),
      NOW,
    );
    const app = createApp({
      routes: sampleRoutes(samples),
      resolve: async () => systemCaller('test'),
      allow,
      checkOrigin: () => undefined,
      observe: () => undefined,
      pagesDir: '/nowhere',
      https: false,
      log,
      clock,
    });
    server = await listen({ host: '127.0.0.1', port: 0 });
    server.mount(app, () => undefined);
    get = async (path) => {
      const response = await fetch(server.url + path);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
  });
  afterAll(async () => {
    await server.stop();
    await database.dispose();
  });

  it('answers a range in the shape of the contract', async () => {
    const { status, body } = await get(
      '/api/fed/metrics/veria?key=a.one&from=2026-03-10T11:00:00Z&to=2026-03-10T12:00:00Z&step=10m&stat=max',
    );
    expect(status).toBe(200);
    expect(FedMetrics.parse(body)).toEqual({
      project: 'veria',
      series: [
        {
          key: 'a.one',
          points: [9, 19, 29, 39, 49, 59].map((value, i) => [new Date(NOW - HOUR + i * 600_000).toISOString(), value]),
        },
      ],
    });
  });

  it.each([
    ['key=a.one&key=a.two', ['a.one', 'a.two']],
    ['key=a.*', ['a.one', 'a.two']],
    ['key=*', ['a.one', 'a.two']],
    ['key=a.o*', ['a.one']],
    ['', ['a.one', 'a.two']],
  ])('takes %s for the keys %j', async (query, keys) => {
    const { body } = await get(`/api/fed/metrics/veria?${query}`);
    expect((body as FedMetrics).series.map((series) => series.key)).toEqual(keys);
  });

  it.each([['from=30m'], [`from=${NOW - 1_800_000}&to=${NOW}`], ['from=2026-03-10T12:30:00%2B01:00&to=now']])(
    'reads the times of %s',
    async (query) => {
      const { body } = await get(`/api/fed/metrics/veria?key=a.one&${query}`);
      expect((body as FedMetrics).series[0]?.points).toHaveLength(15);
    },
  );

  it.each([
    ['key=no%20spaces', 'query.key'],
    ['from=yesterday', 'query.from'],
    ['to=12', 'query.to'],
    ['step=fast', 'query.step'],
    ['step=0', 'query.step'],
    ['stat=mode', 'query.stat'],
    ['colour=red', 'query'],
    ['from=1h&to=2h', 'query.from'],
    ['from=24h&step=1s', 'query.step'],
  ])('refuses %s and names %s', async (query, field) => {
    const { status, body } = await get(`/api/fed/metrics/veria?${query}`);
    expect(status).toBe(400);
    expect(JSON.stringify(body.fields)).toContain(`"field":"${field}`);
  });

  it('lists keys and draws sparklines', async () => {
    expect((await get('/api/fed/metrics/veria/keys')).body).toEqual({
      items: [
        { key: 'a.one', kind: 'number', last: 59, lastAt: '2026-03-10T11:59:00.000Z' },
        { key: 'a.two', kind: 'number', last: 58, lastAt: '2026-03-10T11:58:00.000Z' },
      ],
    });
    const { status, body } = await get('/api/fed/sparklines?key=a.one&from=1h&points=10');
    expect(status).toBe(200);
    expect(body).toMatchObject({ items: [{ project: 'veria' }] });
    expect((await get('/api/fed/sparklines')).status).toBe(400);
  });
});
