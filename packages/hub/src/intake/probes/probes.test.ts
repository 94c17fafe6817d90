import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { ProbeDeclaration } from '@orrery/protocol';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { stopwatch } from '../../../../../test/services/stopwatch.ts';
import { systemClock } from '../../platform/clock.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { bindProbe, PROBES } from './index.ts';
import type { CheckContext, Outcome } from './probe.ts';

const outbound = createOutbound({ clock: systemClock, allowPrivate: true });
const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});
afterAll(() => outbound.close());

async function web(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

const context = (more: Partial<CheckContext> = {}): CheckContext => ({
  outbound,
  clock: systemClock,
  was: 'unknown',
  logs: { cursor: null, since: null, note: null },
  memory: {},
  beat: async () => ({ agoMs: 0, beats: 1, failed: false }),
  ...more,
});

const run = (declared: Record<string, unknown>, url: string, more?: Partial<CheckContext>): Promise<Outcome> =>
  bindProbe(ProbeDeclaration.parse(declared), { slug: 'veria', hubUrl: url }).check(context(more));

const health = (status: string, more: object = {}) =>
  JSON.stringify({
    status,
    checks: { database: true },
    timestamp: new Date().toISOString(),
    version: '2.1.0',
    ...more,
  });
const json = { 'content-type': 'application/json' };

/** The declaration that makes each kind of probe look at a URL. */
const POINTED_AT = {
  http: (url: string) => ({ kind: 'http', url, timeout: '300ms' }),
  instance: (url: string) => ({ kind: 'instance', url, timeout: '300ms', metrics: false, logs: false }),
} as const;

describe.each(Object.keys(POINTED_AT) as (keyof typeof POINTED_AT)[])('every probe that asks a target (%s)', (kind) => {
  const ask = (url: string) => run(POINTED_AT[kind](url), url);

  test('is up when it answers well', async () => {
    const url = await web((_, response) => response.writeHead(200, json).end(health('healthy')));
    expect(await ask(url)).toMatchObject({ status: 'up', heard: true, latencyMs: expect.any(Number) });
  });

  test('gives up at its timeout, wherever the target hangs, and says so', async () => {
    const hanging = [
      await web(() => undefined),
      await web((_, response) => void response.writeHead(200, { 'content-length': 50 }).write('{')),
    ];
    for (const url of hanging) {
      const passed = stopwatch();
      const outcome = await ask(url);
      expect(passed()).toBeLessThan(700);
      expect(outcome).toMatchObject({ status: 'down', heard: false });
      expect(outcome.reason).toMatch(/no complete answer within 300 ms/);
    }
  });

  test('is down with the status that it saw and the one that it wanted', async () => {
    const url = await web((_, response) => response.writeHead(500).end('stack trace with a secret'));
    const outcome = await ask(url);
    expect(outcome).toMatchObject({ status: 'down', heard: true, reason: 'answered HTTP 500, expected 200–299' });
  });

  test.each([
    ['a redirect', 302],
    ['a missing page', 404],
    ['an empty service', 503],
  ])('is down on %s', async (_what, status) => {
    const url = await web((_, response) => response.writeHead(status, { location: 'http://169.254.169.254/' }).end());
    expect((await ask(url)).status).toBe('down');
  });

  test('is down when nobody listens, when the answer is cut off and when it is too large, each in its own words', async () => {
    const tcp = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"status"'));
    }).listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    cleanUp.push(() => tcp.close());
    const cut = `http://127.0.0.1:${(tcp.address() as { port: number }).port}`;
    const huge = await web((_, response) => response.writeHead(200, json).end(Buffer.alloc(2 * 1024 * 1024, 0x20)));
    const reasons = await Promise.all([ask('http://127.0.0.1:1/'), ask(cut), ask(huge)]);
    expect(reasons.map(({ status }) => status)).toEqual(['down', 'down', 'down']);
    expect(reasons[0]?.reason).toMatch(/refused/);
    expect(reasons[1]?.reason).toMatch(/before the whole answer/);
    expect(reasons[2]?.reason).toMatch(/larger than 1048576 bytes/);
  });

  test('never repeats what the target wrote, and stays short', async () => {
    const url = await web((_, response) => response.writeHead(418, json).end(`{"secret":"${'s'.repeat(5000)}"}`));
    const { reason } = await ask(url);
    expect(reason).not.toContain('sss');
    expect(reason?.length).toBeLessThan(300);
  });
});

test('the family has exactly the kinds that may be declared', () => {
  expect(Object.keys(PROBES).sort()).toEqual(ProbeDeclaration.options.map((o) => o.shape.kind.value).sort());
});

describe('http', () => {
  const BODY = '{"data":{"queue":{"depth":7},"items":[{"ok":true}]},"__proto__":{"x":1}}';
  const server = () => web((_, response) => response.writeHead(200, json).end(BODY));
  test.each([
    [{ keyword: 'depth' }, 'up', undefined],
    [{ keyword: 'nirvana' }, 'down', `the body (${BODY.length} bytes) lacks the keyword "nirvana"`],
    [{ json: { path: 'data.queue.depth', equals: 7 } }, 'up', undefined],
    [{ json: { path: 'data.items[0].ok', equals: true } }, 'up', undefined],
    [{ json: { path: 'data.queue.depth', equals: 0 } }, 'down', 'data.queue.depth is 7, expected 0'],
    [{ json: { path: 'data.queue.depth', equals: '7' } }, 'down', 'data.queue.depth is 7, expected "7"'],
    [{ json: { path: 'data.queue', equals: 7 } }, 'down', 'data.queue is an object, expected 7'],
    [{ json: { path: 'data.gone', equals: 7 } }, 'down', 'the JSON has no data.gone, expected 7'],
    [
      { json: { path: 'constructor.name', equals: 'Object' } },
      'down',
      'the JSON has no constructor.name, expected "Object"',
    ],
    [{ status: [201] }, 'down', 'answered HTTP 200, expected 201'],
    [{ status: [200, 204] }, 'up', undefined],
  ])('%j is %s', async (conditions, status, reason) => {
    const url = await server();
    const outcome = await run({ kind: 'http', url, ...conditions }, url);
    expect([outcome.status, outcome.reason]).toEqual([status, reason]);
  });

  test('a body that is no JSON where a value is expected is down', async () => {
    const url = await web((_, response) => response.end('<html>'));
    const outcome = await run({ kind: 'http', url, json: { path: 'a', equals: 1 } }, url);
    expect(outcome).toMatchObject({ status: 'down', reason: 'the body (6 bytes) is no valid JSON, expected a in it' });
  });

  test('an answer slower than its limit is degraded, with both figures', async () => {
    const url = await web((_, response) => setTimeout(() => response.end(), 80));
    const outcome = await run({ kind: 'http', url, slowAfter: '20ms' }, url);
    expect(outcome.status).toBe('degraded');
    expect(outcome.reason).toMatch(/^answered in \d+ ms, slower than 20 ms$/);
  });

  test('shows its target without user, password and query values', () => {
    const bound = bindProbe(ProbeDeclaration.parse({ kind: 'http', url: 'http://ada:pw@h.example/x?token=t0p' }), {
      slug: 'v',
      hubUrl: 'http://h',
    });
    expect(bound.target).toBe('http://***@h.example/x?token=***');
  });
});

describe('instance', () => {
  const only = { kind: 'instance', metrics: false, logs: false };
  test.each([
    [
      'ours, degraded',
      200,
      health('degraded', { checks: { database: { ok: false, detail: 'slow' }, cache: true } }),
      'degraded',
      'says it is degraded: database (slow) failed',
    ],
    [
      'ours, unhealthy',
      503,
      health('unhealthy', { checks: { database: false } }),
      'down',
      'says it is unhealthy: database failed',
    ],
    ['ours, unhealthy with a 200', 200, health('unhealthy'), 'down', 'says it is unhealthy'],
    [
      'healthy with a 500',
      500,
      health('healthy'),
      'down',
      'answered HTTP 500, expected 200–299, and says it is healthy',
    ],
    [
      'a word that nobody knows',
      200,
      health('wobbly'),
      'degraded',
      'says its status is "wobbly", which is no known word',
    ],
    ['an object that says nothing of its status', 200, '{"uptime":5}', 'up', undefined],
    ['the word of another framework', 200, '{"status":"UP"}', 'up', undefined],
    [
      'no valid JSON',
      200,
      '{"status": healthy',
      'down',
      'answered HTTP 200 with no valid JSON (18 bytes), expected a health report',
    ],
    [
      'NaN inside',
      200,
      '{"status":"healthy","load":NaN}',
      'down',
      'answered HTTP 200 with no valid JSON (31 bytes), expected a health report',
    ],
    ['a list', 200, '[]', 'down', 'answered HTTP 200 with JSON that is no object (2 bytes), expected a health report'],
    [
      '200,000 levels',
      200,
      '['.repeat(200_000) + ']'.repeat(200_000),
      'down',
      'answered HTTP 200 with no valid JSON (400000 bytes), expected a health report',
    ],
  ])('%s', async (_what, code, body, status, reason) => {
    const url = await web((_, response) => response.writeHead(code, json).end(body));
    const outcome = await run(only, url);
    expect([outcome.status, outcome.reason]).toEqual([status, reason]);
  });

  test('a bare 2xx without JSON is up', async () => {
    const url = await web((_, response) => response.end('OK'));
    expect(await run(only, url)).toMatchObject({ status: 'up' });
  });

  test('application/health+json is understood, with its lists of measurements', async () => {
    const body = {
      status: 'warn',
      version: '3',
      checks: {
        'db:latency': [{ status: 'pass' }, { status: 'fail', output: 'no route' }],
        disk: [{ status: 'warn' }],
      },
    };
    const url = await web((_, response) =>
      response.writeHead(200, { 'content-type': 'application/health+json' }).end(JSON.stringify(body)),
    );
    expect(await run(only, url)).toMatchObject({
      status: 'degraded',
      reason: 'says it is warn: db:latency (no route) failed',
      checks: { 'db:latency': { ok: false, detail: 'no route' }, disk: { ok: true } },
      version: '3',
    });
  });

  test('traps among the names of checks change nothing but themselves', async () => {
    const url = await web((_, response) =>
      response
        .writeHead(200, json)
        .end(
          '{"status":"healthy","checks":{"__proto__":{"ok":true,"polluted":1},"constructor":true,"toString":true,"db":true}}',
        ),
    );
    const { checks } = await run(only, url);
    expect(Object.keys(checks ?? {})).toEqual(['toString', 'db']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  function product(routes: Record<string, (query: URLSearchParams, key: string | undefined) => [number, unknown]>) {
    return web((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
      const [status, body] = routes[pathname]?.(searchParams, request.headers['x-api-key'] as string) ?? [404, {}];
      response.writeHead(status, json).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }
  const healthy = { '/api/health': (): [number, unknown] => [200, health('healthy')] };

  test('metrics are read with the key; what is no value is counted, and never becomes a number', async () => {
    const url = await product({
      ...healthy,
      '/api/metrics': (_, key) => [
        key === 'k' ? 200 : 401,
        '{"metrics":{"a":1,"b":"text","big":1e999,"c":null,"d":{},"e":[1],"f":"a\\u0000b"}}',
      ],
    });
    const outcome = await run({ ...only, metrics: true }, url, { apiKey: 'k' });
    expect(outcome.samples).toEqual([
      { key: 'a', value: 1 },
      { key: 'b', value: 'text' },
      { key: 'big', value: Number.POSITIVE_INFINITY },
    ]);
    expect(outcome.refused).toEqual({ bad_shape: 4 });
  });

  test.each([
    ['a key that is refused', 401, '{}', /refused the project's apiKey/],
    ['broken JSON', 200, '{"metrics":', /no valid JSON/],
    ['another shape', 200, '[1]', /no object "metrics"/],
    ['an error', 500, '', /HTTP 500/],
  ])('%s on the metrics route is shown and leaves the health as it is', async (_what, status, body, detail) => {
    const url = await product({ ...healthy, '/api/metrics': () => [status, body] });
    const outcome = await run({ ...only, metrics: true }, url, { apiKey: 'k' });
    expect(outcome).toMatchObject({
      status: 'up',
      checks: { 'metrics route': { ok: false, detail: expect.stringMatching(detail) } },
    });
    expect(outcome.samples).toBeUndefined();
  });

  test('an instance without metrics, logs and manifest is simply up', async () => {
    const outcome = await run({ kind: 'instance' }, await product(healthy));
    expect(outcome).toMatchObject({ status: 'up', checks: { database: { ok: true } } });
    expect(Object.keys(outcome.checks ?? {})).toEqual(['database']);
  });

  test('the manifest is asked for at first, and not again while nothing changes', async () => {
    let asked = 0;
    const url = await product({
      ...healthy,
      '/api/capabilities': () => [200, { project: 'veria', version: String(++asked), tools: ['x'] }],
    });
    const memory = {};
    expect((await run(only, url, { memory })).capabilities).toMatchObject({ project: 'veria', tools: ['x'] });
    expect((await run(only, url, { memory })).capabilities).toBeUndefined();
    expect(asked).toBe(1);
  });

  test('logs are read from where the last check ended, page by page, each line within limits', async () => {
    const lines = Array.from({ length: 1200 }, (_, i) => ({
      at: new Date(1_700_000_000_000 + i).toISOString(),
      level: i % 2 ? 'error' : 'info',
      message: `line ${i}`,
      fields: { i },
    }));
    lines[0] = { at: 'yesterday', level: 'WARNING', message: 'm'.repeat(10_000), fields: { i: 0 } };
    const url = await product({
      ...healthy,
      '/api/logs': (query) => {
        const from = Number(query.get('cursor') ?? 0);
        const page = lines.slice(from, from + Number(query.get('limit')));
        return [200, { entries: page, ...(page.length > 0 ? { nextCursor: String(from + page.length) } : {}) }];
      },
    });
    const first = await run({ ...only, logs: true }, url);
    expect(first.logs?.entries).toHaveLength(1200);
    expect(first.logs?.entries[0]).toMatchObject({ level: 2, message: `${'m'.repeat(4096)}…` });
    expect(first.logs?.position).toMatchObject({ cursor: '1200', note: null });
    lines.push({ at: new Date().toISOString(), level: 'fatal', message: 'the end', fields: { i: 1200 } });
    const second = await run({ ...only, logs: true }, url, {
      logs: first.logs?.position ?? { cursor: null, since: null, note: null },
    });
    expect(second.logs?.entries.map(({ message }) => message)).toEqual(['the end']);
  });

  test('logs without cursors are read by time, and no line twice', async () => {
    const lines = [1, 2, 3].map((i) => ({
      at: new Date(1_700_000_000_000 + i).toISOString(),
      level: 'info',
      message: `line ${i}`,
    }));
    const url = await product({
      ...healthy,
      '/api/logs': (query) => [200, { entries: lines.filter(({ at }) => at >= (query.get('since') ?? '')) }],
    });
    const first = await run({ ...only, logs: true }, url);
    expect(first.logs?.entries).toHaveLength(3);
    const position = first.logs?.position ?? { cursor: null, since: null, note: null };
    expect((await run({ ...only, logs: true }, url, { logs: position })).logs?.entries).toHaveLength(0);
  });

  test('a line of the year 2099 hides none of those after it', async () => {
    const lines = [{ at: '2099-01-01T00:00:00Z', level: 'info', message: 'of the future' }];
    const url = await product({
      ...healthy,
      '/api/logs': (query) => [200, { entries: lines.filter(({ at }) => at >= (query.get('since') ?? '')) }],
    });
    let now = Date.parse('2026-11-20T12:00:00Z');
    const clock = { ...systemClock, now: () => now };
    const heard: string[] = [];
    const read = async (logs: CheckContext['logs'], message: string) => {
      now += 60_000;
      lines.push({ at: new Date(now).toISOString(), level: 'info', message });
      const outcome = await run({ ...only, logs: true }, url, { logs, clock });
      heard.push(...(outcome.logs?.entries.map((entry) => entry.message) ?? []));
      return outcome.logs?.position ?? logs;
    };
    const first = await read({ cursor: null, since: null, note: null }, 'one');
    await read(await read(first, 'two'), 'three');
    expect(heard).toEqual(['of the future', 'one', 'two', 'three']);
    // What such a line has moved is put right.
    const moved = await read({ cursor: null, since: Date.parse('2099-01-01'), note: null }, 'four');
    expect(moved.since).toBeLessThanOrEqual(now);
  });

  test('of a page that holds more than anybody asked for, the newest lines are kept', async () => {
    const entries = Array.from({ length: 40_000 }, (_, i) => ({ message: `m${i}` }));
    const url = await product({ ...healthy, '/api/logs': () => [200, { entries }] });
    const { logs } = await run({ ...only, logs: true }, url);
    expect(logs?.entries).toHaveLength(2000);
    expect(logs?.entries.at(-1)?.message).toBe('m39999');
  });

  test('a log that cannot be read keeps its place and says why', async () => {
    const url = await product({ ...healthy, '/api/logs': () => [401, {}] });
    const logs = { cursor: null, since: 5, note: null };
    const outcome = await run({ ...only, logs: true }, url, { logs });
    expect(outcome.logs?.position).toMatchObject({ since: 5, note: expect.stringContaining('asks for a key') });
  });
});

describe('heartbeat', () => {
  const MINUTE = 60_000;
  const declared = { kind: 'heartbeat', interval: '10m', grace: '1m' };
  const beat = (agoMs: number, more = {}) => ({ beat: async () => ({ agoMs, beats: 3, failed: false, ...more }) });
  test.each([
    ['on time', beat(5 * MINUTE), 'up', undefined],
    ['late but within its grace', beat(10.5 * MINUTE), 'up', undefined],
    ['missing', beat(12 * MINUTE), 'down', 'the last call came 12m ago; one every 10m was promised (1m of grace)'],
    ['never called, but still in time', beat(5 * MINUTE, { beats: 0 }), 'up', undefined],
    [
      'never called at all',
      beat(12 * MINUTE, { beats: 0 }),
      'down',
      'no call has come in 12m; one every 10m was promised',
    ],
    ['failed', beat(30_000, { failed: true }), 'down', 'the job reported a failure 30s ago'],
  ])('%s', async (_what, more, status, reason) => {
    const outcome = await run(declared, 'http://x', more);
    expect([outcome.status, outcome.reason]).toEqual([status, reason]);
  });

  test.each([
    ['fell due while the hub was away', 15, { from: 6, to: 3 }, 'up'],
    ['fell due while the hub was away, and so did the one after', 30, { from: 21, to: 12 }, 'down'],
    ['was missing before the hub went', 30, { from: 6, to: 3 }, 'down'],
    ['fell due after the hub came back', 12, { from: 9, to: 8 }, 'down'],
  ])('a beat that %s', async (_what, ago, away, status) => {
    const absence = { fromAgoMs: away.from * MINUTE, toAgoMs: away.to * MINUTE };
    expect((await run(declared, 'http://x', { ...beat(ago * MINUTE), away: absence, was: 'up' })).status).toBe(status);
  });

  test('a job that was missing stays missing over an absence of the hub', async () => {
    const away = { fromAgoMs: 20 * MINUTE, toAgoMs: 1 * MINUTE };
    expect((await run(declared, 'http://x', { ...beat(15 * MINUTE), away, was: 'down' })).status).toBe('down');
  });
});
