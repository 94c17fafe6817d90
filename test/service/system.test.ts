import {
  Agents,
  type Alert,
  type ProjectDetail,
  SystemDashboard,
  SystemFailure,
  SystemHealth,
  SystemHealthDetailed,
  SystemMetrics,
} from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type RunningHub, startHub } from '../services/hub.ts';
import { addPerson, makeKey, signedIn } from '../services/people.ts';
import { until } from '../services/until.ts';

const META = 'mk-5f1a0c9be27d4836a1f04c77';
const CRON = 'cs-90b7e1d24ac6f3585b1e7d02';
const INGEST = 'ik-veria-5d07f2c9b1a84e36';
const YAML = `
network: { allowPrivate: true }
agents: { learning: { enabled: false } }
tenants: [{ id: acme }]
projects:
  - slug: veria
    name: Veria.io
    hubUrl: http://127.0.0.1:1
    tenant: acme
    apiKey: ${INGEST}
    services: [{ name: api, probes: [{ kind: http, url: "http://127.0.0.1:1/", interval: 1s }] }]
  - { slug: quiet, name: Quiet, hubUrl: "http://127.0.0.1:1" }
`;
const items = z.object({ items: z.array(z.unknown()) });
const READS = {
  health: SystemHealth,
  'health/detailed': SystemHealthDetailed,
  dashboard: SystemDashboard,
  agents: Agents,
  alerts: items,
  metrics: SystemMetrics,
  'metrics?platform=veria': SystemMetrics,
  repairs: items,
  patterns: items,
  predictions: items,
  security: items,
} as const satisfies Record<string, z.ZodType>;
const NAMES = ['Monitor', 'Diagnostic', 'Repair', 'Learning', 'Predictive', 'Security', 'Performance'];

let hub: RunningHub;
beforeAll(async () => {
  hub = await startHub({ yaml: YAML, env: { ORRERY_META_API_KEY: META, CRON_SECRET: CRON } });
});
afterAll(() => hub?.dispose());

async function ask(method: string, path: string, headers: Record<string, string> = { 'x-api-key': hub.key }) {
  const answer = await fetch(`${hub.url}/admin/system/${path}`, { method, headers });
  return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.json() };
}
async function data<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T>> {
  const { body } = await ask('GET', path);
  return schema.parse(z.strictObject({ success: z.literal(true), data: z.unknown() }).parse(body).data);
}

describe('the environment', () => {
  it('makes projects, and limits that hold where none is declared, shown with where they come from, and that raise alerts', async () => {
    const limited = await startHub({
      yaml: YAML,
      env: { API_RESPONSE_THRESHOLD_MS: '500', CPU_THRESHOLD_PERCENT: '80', VIDEOSITE_URL: 'http://127.0.0.1:2' },
    });
    try {
      expect(await limited.api.read('/api/fed/projects/videosite-io')).toMatchObject({
        ...{ name: 'videosite.io', declaredIn: { source: 'file', ref: 'environment VIDEOSITE_URL' } },
      });
      const detail = await limited.api.read<ProjectDetail>('/api/fed/projects/veria');
      expect(detail.thresholds.map(({ metric, declaredIn }) => [metric, declaredIn])).toEqual([
        ['performance.latency_p95_ms', 'environment API_RESPONSE_THRESHOLD_MS'],
        ['process.cpu_percent', 'environment CPU_THRESHOLD_PERCENT'],
      ]);
      const sent = await fetch(`${limited.url}/api/fed/events`, {
        method: 'POST',
        headers: { 'x-api-key': INGEST, 'content-type': 'application/cloudevents+json' },
        body: JSON.stringify({
          ...{ specversion: '1.0', id: '1', source: 'veria', type: 'metrics.samples' },
          data: { projectSlug: 'veria', samples: [{ key: 'performance.latency_p95_ms', value: 501, unit: 'ms' }] },
        }),
      });
      expect(sent.status).toBeLessThan(300);
      const alerts = () => limited.api.read<{ items: Alert[] }>('/api/fed/alerts?project=veria');
      await until(async () => (await alerts()).items.some(({ title }) => title.includes('latency_p95_ms')), {
        what: 'the alert opens',
      });
    } finally {
      await limited.dispose();
    }
  });
});

describe('/admin/system', () => {
  it('tells staff everything in its envelope, and everybody else nothing in the other', async () => {
    const key = async (role: 'viewer' | 'agent' | 'operator' | 'admin', more = {}) => ({
      'x-api-key': await makeKey(hub, role, more),
    });
    const cookie = async (email: string, role: 'viewer' | 'operator' | 'admin', tenant?: string) => {
      await addPerson(hub, { email, name: email, role, ...(tenant === undefined ? {} : { tenant }) });
      return { cookie: await signedIn(hub, email), origin: hub.url };
    };
    const admin = await key('admin');
    const callers: [name: string, headers: Record<string, string>, reads: number, restarts: number][] = [
      ['nobody', {}, 401, 401],
      ['a wrong key', { 'x-api-key': 'ork_wrong' }, 401, 401],
      ['a viewer', await key('viewer'), 403, 403],
      ['an agent', await key('agent'), 403, 403],
      ['an operator', await key('operator'), 200, 200],
      ['an admin', admin, 200, 200],
      ['an admin by bearer', { authorization: `Bearer ${admin['x-api-key']}` }, 200, 200],
      ['an admin, signed in', await cookie('ad@example.test', 'admin'), 200, 200],
      ['a viewer, signed in', await cookie('vi@example.test', 'viewer'), 403, 403],
      ["a tenant's admin", await key('admin', { tenant: 'acme' }), 403, 403],
      ["a tenant's admin, signed in", await cookie('ta@example.test', 'admin', 'acme'), 403, 403],
      ['an operator limited to a project', await key('operator', { projects: ['veria'] }), 403, 403],
      ['the meta key', { 'x-api-key': META }, 200, 403],
      ["a project's own key", { 'x-api-key': INGEST }, 403, 403],
      ['the scheduler', { authorization: `Bearer ${CRON}` }, 403, 403],
    ];
    const wrong: string[] = [];
    for (const [name, headers, reads, restarts] of callers) {
      const calls: [string, string, number, z.ZodType][] = [
        ...Object.entries(READS).map(([path, schema]): [string, string, number, z.ZodType] => [
          'GET',
          path,
          reads,
          schema,
        ]),
        ['POST', 'agents/monitor/restart', restarts, z.object({ running: z.boolean(), restarts: z.int() })],
      ];
      for (const [method, path, status, schema] of calls) {
        const answer = await ask(method, path, headers);
        const envelope = status === 200 ? z.strictObject({ success: z.literal(true), data: schema }) : SystemFailure;
        const read = envelope.safeParse(answer.body);
        if (answer.status !== status || !read.success || !answer.type?.startsWith('application/json'))
          wrong.push(`${name}: ${method} ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('says what is wrong in its envelope too', async () => {
    const cases: [string, string, number, RegExp][] = [
      ['GET', 'metrics?platform=nowhere', 404, /No platform "nowhere"/],
      ['GET', 'metrics?platfrom=veria', 400, /platfrom/],
      ['GET', 'alerts?limit=0', 400, /limit/],
      ['GET', 'nothing', 404, /No such route/],
      ['POST', 'health', 405, /answers GET only/],
      ['GET', 'agents/Monitor/restart', 405, /answers POST only/],
      ['POST', 'agents/nobody/restart', 404, /Monitor, Diagnostic/],
      ['POST', 'agents/Learning/restart', 409, /switched off/],
      ['GET', 'health%2fx', 404, /No such route/],
    ];
    for (const [method, path, status, error] of cases) {
      const answer = await ask(method, path);
      expect(answer, `${method} ${path}`).toMatchObject({
        status,
        body: { success: false, error: expect.stringMatching(error) },
      });
      expect(SystemFailure.parse(answer.body).status).toBe(status);
    }
    const page = await fetch(`${hub.url}/admin/system`, { headers: { 'x-api-key': hub.key } });
    expect(page.status).toBe(404);
    expect(SystemFailure.parse(await page.json())).toMatchObject({ success: false });
  });

  it('has the seven by name: those without a job, those that are off, and what they are for', async () => {
    await until(async () => (await data('agents', Agents)).Monitor.runs > 0, { what: 'Monitor has run' });
    const agents = await data('agents', Agents);
    expect(Object.keys(agents)).toEqual(NAMES);
    expect(agents.Monitor).toMatchObject({ running: true, enabled: true, state: 'well' });
    expect(Date.parse(agents.Monitor.lastRunAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
    expect(agents.Learning).toMatchObject({ running: false, enabled: false, state: 'off', runs: 0, lastRunAt: null });
    expect(agents.Learning.reason).toContain('agents.learning.enabled');
    expect(agents.Repair.reason).toContain('ENABLE_SELF_HEALING');
    for (const agent of Object.values(agents)) {
      expect(agent.does).toMatch(/^[A-Z].+\.$/);
      if (agent.jobs.length === 0) expect(agent).toMatchObject({ runs: 0, running: false });
    }
  });

  it('names how the hub and each platform are: down, and never heard of', async () => {
    await until(async () => (await data('health', SystemHealth)).health.platforms.veria !== 'unknown', {
      what: 'the probe has failed',
    });
    const before = await data('health', SystemHealth);
    expect(before).toMatchObject({ system: { status: 'running', version: expect.any(String) } });
    expect(before.health.platforms.quiet).toBe('unknown');
    const detailed = await data('health/detailed', SystemHealthDetailed);
    expect(detailed.services).toMatchObject([{ project: 'veria', service: 'api', status: 'down' }]);
    expect(detailed.hub).toMatchObject({ leader: true, hubs: 1, database: { kind: 'sqlite' } });
    const { system } = await data('health', SystemHealth);
    expect(system.uptime).toBeGreaterThan(before.system.uptime);
    expect(system.uptime).toBeLessThan(600_000);
  });

  it('tells metrics of every platform, and all of one by its slug or its name', async () => {
    const sent = await fetch(`${hub.url}/api/fed/events`, {
      method: 'POST',
      headers: { 'x-api-key': INGEST, 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({
        specversion: '1.0',
        ...{ id: '1', source: 'veria', type: 'metrics.samples' },
        data: {
          projectSlug: 'veria',
          samples: [
            { key: 'performance.latency_p95_ms', value: 250, unit: 'ms' },
            { key: 'orders.open', value: 7 },
            { key: 'performance.requests', value: 3, tags: { platform: 'tackle.io' } },
            { key: 'performance.requests', value: 4, tags: { platform: 'a%b' } },
          ],
        },
      }),
    });
    expect(sent.status).toBeLessThan(300);
    const keys = async (query: string) =>
      (await data(`metrics${query}`, SystemMetrics)).metrics.map(({ platform, metric }) => `${platform} ${metric}`);
    await until(async () => (await keys('')).includes('veria performance.latency_p95_ms'), { what: 'it is stored' });
    expect(await keys('')).not.toContain('veria orders.open');
    for (const name of ['veria', 'Veria.io', 'veria.IO'])
      expect(await keys(`?platform=${name}`)).toContain('veria orders.open');
    expect(await keys('?platform=quiet')).toEqual([]);
    expect(await keys('?platform=Tackle.io')).toEqual(['tackle.io performance.requests']);
    expect(await keys('?platform=leadsite.ai')).toEqual([]);
    expect(await keys('?platform=a%25b')).toEqual(['a%b performance.requests']);
    expect((await ask('GET', 'metrics?platform=a_b')).status).toBe(404);
  });

  it('restarts an agent, counts it, and puts it on record with who asked', async () => {
    const before = (await data('agents', Agents)).Monitor.restarts;
    expect(await ask('POST', 'agents/monitor/restart')).toMatchObject({
      status: 200,
      body: { success: true, data: { restarts: before + 1, running: true } },
    });
    const audit = await hub.api.read<{ items: { verb: string; target: string }[] }>(
      '/api/audit?verb=agents.restart&limit=1',
    );
    expect(audit.items).toMatchObject([{ verb: 'agents.restart', target: 'Monitor' }]);
  });

  it('leaves /health with how it is, its version and its uptime, for anybody', async () => {
    const health = await (await fetch(`${hub.url}/health`)).json();
    expect(Object.keys(health as object).toSorted()).toEqual(['status', 'uptime', 'version']);
  });
});
