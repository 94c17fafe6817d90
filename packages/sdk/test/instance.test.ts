import { Capabilities, Health, Metrics } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { until } from '../../../test/services/until.ts';
import { createInstance, type Instance, type InstanceOptions } from '../src/index.ts';

const KEY = 'the-key';
const create = (options: Partial<InstanceOptions> = {}): Instance =>
  createInstance({ project: 'veria', name: 'Veria', version: '1.0.0', apiKey: [KEY, 'the-next-key'], ...options });

async function get(instance: Instance, path: string, headers: Record<string, string> = { 'x-api-key': KEY }) {
  const response = await instance.handle(new Request(`http://product${path}`, { headers }));
  if (!response) throw new Error(`${path} is not answered`);
  const body = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(body) : body };
}

describe('createInstance', () => {
  it('names every mistake in its options at once', () => {
    const wrong = () =>
      createInstance({
        project: 'Not A Slug',
        version: '',
        hubUrl: 'ftp://x',
        meshKey: 'short',
        basePath: 'api',
        checkTimeoutMs: 0,
        hub: { url: 'nowhere', key: '', instanceId: 'a b' },
      });
    expect(wrong).toThrow(TypeError);
    for (const field of [
      'project',
      'version',
      'hubUrl',
      'meshKey',
      'basePath',
      'checkTimeoutMs',
      'hub.url',
      'hub.key',
      'hub.instanceId',
    ])
      expect(wrong).toThrow(field);
  });

  it.each([
    ['hub.key', { url: 'http://127.0.0.1:1', key: undefined }],
    ['hub.url', { url: undefined, key: 'k' }],
  ])('names %s when its variable is not set, instead of sending the word "undefined" for ever', (field, hub) => {
    expect(() => create({ hub })).toThrow(`createInstance: ${field} `);
  });

  it('leaves every other request to the product', async () => {
    const instance = create({ basePath: '/internal/orrery/' });
    for (const path of [
      '/',
      '/api/health',
      '/internal/orrery',
      '/internal/orrery/',
      '/internal/orrery/healthy',
      '/internal/orrery/health/',
      '/internal/orrery/actions/a/b',
      '/internal/orrery/actions/',
      '/internal/orrery/toString',
    ])
      expect([path, await instance.handle(new Request(`http://product${path}`))]).toEqual([path, undefined]);
    expect((await get(instance, '/internal/orrery/health')).status).toBe(200);
  });

  it('describes itself', async () => {
    const instance = create({
      tools: ['search'],
      events: ['a.b'],
      endpoints: { docs: '/docs' },
      actions: { go: () => 1 },
    });
    const { body } = await get(instance, '/api/capabilities', {});
    expect(Capabilities.parse(body)).toEqual({
      project: 'veria',
      name: 'Veria',
      version: '1.0.0',
      tools: ['search'],
      events: ['a.b'],
      actions: ['go'],
      endpoints: {
        health: '/api/health',
        metrics: '/api/metrics',
        logs: '/api/logs',
        actions: '/api/actions',
        docs: '/docs',
      },
    });
  });

  it('closes the keyed routes to a missing, wrong, empty or almost right key, and to everybody without one', async () => {
    const open = create();
    const closed = createInstance({ project: 'veria', version: '1' });
    for (const path of ['/api/metrics', '/api/logs', '/api/actions/some-run']) {
      for (const headers of [
        {},
        { 'x-api-key': '' },
        { 'x-api-key': 'the-ke' },
        { 'x-api-key': 'the-key ' + 'x' },
        { 'x-api-key': 'é' },
      ])
        expect((await get(open, path, headers as Record<string, string>)).status).toBe(401);
      expect((await get(closed, path, { 'x-api-key': KEY })).status).toBe(401);
      expect((await get(open, path, { 'x-api-key': 'the-next-key' })).status).not.toBe(401);
    }
    const { body, headers } = await get(open, '/api/metrics', {});
    expect(body).toMatchObject({
      error: 'Unauthorized',
      status: 401,
      title: expect.any(String),
      type: expect.any(String),
      detail: expect.any(String),
    });
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('a failure inside', () => {
  it('is a 500 problem and a line in the log, not an exception in the product', async () => {
    const instance = create({
      actionStore: {
        claim: () => {
          throw new Error('disk full');
        },
        update: () => {},
        get: () => {
          throw new Error('disk full');
        },
      },
    });
    expect(await get(instance, '/api/actions/some-run')).toMatchObject({ status: 500, body: { error: 'internal' } });
    expect((await get(instance, '/api/logs')).body.entries).toMatchObject([
      { level: 'error', fields: { error: { message: 'disk full' } } },
    ]);
  });
});

describe('health', () => {
  it('runs the checks at the same time, each within its limit, however they fail', async () => {
    let aborted = false;
    const instance = create({
      checkTimeoutMs: 80,
      checks: {
        fine: () => true,
        slow: () => new Promise((resolve) => setTimeout(resolve, 60, { ok: true, detail: 'took a while' })),
        hangs: (signal) => {
          signal.addEventListener('abort', () => {
            aborted = true;
          });
          return new Promise(() => {});
        },
        throws: () => {
          throw new Error('no route to postgres://app:hunter2@db/shop');
        },
        rejects: async () => Promise.reject('gone'),
        odd: () => 'yes' as unknown as boolean,
      },
    });
    const started = performance.now();
    const { status, body } = await get(instance, '/api/health');
    expect(performance.now() - started).toBeLessThan(400);
    expect(status).toBe(200);
    expect(Health.parse(body)).toMatchObject({
      status: 'degraded',
      checks: {
        fine: { ok: true, latencyMs: expect.any(Number) },
        slow: { ok: true, detail: 'took a while' },
        hangs: { ok: false, detail: 'timed out after 80 ms' },
        throws: { ok: false, detail: 'no route to postgres://[redacted]@db/shop' },
        rejects: { ok: false, detail: 'gone' },
        odd: { ok: false },
      },
    });
    expect(aborted).toBe(true);
  });

  it('tells strangers which checks fail, and nothing else', async () => {
    const instance = create({
      checks: { database: () => ({ ok: false, detail: 'secret reason' }), queue: () => true },
    });
    for (const headers of [{}, { 'x-api-key': 'wrong' }]) {
      const { body } = await get(instance, '/api/health', headers as Record<string, string>);
      expect(body).toEqual({
        status: 'degraded',
        checks: { database: false, queue: true },
        timestamp: expect.any(String),
        version: '1.0.0',
      });
    }
  });

  it('is unhealthy, with 503, only when a critical check fails', async () => {
    let up = false;
    const instance = create({ reuseMs: 0, checks: { database: { run: () => up, critical: true }, mail: () => false } });
    expect(await get(instance, '/api/health', {})).toMatchObject({ status: 503, body: { status: 'unhealthy' } });
    up = true;
    expect(await get(instance, '/api/health', {})).toMatchObject({ status: 200, body: { status: 'degraded' } });
    expect(await get(create(), '/api/health', {})).toMatchObject({
      status: 200,
      body: { status: 'healthy', checks: {} },
    });
  });

  it('runs once for a stampede, and once more after a moment', async () => {
    let runs = 0;
    const instance = create({ reuseMs: 50, checks: { counted: async () => ++runs > 0 } });
    await Promise.all(Array.from({ length: 500 }, () => get(instance, '/api/health')));
    expect(runs).toBe(1);
    await until(async () => (await get(instance, '/api/health')).status === 200 && runs === 2, {
      timeoutMs: 2000,
      what: 'a second run',
    });
  });

  it('does not start a check again that still hangs', async () => {
    let runs = 0;
    const instance = create({
      reuseMs: 0,
      checks: {
        hangs: {
          run: () => {
            runs++;
            return new Promise(() => {});
          },
          timeoutMs: 30,
        },
      },
    });
    for (let i = 0; i < 5; i++) await get(instance, '/api/health');
    expect(runs).toBe(1);
    expect((await get(instance, '/api/health')).body.checks.hangs.detail).toMatch(/still hanging/);
  });
});

describe('metrics', () => {
  const sources = {
    revenue_24h: async () => 1234.5,
    plan: () => 'gold "x"\n',
    nan: () => Number.NaN,
    infinite: () => Number.POSITIVE_INFINITY,
    failing: () => {
      throw new Error('no');
    },
    hanging: () => new Promise<number>(() => {}),
    object: () => ({}) as unknown as number,
    '1 bad key': () => 1,
  };

  it('gives what is finite and leaves out what fails, hangs or is no value: never a 0 in its place', async () => {
    const { body } = await get(create({ metrics: sources, checkTimeoutMs: 50 }), '/api/metrics');
    const { site_key, metrics } = Metrics.parse(body);
    expect(site_key).toBe('veria');
    expect(metrics).toMatchObject({
      revenue_24h: 1234.5,
      plan: 'gold "x"\n',
      'performance.requests': 0,
      'performance.error_rate': 0,
      'db.queries': 0,
    });
    expect(metrics['process.rss_bytes']).toBeGreaterThan(1_000_000);
    expect(metrics['process.memory_percent']).toBeGreaterThan(0);
    expect(metrics['process.memory_percent']).toBeLessThanOrEqual(100);
    for (const key of ['nan', 'infinite', 'failing', 'hanging', 'object', '1 bad key', 'performance.latency_p95_ms'])
      expect(metrics).not.toHaveProperty([key]);
  });

  it.each([
    ['a source', (source: () => Promise<number>) => ({ slow: source })],
    ['the one function', (source: () => Promise<number>) => async () => ({ slow: await source() })],
  ])('does not start %s again while it is under way, and takes its value once it comes', async (_, sourcesOf) => {
    let runs = 0;
    let answer = (_value: number): void => undefined;
    const source = () => {
      runs++;
      return new Promise<number>((resolve) => {
        answer = resolve;
      });
    };
    const instance = create({ metrics: sourcesOf(source), checkTimeoutMs: 50, reuseMs: 0 });
    for (let i = 0; i < 3; i++) expect((await instance.metrics()).metrics).not.toHaveProperty('slow');
    expect(runs).toBe(1);
    const next = instance.metrics();
    answer(7);
    expect((await next).metrics).toMatchObject({ slow: 7 });
    const after = instance.metrics();
    answer(8);
    expect((await after).metrics).toMatchObject({ slow: 8 });
    expect(runs).toBe(2);
  });

  it('starts a source again that hangs for more than ten times its limit', async () => {
    let runs = 0;
    const source = () => {
      runs++;
      return runs === 1 ? new Promise<number>(() => {}) : 5;
    };
    const instance = create({ metrics: { source }, checkTimeoutMs: 10, reuseMs: 0 });
    await until(async () => 'source' in (await instance.metrics()).metrics, { what: 'a fresh start' });
    expect(runs).toBeGreaterThanOrEqual(2);
  });

  it('takes one function for all of them', async () => {
    const instance = create({ metrics: async () => ({ a: 1, b: 'x' }), processMetrics: false });
    expect((await get(instance, '/api/metrics')).body.metrics).toMatchObject({ a: 1, b: 'x' });
    const broken = create({ metrics: () => null as unknown as Record<string, number> });
    expect((await get(broken, '/api/metrics')).status).toBe(200);
  });

  it('speaks the Prometheus text format to whoever asks for text and not for JSON', async () => {
    const instance = create({ metrics: sources, checkTimeoutMs: 50 });
    const scrape = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1';
    const { headers, body } = await get(instance, '/api/metrics', { 'x-api-key': KEY, accept: scrape });
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(body).toContain('# TYPE revenue_24h gauge\nrevenue_24h{project="veria"} 1234.5\n');
    expect(body).toContain('plan_info{project="veria",value="gold \\"x\\"\\n"} 1\n');
    expect(body).toContain('performance_requests{project="veria"} 0\n');
    for (const line of body.trimEnd().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|[a-z_]\w*\{.*\} -?[\d.e+-]+)$/);
    for (const accept of ['*/*', 'application/json, text/plain, */*', 'text/html'])
      expect((await get(instance, '/api/metrics', { 'x-api-key': KEY, accept })).headers.get('content-type')).toContain(
        'json',
      );
  });

  it('reports the requests and queries of the window', async () => {
    const instance = create();
    for (let i = 1; i <= 100; i++)
      instance.tracer.record({ method: 'GET', route: '/a', status: i <= 5 ? 503 : 200, durationMs: i, bytes: 10 });
    instance.queries.wrap('select 1', () => [1, 2, 3]);
    const { metrics } = (await get(instance, '/api/metrics')).body;
    expect(metrics).toMatchObject({
      'performance.requests': 100,
      'performance.error_rate': 5,
      'performance.response_bytes': 1000,
      'db.queries': 1,
      'db.rows': 3,
      'db.errors': 0,
    });
    expect(metrics['performance.latency_p50_ms']).toBeCloseTo(50, -0.5);
    expect(metrics['performance.latency_p99_ms']).toBeGreaterThan(96);
  });
});
