import { randomBytes } from 'node:crypto';
import type { Alert, OpsHealth } from '@orrery/protocol';
import { afterAll, describe, expect, test } from 'vitest';
import { type RunningHub, runOrrery, startHub } from '../services/hub.ts';
import { startPostgres } from '../services/postgres.ts';
import { type FakeProduct, startProduct } from '../services/product.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { freshDatabase, hubsAt, servicesAt, startHubs } from '../services/several-hubs.ts';
import { startTargets } from '../services/targets.ts';
import { until } from '../services/until.ts';

const toDispose: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const dispose of toDispose.reverse()) await dispose();
});

test('a second hub on the same data folder says so and ends, and the first goes on (fault 14)', async () => {
  const first = await startHub();
  toDispose.push(() => first.dispose());
  const second = runOrrery(['serve', '--json', '--port', '0', '--data', first.dataDir]);
  expect(await second.exited).not.toBe(0);
  const said = second.stdout() + second.stderr();
  expect(said).toContain(first.dataDir);
  expect(said).toMatch(/another hub|already/i);
  expect((await first.api.get('/api/me')).status).toBe(200);
  await first.kill();
  const third = await startHub({ dataDir: first.dataDir });
  toDispose.push(() => third.dispose());
  expect((await third.api.get('/health')).status).toBe(200);
});

describe('two hubs on one PostgreSQL', () => {
  const shared = { ORRERY_SECRET: randomBytes(32).toString('base64') };
  let hubs: RunningHub[] = [];
  let product: FakeProduct;
  let receiver: Receiver;

  async function setUp(): Promise<void> {
    product = await startProduct('shared');
    receiver = await startReceiver();
    const database = await freshDatabase();
    toDispose.unshift(database.drop);
    const databaseUrl = database.url;
    const yaml = `projects:
  - slug: shared
    name: Shared
    hubUrl: ${product.url}
    services:
      - { name: api, probes: [{ kind: http, url: "${product.url}/api/health", interval: 1s, timeout: 500ms, failAfter: 1, recoverAfter: 1 }] }
network: { allowPrivate: true }
channels:
  - { name: hook, kind: webhook, url: "${receiver.url}" }
`;
    hubs = await Promise.all([
      startHub({ yaml, databaseUrl, env: shared }),
      startHub({ yaml, databaseUrl, env: shared }),
    ]);
    toDispose.push(
      () => product.stop(),
      () => receiver.close(),
      () => Promise.all(hubs.map((hub) => hub.dispose())),
    );
  }

  const [first, second] = [() => hubs[0] as RunningHub, () => hubs[1] as RunningHub];
  const statusAt = async (hub: RunningHub) =>
    (await hub.api.read<OpsHealth>('/ops/health?history=1')).services[0]?.status;

  test('probe each target once an interval, tell of an alert once, and show the same', async () => {
    await setUp();
    for (const hub of [first(), second()])
      await until(async () => (await statusAt(hub)) === 'up', { timeoutMs: 20_000, what: 'up on both' });
    const [from, before] = [performance.now(), product.hits.length];
    await until(() => performance.now() - from > 8000, { what: 'eight intervals', timeoutMs: 60_000, everyMs: 100 });
    const intervals = (performance.now() - from) / 1000;
    const checks = product.hits.slice(before).filter((hit) => hit.path === '/api/health').length;
    // Two hubs that both looked would ask twice as often.
    expect(checks).toBeGreaterThanOrEqual(Math.floor(0.75 * intervals));
    expect(checks).toBeLessThanOrEqual(intervals + 2);

    product.mood = 'unhealthy';
    for (const hub of [first(), second()])
      await until(async () => (await openAlerts(hub)).length === 1, {
        timeoutMs: 15_000,
        what: 'one open alert on both',
      });
    await until(() => receiver.taken().length > 0, { timeoutMs: 15_000, what: 'the notification' });
    const [one] = await openAlerts(first());
    // Both are asked at once; one of them wins, and both know it.
    const answers = await Promise.all(
      [first(), second()].map((hub) => hub.api.post(`/api/fed/alerts/${one?.id}/acknowledge`)),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
    product.mood = 'healthy';
    await until(async () => (await openAlerts(second())).length === 0, { timeoutMs: 15_000, what: 'resolved' });
    await until(() => types(receiver).includes('alert.resolved'), { timeoutMs: 15_000, what: 'the news of it' });
    expect(types(receiver).filter((type) => type === 'alert.opened')).toHaveLength(1);
    expect(types(receiver).filter((type) => type === 'alert.resolved')).toHaveLength(1);
  }, 180_000);

  test('a project that is added at one of them is probed, whichever of them probes', async () => {
    for (const [i, hub] of [first(), second()].entries()) {
      const added = await startProduct(`added${i}`);
      toDispose.push(() => added.stop());
      expect((await hub.api.post('/api/fed/projects', { hubUrl: added.url, slug: `added${i}` })).status).toBe(201);
      for (const other of [first(), second()])
        await until(
          async () =>
            (await other.api.read<OpsHealth>(`/ops/health?project=added${i}`).catch(() => undefined))?.services[0]
              ?.status === 'up',
          { timeoutMs: 15_000, what: `added${i} up on both` },
        );
    }
  }, 120_000);

  test('and when one of them dies, the other goes on', async () => {
    const leader = (await leads(first())) ? first() : second();
    const other = leader === first() ? second() : first();
    await leader.kill();
    product.mood = 'unhealthy';
    await until(async () => (await openAlerts(other)).length === 1, {
      timeoutMs: 40_000,
      what: 'the other hub raises the alert',
    });
    product.mood = 'healthy';
  });
});

test('three hubs that look together believe what two of them see, whichever of them judges', async () => {
  const targets = await startTargets(6);
  toDispose.push(() => targets.stop());
  const yaml = (allowPrivate: boolean) => `projects:
  - slug: together
    name: Together
    hubUrl: ${targets.url}
    services:
${targets.names.map((name) => `      - { name: ${name}, probes: [{ kind: http, url: "${targets.url}/${name}", interval: 1s, timeout: 900ms, failAfter: 1, quorum: 2 }] }`).join('\n')}
network: { allowPrivate: ${allowPrivate} }
`;
  // The third may not reach private addresses: to it alone every target is down.
  const several = await startHubs([yaml(true), yaml(true), yaml(false)], 3 * targets.names.length);
  toDispose.push(() => several.dispose());
  const [one, , blind] = several.hubs as [RunningHub, RunningHub, RunningHub];
  const seen = async () => servicesAt(one, 30);
  const doubt = '1 of 3 hubs sees it down';
  await until(async () => (await seen()).every(({ status, reason }) => status === 'up' && reason?.includes(doubt)), {
    timeoutMs: 30_000,
    what: 'all are up, and what the third sees is said',
  });
  expect((await seen()).flatMap(({ history }) => history.filter(({ status }) => status === 'down'))).toEqual([]);
  expect(await openAlerts(one)).toEqual([]);

  targets.answer((name) => (name === 't2' ? 503 : 200));
  await until(async () => (await openAlerts(one)).length === 1, { timeoutMs: 20_000, what: 'one alert' });
  const down = (await seen()).filter(({ status }) => status === 'down');
  expect(down.map(({ service }) => service)).toEqual(['t2']);
  expect(down[0]?.reason).toMatch(/^[23] of 3 hubs see it down: /);

  // Two that are left are most of the living: one of them does not make a target down.
  targets.answer(() => 200);
  await until(async () => (await seen()).every(({ status }) => status === 'up'), {
    timeoutMs: 20_000,
    what: 'up again',
  });
  await several.hubs[1]?.stop();
  await until(async () => (await hubsAt(blind)).length === 2, { timeoutMs: 15_000, what: 'two hubs are left' });
  const asked = targets.log.get('t0')?.length ?? 0;
  await until(() => (targets.log.get('t0')?.length ?? 0) > asked + 3, { timeoutMs: 15_000, what: 'three more looks' });
  expect((await seen()).map(({ status }) => status)).toEqual(targets.names.map(() => 'up'));
}, 180_000);

test('a hub whose PostgreSQL is gone says so, and still stops when it is asked to', async () => {
  const postgres = await startPostgres();
  toDispose.push(() => postgres.stop());
  const hub = await startHub({ databaseUrl: postgres.url });
  toDispose.push(() => hub.dispose());
  await postgres.stop();
  expect((await hub.api.get('/api/fed/projects')).status).toBeGreaterThanOrEqual(500);
  expect((await hub.api.get('/metrics')).text).toContain('orrery_build_info');
  const { code, ms } = await hub.stop();
  expect(code).toBe(0);
  expect(ms).toBeLessThan(10_000);
});

const openAlerts = async (hub: RunningHub) =>
  (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open,acknowledged')).items;
const types = (receiver: Receiver) => receiver.taken().map(({ body }): string => JSON.parse(body).type);

/** Whether this hub is the one that runs the shared jobs. */
async function leads(hub: RunningHub): Promise<boolean> {
  const { items } = await hub.api.read<{ items: { holder?: string }[] }>('/ops/jobs');
  return items.some((job) => job.holder?.includes(`:${hub.pid}:`));
}
