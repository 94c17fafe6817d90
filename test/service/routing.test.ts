import { writeFileSync } from 'node:fs';
import type {
  Alert,
  Delivery,
  MaintenanceView,
  OpsHealth,
  RouteTestResult,
  RouteView,
  Silence,
} from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import { orrery } from '../services/orrery.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

/** Routing on a running hub, through its API and its command line. */
describe('who hears of what', () => {
  let hub: RunningHub;
  let ops: Receiver;
  let pager: Receiver;
  const yaml = (more = '') => `
projects:
  - slug: dead
    name: Dead
    hubUrl: "http://127.0.0.1:1"
    tags: [prod]
    services:
      - { name: api, probes: [{ kind: http, url: "http://127.0.0.1:1/", interval: 1s, timeout: 500ms, failAfter: 1 }] }
channels:
  - { name: ops, kind: webhook, url: "${ops.url}" }
  - { name: pager, kind: webhook, url: "${pager.url}" }
routes:
  - { name: prod, match: { tags: [prod], services: [api] }, channels: [pager], escalate: [{ after: 3s, channels: [ops] }] }
  - { name: rest, channels: [] }
network: { allowPrivate: true }
${more}`;
  const run = async <T>(...args: string[]): Promise<T> => {
    const { code, stdout, stderr } = await orrery([...args, '--json', '--data', hub.dataDir]);
    if (code !== 0) throw new Error(`orrery ${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  };
  const told = (receiver: Receiver) => receiver.taken().map(({ body }) => JSON.parse(body).type as string);

  beforeAll(async () => {
    ops = await startReceiver();
    pager = await startReceiver();
    hub = await startHub({
      yaml: yaml(
        'maintenance: [{ name: start, title: Start, match: { projects: [dead] }, from: "2026-01-01T00:00:00Z", until: "2099-01-01T00:00:00Z" }]',
      ),
    });
  });
  afterAll(async () => {
    await hub.dispose();
    await ops.close();
    await pager.close();
  });

  it('is kept back by maintenance of the file, told when that is gone, and then to others', async () => {
    const alert = await until(
      async () =>
        (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts')).items.find(({ service }) => service === 'api'),
      { what: 'the alert', timeoutMs: 20_000 },
    );
    expect(alert.silencedBy).toBe('maintenance:start');
    const log = () => hub.api.read<{ items: Delivery[] }>(`/ops/deliveries?alert=${alert.id}&status=suppressed`);
    await until(async () => (await log()).items.length > 0, { what: 'the delivery that was kept back' });
    expect((await log()).items[0]).toMatchObject({ channel: 'pager', route: 'prod', reason: 'maintenance: Start' });
    expect((await hub.api.call('DELETE', '/ops/maintenance/start')).status).toBe(409);
    const { services } = await hub.api.read<OpsHealth>('/ops/health');
    expect(services.map(({ status, uptimePercent }) => [status, uptimePercent])).toEqual([['down', null]]);

    writeFileSync(hub.configFile, yaml());
    await until(() => told(pager).includes('alert.opened'), { what: 'the opening', timeoutMs: 20_000 });
    await until(() => told(ops).includes('alert.escalated'), { what: 'the escalation', timeoutMs: 20_000 });
    expect(told(pager)).toEqual(['alert.opened']);
    expect(told(ops)).toEqual(['alert.escalated']);
  });

  it('is shown and tried on the command line', async () => {
    expect((await run<{ items: RouteView[] }>('routes', 'list')).items.map(({ name }) => name)).toEqual([
      'prod',
      'rest',
    ]);
    const tried = await run<RouteTestResult>('routes', 'test', '--project', 'dead', '--service', 'api');
    expect(tried).toMatchObject({
      told: [
        { channel: 'pager', route: 'prod', type: 'alert.opened' },
        { channel: 'ops', route: 'prod', type: 'alert.escalated' },
      ],
      summary: 'Told at once: pager.',
    });
    const other = await orrery(['routes', 'test', '--project', 'dead', '--data', hub.dataDir]);
    expect(other.stdout).toContain('the service is none of "api"');
    const { items } = await run<{ items: Delivery[] }>(
      'channels',
      'deliveries',
      '--project',
      'dead',
      '--status',
      'delivered',
    );
    expect(items.map(({ channel }) => channel).sort()).toEqual(['ops', 'pager']);
  });

  it('is silenced and silenced no more', async () => {
    const args = ['silences', 'create', '--project', 'dead', '--title', '*api*', '--reason', 'known'];
    expect((await orrery([...args, '--data', hub.dataDir])).code).toBe(2);
    const silence = await run<Silence>(...args, '--for', '2h');
    expect(silence).toMatchObject({
      match: { projects: ['dead'], titles: ['*api*'] },
      status: 'active',
      reason: 'known',
    });
    expect((await run<{ items: Silence[] }>('silences', 'list')).items).toHaveLength(1);
    const { items } = await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open');
    expect(items.some(({ silencedBy }) => silencedBy === silence.id)).toBe(true);
    await run('silences', 'end', silence.id);
    expect((await run<{ items: Silence[] }>('silences', 'list')).items).toEqual([]);
    expect((await orrery(['silences', 'end', silence.id, '--data', hub.dataDir])).code).toBe(1);
    const empty = await hub.api.post('/ops/silences', { match: {}, reason: 'all', for: '1h' });
    expect(empty.status).toBe(400);
  });

  it('is put into maintenance on the command line, once and again and again', async () => {
    const made = await run<MaintenanceView>(
      ...['maintenance', 'create', 'nightly', '--title', 'Nightly', '--project', 'dead', '--cron', '0 2 * * *'],
      ...['--time-zone', 'Europe/Berlin', '--lasts', '1h', '--no-public'],
    );
    expect(made).toMatchObject({
      public: false,
      schedule: { cron: '0 2 * * *', timeZone: 'Europe/Berlin', lasts: '1h' },
    });
    expect(
      (await orrery(['maintenance', 'create', 'x', '--from', '2026-01-01T00:00:00Z', '--data', hub.dataDir])).code,
    ).toBe(2);
    const wrong = ['maintenance', 'create', 'x', '--cron', '0 0 30 2 *', '--lasts', '1h', '--data', hub.dataDir];
    expect(await orrery(wrong)).toMatchObject({ code: 2, stderr: expect.stringContaining('never comes') });
    expect((await run<{ items: MaintenanceView[] }>('maintenance', 'list')).items.map(({ name }) => name)).toEqual([
      'nightly',
    ]);
    await run('maintenance', 'end', 'nightly');
    expect((await run<{ items: MaintenanceView[] }>('maintenance', 'list')).items).toEqual([]);
  });

  it('stands in the exported configuration', async () => {
    const { text } = await hub.api.get('/api/config/export');
    expect(text).toContain('name: prod');
    expect(text).toContain('routes:');
  });
});
