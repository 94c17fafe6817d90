import { once } from 'node:events';
import { connect } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import { Slug } from '@orrery/protocol';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../clock.ts';
import { HubError } from '../errors.ts';
import { silentLog } from '../testing.ts';
import { describeApi } from './openapi.ts';
import { defineRoute, type Route, type RouteCaller } from './route.ts';
import { createApp, type HttpServer, listen } from './server.ts';
import { openEventStream } from './sse.ts';

const observed: string[] = [];
let closedStreams = 0;
const routes: Route<RouteCaller>[] = [
  defineRoute({
    method: 'post',
    path: '/api/things/{slug}',
    auth: 'public',
    summary: 'Make a thing',
    tag: 'Things',
    params: z.strictObject({ slug: Slug }),
    query: z.strictObject({ times: z.coerce.number().int().max(5).default(1) }),
    body: z.strictObject({ name: z.string().min(1) }),
    response: z.object({ slug: z.string(), name: z.string(), times: z.number() }),
    status: 201,
    bodyLimit: 1000,
    handle: async ({ params, query, body }) => ({ ...params, ...query, ...body }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/secret',
    auth: 'configure',
    summary: 'Secret',
    tag: 'Things',
    response: z.object({}),
    handle: async () => ({}),
  }),
  defineRoute({
    method: 'get',
    path: '/api/broken',
    auth: 'public',
    summary: 'Breaks',
    tag: 'Things',
    response: z.object({}),
    handle: async () => {
      throw new Error('the password is hunter2');
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/rare',
    auth: 'public',
    summary: 'Rare',
    tag: 'Things',
    perMinute: 6,
    response: z.object({}),
    handle: async () => ({}),
  }),
  defineRoute({
    method: 'get',
    path: '/api/flood',
    auth: 'public',
    summary: 'A stream that sends more than anyone reads',
    tag: 'Things',
    handle: async ({ request }) => {
      const pump = () => {
        for (let i = 0; i < 50; i++) if (!stream.send({ id: String(i), data: 'x'.repeat(4000) })) return;
        setImmediate(pump);
      };
      const stream = openEventStream(request, { stalledMs: 300, onRoom: pump, onClose: () => closedStreams++ });
      pump();
      return stream.response;
    },
  }),
];

let server: HttpServer;
beforeAll(async () => {
  const app = createApp({
    routes,
    resolve: async () => ({ kind: 'anonymous', id: 'anonymous' }),
    allow: (_caller, auth) => {
      if (auth !== 'public') throw new HubError('unauthorized', 'Sign in.');
    },
    checkOrigin: () => undefined,
    observe: (method, route, status) => observed.push(`${method} ${route} ${status}`),
    pagesDir: '/nonexistent',
    https: false,
    log: silentLog,
    clock: systemClock,
  });
  server = await listen({ host: '127.0.0.1', port: 0 });
  expect((await fetch(`${server.url}/health`)).status).toBe(503);
  server.mount(app, () => undefined);
});
afterAll(() => server.stop());

const post = (path: string, body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  fetch(server.url + path, { method: 'POST', body, headers });

describe('the HTTP door', () => {
  it('answers a good request with what the verb returns, and the headers of a careful server', async () => {
    const response = await post('/api/things/veria?times=2', '{"name":"A"}');
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ slug: 'veria', name: 'A', times: 2 });
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{8,}$/);
  });

  it.each([
    ['/api/things/veria', '{"name":""}', 400, 'body.name'],
    ['/api/things/veria', '{"name":"A","extra":1}', 400, 'body'],
    ['/api/things/veria?times=9', '{"name":"A"}', 400, 'query.times'],
    ['/api/things/veria?tmies=1', '{"name":"A"}', 400, 'query'],
    ['/api/things/Not%20A%20Slug', '{"name":"A"}', 400, 'slug'],
    ['/api/things/%00', '{"name":"A"}', 400, 'slug'],
    ['/api/things/veria', '{"name":', 400, 'body'],
    ['/api/things/veria', '['.repeat(400), 400, 'body'],
  ])('refuses %s %s naming the field', async (path, body, status, field) => {
    const response = await post(path, body);
    const problem = (await response.json()) as {
      status: number;
      error: string;
      fields: { field: string; reason: string }[];
    };
    expect([response.status, problem.status, problem.fields[0]?.field]).toEqual([status, status, field]);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(problem.fields[0]?.reason).not.toBe('');
  });

  it('refuses another content type, and a body over its limit even when no length is announced', async () => {
    expect((await post('/api/things/veria', '{}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post('/api/things/veria', JSON.stringify({ name: 'x'.repeat(2000) }))).status).toBe(413);
    const drip = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('x'.repeat(600)));
      },
    });
    const request = {
      method: 'POST',
      body: drip,
      duplex: 'half',
      headers: { 'content-type': 'application/json' },
    } as RequestInit;
    expect((await fetch(`${server.url}/api/things/veria`, request)).status).toBe(413);
  });

  it('tells a caller without rights to sign in, before it looks at the input', async () => {
    const response = await fetch(`${server.url}/api/secret?junk=1`);
    expect(response.status).toBe(401);
    expect(((await response.json()) as { error: string }).error).toBe('Unauthorized');
  });

  it('never tells the cause of its own failure', async () => {
    const response = await fetch(`${server.url}/api/broken`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('hunter2');
  });

  it('says what a path does answer, and that a path does not exist', async () => {
    const wrong = await fetch(`${server.url}/api/rare`, { method: 'DELETE' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET']);
    const none = await fetch(`${server.url}/api/none`);
    expect([none.status, none.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
  });

  it('limits a route to its rate and says when to come back', async () => {
    const answers = [];
    for (let i = 0; i < 8; i++) answers.push(await fetch(`${server.url}/api/rare`));
    const refused = answers.find((answer) => answer.status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(5);
  });

  it('counts answers by route template, never by what the caller typed', async () => {
    await fetch(`${server.url}/some/page/of/nobody`);
    await post('/api/things/some-slug', '{"name":"A"}');
    expect(observed).toContain('POST /api/things/{slug} 201');
    expect(observed.filter((line) => line.includes('nobody') || line.includes('some-slug'))).toEqual([]);
  });

  it('drops a client that does not read its stream', async () => {
    const before = closedStreams;
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    socket.write('GET /api/flood HTTP/1.1\r\nhost: x\r\n\r\n');
    const deadline = Date.now() + 5000;
    while (closedStreams === before && Date.now() < deadline) await new Promise((done) => setImmediate(done));
    socket.destroy();
    expect(closedStreams).toBe(before + 1);
  });

  it('ends a stream that was only asked for its head', async () => {
    const before = closedStreams;
    const answer = await fetch(`${server.url}/api/flood`, { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(closedStreams).toBe(before + 1);
  });

  it('stops at once though a client keeps its connection for later', async () => {
    const other = await listen({ host: '127.0.0.1', port: 0 });
    const closing = Promise.withResolvers<void>();
    const app = new Hono<{ Bindings: HttpBindings }>();
    app.get('/', () => new Response(new ReadableStream({ start: (c) => void closing.promise.then(() => c.close()) })));
    other.mount(app, () => closing.resolve());
    const answer = await fetch(other.url, { headers: { connection: 'keep-alive' } });
    const [began, ended] = [performance.now(), answer.text()];
    await other.stop();
    await ended;
    expect(performance.now() - began).toBeLessThan(2500);
  });

  it.each(['/api/things/a%00b', '/api/things/a?times=1%00', '/api/things/a?times=1&times=%00'])(
    'refuses NUL, which no database takes: %s',
    async (path) => {
      const answer = await fetch(server.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"name":"x"}',
      });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ fields: [{ reason: 'must not hold a NUL character' }] });
    },
  );

  it('describes every route in OpenAPI 3.1', () => {
    const api = describeApi(routes as Route[], { version: '1', url: 'http://x' }) as {
      openapi: string;
      paths: Record<string, Record<string, { parameters: { name: string; in: string }[] }>>;
    };
    expect(api.openapi).toBe('3.1.0');
    expect(Object.keys(api.paths).sort()).toEqual(routes.map((route) => route.path).sort());
    expect(api.paths['/api/things/{slug}']?.post?.parameters.map((p) => `${p.in}:${p.name}`)).toEqual([
      'path:slug',
      'query:times',
    ]);
  });
});
