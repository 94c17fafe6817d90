import { execFileSync } from 'node:child_process';
import { Agent, request as httpRequest, METHODS } from 'node:http';
import { connect } from 'node:net';
import { Problem, ROUTE_ASKS } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi, type RunningHub, startHub } from '../services/hub.ts';
import { memoryOf } from '../services/memory.ts';

const META = 'meta-key-of-the-http-suite-000001';
let hub: RunningHub;

beforeAll(async () => {
  hub = await startHub({
    yaml: `projects:
  - { slug: alpha, name: Alpha, hubUrl: "http://127.0.0.1:9/" }
  - { slug: beta, name: Beta, hubUrl: "http://127.0.0.1:9/" }
network: { allowPrivate: true }
`,
    env: { ORRERY_META_API_KEY: META },
  });
});
afterAll(() => hub.dispose());

type OpenApi = {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, unknown> };
};
type Operation = {
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema?: unknown }[];
  responses?: Record<string, { description?: string }>;
};
/** Asked by a caller that is known: strangers share one limit, and other tests use it up. */
const description = () => hub.api.read<OpenApi>('/openapi.json');

describe('every answer', () => {
  test.each([
    ['a page', '/', 200],
    ['a deep link of the console', '/projects/alpha', 200],
    ['an answer of the API', '/health', 200],
    ['a refused caller', '/api/fed/projects', 401],
    ['an unknown route', '/api/nothing', 404],
    ['an unknown asset', '/assets/nothing.js', 404],
  ])('carries the security headers: %s', async (_what, path, status) => {
    const answer = await createApi(hub.url).get(path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('x-powered-by')).toBeNull();
    expect(answer.headers.get('server')).toBeNull();
    expect(answer.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src '");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-inline');
    expect(policy).not.toContain('unsafe-eval');
  });

  test('a page may not run a script that is not ours', async () => {
    const { headers, text } = await createApi(hub.url).get('/');
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    for (const [, attributes = '', inside = ''] of text.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)) {
      expect(attributes).toContain('src="/');
      expect(inside.trim()).toBe('');
    }
  });
});

describe('every refusal is problem+json that says which field and why', () => {
  test.each([
    ['no such route', 'GET', '/api/nothing', undefined, 404, undefined],
    ['the wrong method', 'PUT', '/api/fed/projects', '{}', 405, undefined],
    ['a body that is no JSON', 'POST', '/api/fed/projects', '{"slug":', 400, 'body'],
    [
      'a body of the wrong shape',
      'POST',
      '/api/fed/projects',
      '{"slug":"UPPER","hubUrl":"http://127.0.0.1:9"}',
      400,
      'body.slug',
    ],
    ['a field that does not exist', 'POST', '/api/keys', '{"name":"x","role":"admin","extra":1}', 400, 'body'],
    ['a role that does not exist', 'POST', '/api/keys', '{"name":"x","role":"root"}', 400, 'body.role'],
    ['a URL that is none of http', 'POST', '/api/fed/projects', '{"hubUrl":"file:///etc/passwd"}', 400, 'body.hubUrl'],
    ['a query that is no number', 'GET', '/ops/events/recent?limit=many', undefined, 400, 'query.limit'],
    ['a query that nobody knows', 'GET', '/ops/events/recent?limmit=5', undefined, 400, 'query'],
    ['a project that is not there', 'GET', '/api/fed/projects/gamma', undefined, 404, undefined],
    ['an alert that is not there', 'GET', '/api/fed/alerts/alr_none', undefined, 404, undefined],
    ['a body that is too large', 'POST', '/api/fed/projects', `{"name":"${'x'.repeat(1_100_000)}"}`, 413, undefined],
  ])('%s', async (_what, method, path, body, status, field) => {
    const answer = await hub.api.call(method, path, body);
    expect(answer.status, answer.text.slice(0, 300)).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    const problem = Problem.parse(answer.body);
    expect(problem.status).toBe(status);
    expect(problem.detail.length).toBeGreaterThan(5);
    expect(problem.requestId).toBe(answer.headers.get('x-request-id'));
    if (field !== undefined)
      expect(
        problem.fields?.some((one) => one.field.startsWith(field) && one.reason.length > 3),
        answer.text,
      ).toBe(true);
  });

  test('a wrong content type is 415', async () => {
    const response = await fetch(`${hub.url}/api/fed/projects`, {
      method: 'POST',
      headers: { 'x-api-key': hub.key, 'content-type': 'text/plain' },
      body: '{}',
    });
    expect(response.status).toBe(415);
    expect(Problem.parse(await response.json()).status).toBe(415);
  });

  test('a request that is no HTTP is answered 400 and the hub goes on', async () => {
    const text = await raw('BREW /coffee HTCPCP/1.0\r\n\r\n');
    expect(text).toContain('400 Bad Request');
    expect((await hub.api.get('/health')).status).toBe(200);
  });
});

test('/metrics is what Prometheus takes', async () => {
  const { text, status } = await createApi(hub.url, { 'x-api-key': META }).get('/metrics');
  expect(status).toBe(200);
  const output = execFileSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  expect(output.trim()).toBe('');
  expect(text).toMatch(/^orrery_/m);
});

describe('/openapi.json', () => {
  test('is a sound OpenAPI 3.1 document', async () => {
    const document = await description();
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info.version).toMatch(/^\d+\.\d+\.\d+/);
    const known = new Set(Object.keys(document.components?.schemas ?? {}));
    for (const [, name] of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      expect(known, 'a reference leads nowhere').toContain(name);
    for (const [path, item] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(item)) {
        const at = `${method} ${path}`;
        expect(['get', 'post', 'put', 'patch', 'delete', 'head'], at).toContain(method);
        expect(operation.summary, at).toBeTruthy();
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        const declared = (operation.parameters ?? []).filter((p) => p.in === 'path').map((p) => p.name);
        expect(declared.sort(), at).toEqual(inPath.sort());
        const responses = Object.entries(operation.responses ?? {});
        expect(responses.length, at).toBeGreaterThan(0);
        for (const [, response] of responses) expect(response.description, at).toBeTruthy();
      }
  });

  test('lists every route that the hub promises, and each of them exists', async () => {
    const { paths } = await description();
    const listed = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    for (const route of PROMISED) expect(listed).toContain(route);
    const { body } = await hub.api.post<{ key: string }>('/api/keys', { name: 'walks', role: 'viewer' });
    const viewer = createApi(hub.url, { 'x-api-key': body.key });
    for (const route of listed) {
      const [method = '', path = ''] = route.split(' ');
      const answer = await viewer.call(
        method.toUpperCase(),
        path.replace(/\{\w+\}/g, 'x1'),
        method === 'get' ? undefined : '{}',
      );
      expect(answer.status, route).not.toBe(405);
      expect(answer.text, route).not.toContain('No such route');
    }
  });
});

describe('a placeholder, an empty part or a trap in a path is refused (threat 13)', () => {
  const TRAPS = [
    '%7Bid%7D',
    ':slug',
    '*',
    'null',
    'undefined',
    '%00',
    '..%2f..',
    '%2e%2e',
    '[]',
    '%5B1%5D',
    '[object Object]',
    '-1',
    '__proto__',
    'constructor',
    "' or 1=1 --",
    '%ff',
  ];
  /** Asks that the machine's own key does not answer to. */
  const OTHERS = new Set<string>(['person', 'ingest', 'cron']);
  test('on every route with a parameter', async () => {
    const { paths } = await description();
    const withParameter = Object.entries(paths).filter(([path]) => path.includes('{'));
    expect(withParameter.length).toBeGreaterThan(6);
    for (const [path, item] of withParameter)
      for (const method of Object.keys(item))
        for (const trap of TRAPS) {
          const target = path.replace(/\{\w+\}/, encodeTrap(trap));
          // The client itself makes the console's first page of `/status/..`.
          if (new URL(target, hub.url).pathname === '/') continue;
          const answer = await hub.api.call(
            method.toUpperCase(),
            target,
            method === 'get' || method === 'head' ? undefined : '{}',
          );
          // 429: some of these routes may be called a few times a minute only.
          const asks = ROUTE_ASKS[`${method.toUpperCase()} ${path}`];
          // What is for others is refused before it looks at what it is asked for.
          const refused = OTHERS.has(asks ?? '') ? [400, 403, 404] : [400, 404, 405, 429];
          expect(refused, `${method} ${target} answered ${answer.status}`).toContain(answer.status);
        }
  });
});

test('a refresh says once of each project what came of it', async () => {
  const answer = await hub.api.post<{ results: { project: string; status: string }[] }>('/api/fed/refresh', {
    projects: ['alpha', 'zeta', 'alpha', 'beta'],
  });
  expect(answer.status).toBe(200);
  expect(answer.body.results.map(({ project, status }) => [project, status])).toEqual([
    ['alpha', 'refreshed'],
    ['zeta', 'unknown'],
    ['beta', 'refreshed'],
  ]);
});

test('what a caller may not see is told apart from what does not exist by nothing (threat 5)', async () => {
  const created = await hub.api.post<{ key: string }>('/api/keys', {
    name: 'only alpha',
    role: 'operator',
    projects: ['alpha'],
  });
  expect(created.status).toBe(201);
  const limited = createApi(hub.url, { 'x-api-key': created.body.key, 'x-request-id': 'same-request-id' });
  expect((await limited.get('/api/fed/projects/alpha')).status).toBe(200);
  for (const path of ['/api/fed/projects/%', '/api/fed/metrics/%?from=2026-01-01T00:00:00Z', '/api/fed/logs/%']) {
    const hidden = await limited.get(path.replace('%', 'beta'));
    const absent = await limited.get(path.replace('%', 'zeta'));
    expect(hidden.status, path).toBe(404);
    expect(hidden.text.replaceAll('beta', 'zeta'), path).toBe(absent.text);
  }
  for (const path of ['/metrics', '/api/config/status']) {
    const answer = await limited.get(path);
    expect(answer.status, path).toBe(403);
    expect(answer.text, path).not.toContain('beta');
  }
  const administers = await hub.api.post<{ key: string }>('/api/keys', {
    name: 'administers alpha',
    role: 'admin',
    projects: ['alpha'],
  });
  const exported = await createApi(hub.url, { 'x-api-key': administers.body.key }).get('/api/config/export');
  expect(exported.status).toBe(403);
  const heartbeat = createApi(hub.url, { 'x-request-id': 'same-request-id' });
  const one = await heartbeat.get('/api/heartbeat/hb_0000000000000000000000000000');
  const other = await heartbeat.get('/api/heartbeat/nothing-of-the-kind');
  expect([one.status, one.text]).toEqual([404, other.text]);
});

test('a flood of methods, paths and headers makes no new series and no large memory (threat 18)', async () => {
  const metrics = createApi(hub.url, { 'x-api-key': META });
  // What the runtime says of its own handles comes and goes by type; no caller has a part in it.
  const seriesNow = async () =>
    (await metrics.get('/metrics')).text
      .split('\n')
      .filter((line) => line && !/^(#|orrery_nodejs_)/.test(line))
      .sort();
  const methods = METHODS.filter((method) => !['CONNECT', 'HEAD'].includes(method));
  await flood(methods, 300);
  const [seriesBefore, memoryBefore] = [await seriesNow(), memoryOf(hub.pid)];
  await flood(methods, 6000);
  const names = (lines: string[]) => lines.map((line) => line.replace(/ \S+$/, ''));
  expect(names(await seriesNow())).toEqual(names(seriesBefore));
  expect(memoryOf(hub.pid) - memoryBefore).toBeLessThan(40 * 1024 * 1024);
});

describe('a hub that others can reach does not start on a weak secret (threat 22)', () => {
  test.each([
    ['ORRERY_META_API_KEY', 'secret-api-key'],
    ['ORRERY_META_API_KEY', 'short'],
    ['CRON_SECRET', 'changeme'],
    ['MESH_HMAC_KEY', 'default'],
    ['ORRERY_SECRET', 'x'],
  ])('%s=%s', async (name, value) => {
    await expect(startHub({ env: { NODE_ENV: 'production', [name]: value } })).rejects.toThrow(new RegExp(name));
  });

  test('and it starts on strong ones', async () => {
    const strong = (name: string) => `b7c1e9f0a2d34586-${name}-c1e9f0a2d34586b7`;
    const production = await startHub({
      env: {
        NODE_ENV: 'production',
        ORRERY_META_API_KEY: strong('meta'),
        CRON_SECRET: strong('cron'),
        MESH_HMAC_KEY: strong('mesh'),
      },
    });
    expect((await production.api.get('/api/me')).status).toBe(200);
    await production.dispose();
  });
});

test('the hub runs without a prototype to pollute, and pushed traps change nothing (threat 23)', async () => {
  const body = `{"slug":"gamma","name":"G","hubUrl":"http://127.0.0.1:9","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`;
  const answer = await hub.api.post('/api/fed/projects', body);
  expect(answer.status).toBe(400);
  const me = await hub.api.get<Record<string, unknown>>('/api/me');
  expect(me.text).not.toContain('polluted');
  expect((await hub.api.get('/api/fed/projects')).text).not.toContain('polluted');
});

test('it stops within ten seconds of SIGTERM, with an open stream, and says 0', async () => {
  const short = await startHub();
  const stream = await fetch(`${short.url}/ops/events/stream`, { headers: { 'x-api-key': short.key } });
  expect(stream.status).toBe(200);
  const { code, ms } = await short.stop();
  expect(code).toBe(0);
  expect(ms).toBeLessThan(10_000);
  await short.dispose();
});

/** Routes that other programs rely on (contracts, and the console). */
const PROMISED =
  `get /health|get /metrics|get /openapi.json|get /api/setup|post /api/setup|get /api/me|get /api/keys|post /api/keys|delete /api/keys/{id}
get /api/fed/projects|post /api/fed/projects|get /api/fed/projects/{slug}|delete /api/fed/projects/{slug}|get /api/fed/graph|get /api/fed/metrics/{project}
get /api/fed/alerts|get /api/fed/alerts/{id}|post /api/fed/alerts/{id}/acknowledge|post /api/fed/alerts/{id}/resolve|post /api/fed/alerts/{id}/ignore
get /api/fed/graph/blast/{slug}|get /api/fed/actions|get /api/fed/actions/{requestId}|post /api/fed/actions
get /api/fed/logs/{project}|post /api/fed/refresh|post /api/fed/events|get /ops/health|get /ops/events/recent|get /ops/events/stream|get /ops/jobs
get /api/heartbeat/{token}|post /api/heartbeat/{token}|get /api/channels|get /api/channels/{name}/deliveries|post /api/channels/{name}/test
get /api/config/status|get /api/config/export|get /api/cron/ecosystem-monitor|get /api/cron/ai-analyze`.split(/[|\n]/);

const encodeTrap = (trap: string) => (trap.includes('%') ? trap : encodeURIComponent(trap));

/** Sends bytes as they are and reads until the connection ends. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(hub.url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', () => resolve(answer));
  });
}

async function flood(methods: readonly string[], requests: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const { hostname, port } = new URL(hub.url);
  const one = (n: number) =>
    new Promise<void>((resolve) => {
      const request = httpRequest({
        agent,
        hostname,
        port,
        method: methods[n % methods.length] ?? 'GET',
        path: `/${['api', 'ops', 'x', 'api/fed/projects'][n % 4]}/${Math.random().toString(36).slice(2)}?q=${n}`,
        headers: { 'user-agent': `agent-${n}`, 'x-request-id': `request-${n}`, 'x-tenant': String(Math.random()) },
      });
      request.on('response', (response) => response.resume().on('end', resolve));
      request.on('error', () => resolve());
      request.end();
    });
  for (let n = 0; n < requests; n += 200) await Promise.all(Array.from({ length: 200 }, (_, i) => one(n + i)));
  agent.destroy();
}
