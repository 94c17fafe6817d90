import { Agent, createServer, request as httpRequest, METHODS } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { deriveProjectKey, signBody } from '@orrery/protocol/signing';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/services/until.ts';
import { orrery as expressOrrery } from '../src/express.ts';
import { orrery as fastifyOrrery } from '../src/fastify.ts';
import { orrery as honoOrrery } from '../src/hono.ts';
import { createInstance, type Instance } from '../src/index.ts';

const KEY = 'adapter-test-key';
const MESH_KEY = 'mesh-key-of-the-adapter-test';
const secret = deriveProjectKey(MESH_KEY, 'shop');
const stops: (() => Promise<unknown>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

function instanceFor(ran: string[]): Instance {
  return createInstance({
    project: 'shop',
    version: '1.2.3',
    apiKey: KEY,
    meshKey: MESH_KEY,
    checks: { database: () => true },
    actions: { 'cache.clear': ({ requestId }) => void ran.push(requestId) },
  });
}

function tierOf(header: string | string[] | undefined): { tier: string } {
  if (header === 'broken') throw new Error('a mistake in the product');
  return { tier: String(header ?? 'free') };
}

/** The same small product on each framework: /orders/:id, /fail, a nested router, a JSON body and a stream. */
const frameworks: Record<string, (instance: Instance) => Promise<string>> = {
  async express(instance) {
    const app = express();
    app.use(expressOrrery(instance, { who: (req) => tierOf(req.get('x-tier')) }));
    app.use(express.json());
    app.get('/orders/:id', (req, res) => void res.json({ id: req.params.id }));
    app.post('/orders', (req, res) => void res.status(201).json(req.body));
    app.get('/slow', () => new Promise<never>(() => {}));
    app.get('/fail', () => {
      throw new Error('broken');
    });
    const nested = express.Router();
    nested.get('/items/:item', (req, res) => void res.send(req.params.item));
    app.use('/shelf', nested);
    app.use((_error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      res.status(500).send('broken');
    });
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(async () => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  async fastify(instance) {
    // Node counts a reused connection whose request was aborted as active: close would wait for it.
    const app = fastify({ forceCloseConnections: true });
    await app.register(fastifyOrrery, {
      instance,
      who: (request) => tierOf(request.headers['x-tier']),
    });
    app.get('/orders/:id', async (request) => ({ id: (request.params as { id: string }).id }));
    app.post('/orders', async (request, reply) => reply.status(201).send(request.body));
    app.get('/slow', () => new Promise<never>(() => {}));
    app.get('/fail', async () => {
      throw new Error('broken');
    });
    await app.register(
      async (shelf) => void shelf.get('/items/:item', async (request) => (request.params as { item: string }).item),
      {
        prefix: '/shelf',
      },
    );
    stops.push(() => app.close());
    return app.listen({ port: 0, host: '127.0.0.1' });
  },
  async hono(instance) {
    const app = new Hono();
    app.use(honoOrrery(instance, { who: (c) => tierOf(c.req.header('x-tier')) }));
    app.get('/orders/:id', (c) => c.json({ id: c.req.param('id') }));
    app.post('/orders', async (c) => c.json(await c.req.json(), 201));
    app.get('/slow', () => new Promise<never>(() => {}));
    app.get('/fail', () => {
      throw new Error('broken');
    });
    app.onError((_error, c) => c.text('broken', 500));
    const nested = new Hono();
    nested.get('/items/:item', (c) => c.text(c.req.param('item')));
    app.route('/shelf', nested);
    return new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
        resolve(`http://127.0.0.1:${port}`),
      );
      stops.push(async () => server.close());
    });
  },
};

describe.each(Object.keys(frameworks))('the adapter for %s', (name) => {
  const ran: string[] = [];
  const instance = instanceFor(ran);
  const base = frameworks[name]?.(instance) ?? Promise.reject(new Error('no such framework'));
  const withKey = { headers: { 'x-api-key': KEY } };

  it('serves health, metrics, logs and capabilities beside the product', async () => {
    const url = await base;
    const health = await fetch(`${url}/api/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ status: 'healthy', checks: { database: true }, version: '1.2.3' });
    expect(await (await fetch(`${url}/api/health?x=1`, withKey)).json()).toMatchObject({
      checks: { database: { ok: true } },
    });
    expect((await fetch(`${url}/api/metrics`)).status).toBe(401);
    expect(await (await fetch(`${url}/api/metrics`, withKey)).json()).toMatchObject({ site_key: 'shop' });
    expect(await (await fetch(`${url}/api/logs`, withKey)).json()).toEqual({ entries: [] });
    expect(await (await fetch(`${url}/api/capabilities`)).json()).toMatchObject({
      project: 'shop',
      actions: ['cache.clear'],
    });
    expect((await fetch(`${url}/api/health`, { method: 'DELETE' })).status).toBe(405);
    const head = await fetch(`${url}/api/health`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('runs a signed action once, checks the raw bytes, and refuses a body that is too large', async () => {
    const url = await base;
    const body = `{ "action": "cache.clear",  "requestedBy": "a person", "requestId": "r-${name}" }`;
    const headers = { 'content-type': 'application/json', ...signBody([secret], `msg_${name}`, new Date(), body) };
    const send = (text: string) => fetch(`${url}/api/actions`, { method: 'POST', headers, body: text });
    const first = await send(body);
    expect(first.status).toBe(202);
    const accepted = (await first.json()) as { auditId: string };
    expect(await (await send(body)).json()).toEqual(accepted);
    expect((await send(`${body} `)).status).toBe(401);
    const { 'content-type': _type, ...signed } = headers;
    const typeless = await fetch(`${url}/api/actions`, { method: 'POST', headers: signed, body: Buffer.from(body) });
    expect(await typeless.json()).toEqual(accepted);
    expect((await send('x'.repeat(300_000))).status).toBe(413);
    const run = `${url}/api/actions/${accepted.auditId}`;
    expect((await fetch(run)).status).toBe(401);
    expect(await (await fetch(run, withKey)).json()).toMatchObject({ action: 'cache.clear', status: 'succeeded' });
    expect(ran).toEqual([`r-${name}`]);
  });

  it('traces the product by route template, status, bytes and platform, and not the SDK itself', async () => {
    const url = await base;
    await fetch(`${url}/orders/1`, { headers: { 'x-tier': 'gold' } });
    await fetch(`${url}/orders/2?secret=1`);
    await fetch(`${url}/shelf/items/7`);
    await fetch(`${url}/fail`);
    await fetch(`${url}/nowhere/123`);
    await fetch(`${url}/orders`, { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } });
    await until(() => instance.tracer.totals().requests === 6, { timeoutMs: 3000, what: 'six traced requests' });
    const routes = instance.tracer
      .top(50)
      .map(({ route, requests, refused, failed }) => ({ route, requests, refused, failed }));
    expect(routes.sort((a, b) => a.route.localeCompare(b.route))).toEqual([
      { route: 'GET (unmatched)', requests: 1, refused: 1, failed: 0 },
      { route: 'GET /fail', requests: 1, refused: 0, failed: 1 },
      { route: 'GET /orders/:id', requests: 2, refused: 0, failed: 0 },
      { route: 'GET /shelf/items/:item', requests: 1, refused: 0, failed: 0 },
      { route: 'POST /orders', requests: 1, refused: 0, failed: 0 },
    ]);
    for (const row of instance.tracer.top(50)) expect(row.bytes).toBeGreaterThan(0);
    expect(instance.tracer.platforms().get('gold')?.requests).toBe(1);
    expect(instance.tracer.platforms().get('free')?.requests).toBe(5);
    expect(instance.tracer.totals().errorRatePercent).toBeCloseTo(100 / 6, 1);
  });

  it('counts a request whose client went away as 499, not as answered, and survives a who that throws', async () => {
    const url = await base;
    const abort = new AbortController();
    const answer = fetch(`${url}/slow`, { signal: abort.signal, headers: { 'x-tier': 'broken' } });
    setTimeout(() => abort.abort(), 50);
    await expect(answer).rejects.toThrow();
    const slow = () => instance.tracer.top(50).find((row) => row.route === 'GET /slow');
    expect(await until(slow, { timeoutMs: 3000, what: 'the request is traced' })).toMatchObject({
      refused: 1,
      failed: 0,
    });
  });
});

describe('the Express adapter', () => {
  const instance = instanceFor([]);

  async function listen(app: express.Express): Promise<string> {
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(async () => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('says so when a body parser in front of it took the raw body, unless that is kept', async () => {
    const body = JSON.stringify({ action: 'cache.clear', requestedBy: 'a person', requestId: 'r' });
    const headers = { 'content-type': 'application/json', ...signBody([secret], 'msg_parsed', new Date(), body) };
    const wrong = express().use(express.json(), expressOrrery(instance));
    const refused = await fetch(`${await listen(wrong)}/api/actions`, { method: 'POST', headers, body });
    expect(refused.status).toBe(500);
    expect(await refused.json()).toMatchObject({
      error: 'misconfigured',
      detail: expect.stringContaining('before body parsers'),
    });
    const verify = (req: object, _res: unknown, raw: Buffer) => void Object.assign(req, { rawBody: raw });
    const kept = express().use(express.json({ verify }), expressOrrery(instance));
    expect((await fetch(`${await listen(kept)}/api/actions`, { method: 'POST', headers, body })).status).toBe(202);
  });

  it('names a route under its router also when its error is answered outside, and no id of a mount path', async () => {
    const traced = instanceFor([]);
    const app = express().use(expressOrrery(traced));
    const router = express.Router();
    router.get('/:item', () => {
      throw new Error('broken');
    });
    router.get('/', (_req, res) => void res.send('list'));
    app.use('/shelf', router);
    app.use('/tenants/:tenant/shelf', router);
    app.use((_error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      res.status(500).send('broken');
    });
    const url = await listen(app);
    for (const path of ['/shelf/1', '/shelf', '/tenants/4711/shelf', '/tenants/4712/shelf/9']) await fetch(url + path);
    await until(() => traced.tracer.totals().requests === 4, { timeoutMs: 3000, what: 'four traced requests' });
    expect(
      traced.tracer
        .top()
        .map((row) => row.route)
        .sort(),
    ).toEqual(['GET /shelf', 'GET /shelf/:item', 'GET /tenants/:id/shelf', 'GET /tenants/:id/shelf/:item']);
  });
});

describe('random clients', () => {
  it('cannot grow the series of a real server with made-up methods and paths', async () => {
    const instance = instanceFor([]);
    const app = express().use(expressOrrery(instance));
    app.get('/orders/:id', (req, res) => void res.send(req.params.id));
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(async () => server.close());
    const { port } = server.address() as AddressInfo;
    const methods = METHODS.filter((method) => method !== 'CONNECT');
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const hit = (i: number) =>
      new Promise<void>((resolve, reject) => {
        const method = methods[i % methods.length] ?? 'GET';
        const path = i % 2 ? `/orders/${i}` : `/${Math.random().toString(36)}/${i}`;
        const request = httpRequest(
          { port, host: '127.0.0.1', method, path, agent, headers: { 'x-odd': `${Math.random()}` } },
          (res) => {
            res.resume();
            res.on('end', resolve);
          },
        );
        request.on('error', reject);
        request.end();
      });
    for (let round = 0; round < 10; round++)
      await Promise.all(Array.from({ length: 200 }, (_, i) => hit(round * 200 + i)));
    agent.destroy();
    await until(() => instance.tracer.totals().requests >= 2000, { timeoutMs: 5000, what: '2,000 traced requests' });
    expect(instance.tracer.seriesCount()).toBeLessThanOrEqual(16);
    const { metrics } = await instance.metrics();
    expect(Object.keys(metrics).length).toBeLessThan(25);
  });
});
