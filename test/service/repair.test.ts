import { renameSync, writeFileSync } from 'node:fs';
import type { Alert, HealAttempt, HealControl, HealPolicyView, OpsEvent } from '@orrery/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { canRunEngine, startDocker } from '../services/docker.ts';
import { createApi, type RunningHub, startHub } from '../services/hub.ts';
import { type FakeProduct, startProduct } from '../services/product.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

/** Repair on a running hub: from a service that is down to the verified outcome, with everything that may come between. */
let product: FakeProduct;
let other: FakeProduct;
let receiver: Receiver;
const SECRET = 'the-secret-of-the-repair-webhook-1';

type Policy = { name?: string; mode?: string; remedy?: string; within?: string; more?: string };
const policy = ({ name = 'restart', mode = 'automatic', remedy, within = '8s', more = '' }: Policy) => `
          - name: ${name}
            mode: ${mode}
            remedy: ${remedy ?? `{ kind: webhook, url: "${receiver.url}/${name}", secret: ${SECRET} }`}
            limits: { cooldown: 0ms }
            verify: { within: ${within}, stableFor: 1s }${more}`;
const yaml = (policies: string, more = '') => `network: { allowPrivate: true }
repair: { enabled: true, maxTargets: 5, maxSharePercent: 100 }
projects:
  - slug: shop
    name: Shop
    hubUrl: ${product.url}
    services:
      - name: api
        probes: [{ kind: http, url: "${product.url}/api/health", interval: 1s, timeout: 800ms, failAfter: 2 }]
        heal:${policies}
      - name: web
        probes: [{ kind: http, url: "${other.url}/api/health", interval: 1s, timeout: 800ms, failAfter: 2 }]
${more}`;

beforeAll(async () => {
  [product, other, receiver] = await Promise.all([startProduct('shop'), startProduct('web'), startReceiver()]);
});
afterEach(() => {
  product.mood = 'healthy';
  other.mood = 'healthy';
  receiver.answer({ status: 204 });
  receiver.received.length = 0;
});
afterAll(async () => {
  await Promise.all([product?.stop(), other?.stop(), receiver?.close()]);
});

const start = async (policies: string, more?: string): Promise<RunningHub> => {
  const hub = await startHub({ yaml: yaml(policies, more) });
  onTestFinished(() => hub.dispose());
  await until(async () => (await services(hub)).every((status) => status === 'up'), { what: 'both services are up' });
  return hub;
};
const services = async (hub: RunningHub) =>
  (await hub.api.read<{ services: { status: string }[] }>('/ops/health')).services.map(({ status }) => status);
const attempts = async (hub: RunningHub) =>
  (await hub.api.read<{ items: HealAttempt[] }>('/ops/autoheal?limit=50')).items;
const attemptThat = (hub: RunningHub, test: (attempt: HealAttempt) => boolean, what: string) =>
  until(async () => (await attempts(hub)).find(test), { timeoutMs: 40_000, what });
const verdict = async (hub: RunningHub) =>
  (await hub.api.read<{ items: HealPolicyView[] }>('/ops/heal/policies')).items[0]?.verdict;
const calls = () => receiver.received.map(({ path }) => path);
const heals = () =>
  receiver.answer(() => {
    product.mood = 'healthy';
    return { status: 200 };
  });

describe('a policy that may act', () => {
  test('heals what is down, once, and proves it by the checks of the service', async () => {
    const hub = await start(policy({}));
    heals();
    product.mood = 'unhealthy';
    const healed = await attemptThat(hub, ({ outcome }) => outcome === 'healed', 'the service is healed');
    expect(healed).toMatchObject({
      target: { project: 'shop', service: 'api' },
      remedy: { kind: 'webhook' },
      trigger: { title: 'shop/api is down', severity: 'critical' },
      status: 'done',
      approvedBy: null,
    });
    expect(healed.diagnosis).toContain('503');
    expect(healed.verifiedAt).not.toBeNull();
    expect(healed.secondLook).toBe('a second look sees it as well');
    expect(calls()).toEqual(['/hook/restart']);
    expect(receiver.received[0]?.headers['webhook-signature']).toMatch(/^v1,/);
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      attemptId: healed.id,
      project: 'shop',
      service: 'api',
    });
    expect(JSON.stringify(healed)).not.toContain(SECRET);
    const { items } = await hub.api.read<{ items: OpsEvent[] }>('/ops/events/recent?limit=50');
    const told = items.filter(({ type }) => type.startsWith('heal.')).map(({ type }) => type);
    expect(told).toEqual(['heal.healed', 'heal.acted', 'heal.began']);
    await until(
      async () => (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open')).items.length === 0,
      {
        what: 'the alert has ended',
      },
    );
  });

  test('says when it had no effect, and backs off', async () => {
    const hub = await start(policy({ within: '2s', remedy: '{ kind: command, run: ["/bin/echo", "tried"] }' }));
    product.mood = 'unhealthy';
    const first = await attemptThat(hub, ({ outcome }) => outcome === 'no effect', 'the first attempt had no effect');
    expect(first.detail).toContain('/bin/echo ended with 0: tried; it is down');
    await until(async () => (await verdict(hub))?.reason.includes('backing off'), { what: 'it backs off' });
  });

  test('sees that it made things worse, and undoes it', async () => {
    const rollback = `\n            rollback: { kind: webhook, url: "${receiver.url}/undo" }`;
    const hub = await start(policy({ within: '4s', more: rollback }));
    receiver.answer(({ path }) => {
      other.mood = path.endsWith('/undo') ? 'healthy' : 'unhealthy';
      return { status: 200 };
    });
    product.mood = 'unhealthy';
    const worse = await attemptThat(hub, ({ outcome }) => outcome === 'worse', 'it became worse');
    expect(worse.detail).toContain('web of the project went down meanwhile');
    expect(worse.rollback).toContain('done');
    expect(calls().slice(0, 2)).toEqual(['/hook/restart', '/hook/undo']);
  });

  test('does not touch what only follows from something that is down', async () => {
    const hub = await startHub({
      yaml: yaml(policy({})).replace('- name: api\n', '- name: api\n        dependsOn: [web]\n'),
    });
    onTestFinished(() => hub.dispose());
    await until(async () => (await services(hub)).every((status) => status === 'up'), { what: 'both are up' });
    other.mood = 'unhealthy';
    await until(async () => (await services(hub)).includes('down'), { what: 'the upstream is down' });
    product.mood = 'unhealthy';
    await until(async () => (await verdict(hub))?.reason.includes('depends on'), {
      timeoutMs: 20_000,
      what: 'the guard says so',
    });
    expect(await attempts(hub)).toEqual([]);
    expect(calls()).toEqual([]);
  });
});

describe('what it depends on fails in the same moment, and is seen later', () => {
  const needing = () =>
    yaml(policy({}))
      .replace('- name: api\n', '- name: api\n        dependsOn: [web]\n')
      .replace(
        `"${other.url}/api/health", interval: 1s, timeout: 800ms`,
        `"${other.url}/api/health", interval: 4s, timeout: 3s`,
      );

  test('nothing is done to what only follows, neither before the other is found nor right after it is back', async () => {
    const hub = await startHub({ yaml: needing() });
    onTestFinished(() => hub.dispose());
    await until(async () => (await services(hub)).every((status) => status === 'up'), { what: 'both are up' });
    other.mood = 'hang';
    product.mood = 'unhealthy';
    await until(async () => (await services(hub)).every((status) => status === 'down'), {
      timeoutMs: 30_000,
      what: 'both are down',
    });
    other.mood = 'healthy';
    await until(async () => (await verdict(hub))?.reason.includes('just come back'), {
      timeoutMs: 30_000,
      what: 'the guard lets it follow',
    });
    expect(await attempts(hub)).toEqual([]);
    expect(calls()).toEqual([]);
    // One that does not follow is broken itself.
    heals();
    await attemptThat(hub, ({ outcome }) => outcome === 'healed', 'what did not follow is healed');
  });
});

describe('a policy on a metric', () => {
  const onMetric = (remedy: string) =>
    `      - name: figures
        probes: [{ kind: instance, interval: 1s, timeout: 800ms }]
        heal:
          - name: empty
            mode: automatic
            when: { severity: [warning], metric: queue.depth }
            remedy: ${remedy}
            limits: { cooldown: 0ms }
            verify: { within: 8s, stableFor: 1s }
    thresholds: [{ metric: queue.depth, above: 10, severity: warning, title: Orders wait }]
`;

  test('acts on the figure of the project as a whole, and is well when that is within its limit again', async () => {
    product.metrics['queue.depth'] = 1;
    const hub = await start(' []', onMetric(`{ kind: webhook, url: "${receiver.url}/empty" }`));
    receiver.answer(() => {
      product.metrics['queue.depth'] = 1;
      return { status: 200 };
    });
    product.metrics['queue.depth'] = 50;
    const healed = await attemptThat(hub, ({ outcome }) => outcome === 'healed', 'the queue is emptied');
    expect(healed).toMatchObject({ target: { service: 'figures' }, trigger: { title: 'Orders wait' } });
    expect(calls()).toEqual(['/hook/empty']);
    await until(
      async () => (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open')).items.length === 0,
      { what: 'the alert has ended' },
    );
  });

  test('has no effect while the figure stays beyond its limit, although every check is well', async () => {
    product.metrics['queue.depth'] = 50;
    onTestFinished(() => void delete product.metrics['queue.depth']);
    const hub = await start(' []', onMetric('{ kind: command, run: ["/bin/echo", "tried"] }').replace('8s', '3s'));
    const tried = await attemptThat(hub, ({ status }) => status === 'done', 'the first attempt has ended');
    expect(tried).toMatchObject({ outcome: 'no effect', target: { service: 'figures' } });
  });
});

describe('a policy that may not act', () => {
  test('in a dry run says once what it would have done', async () => {
    const hub = await start(policy({ mode: 'dryRun' }));
    product.mood = 'unhealthy';
    const dry = await attemptThat(hub, ({ outcome }) => outcome === 'dry run', 'it says what it would have done');
    await until(async () => (await services(hub)).includes('down'), { what: 'it is still down' });
    expect(await attempts(hub)).toEqual([dry]);
    expect(calls()).toEqual([]);
    const [view] = (await hub.api.read<{ items: HealPolicyView[] }>('/ops/heal/policies')).items;
    expect(view).toMatchObject({ mode: 'dryRun', wouldHave: 1, attempts: 0, verdict: { kind: 'would' } });
  });

  test('asks a person; of two who approve at once one is told that it was settled, and it acts once', async () => {
    const hub = await start(policy({ mode: 'approve' }));
    heals();
    product.mood = 'unhealthy';
    const asks = await attemptThat(hub, ({ status }) => status === 'awaiting approval', 'it asks');
    expect(calls()).toEqual([]);
    const both = await Promise.all([1, 2].map(() => hub.api.post(`/ops/autoheal/${asks.id}/approve`)));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const healed = await attemptThat(hub, ({ outcome }) => outcome === 'healed', 'it heals');
    expect(healed).toMatchObject({ id: asks.id, approvedBy: 'command line' });
    expect(calls()).toEqual(['/hook/restart']);
    const viewer = await hub.api.post<{ key: string }>('/api/keys', { name: 'v', role: 'agent' });
    const weak = createApi(hub.url, { 'x-api-key': viewer.body.key });
    expect((await weak.post(`/ops/autoheal/${asks.id}/approve`)).status).toBe(403);
    expect((await hub.api.post('/ops/autoheal/heal_00000000000000000000000000/approve')).status).toBe(404);
  });

  test('that is approved when the service is well again does nothing', async () => {
    const hub = await start(policy({ mode: 'approve' }));
    product.mood = 'unhealthy';
    const asks = await attemptThat(hub, ({ status }) => status === 'awaiting approval', 'it asks');
    product.mood = 'healthy';
    await until(async () => (await services(hub)).every((status) => status === 'up'), { what: 'it is well again' });
    expect((await hub.api.post(`/ops/autoheal/${asks.id}/approve`)).status).toBe(200);
    const refused = await attemptThat(hub, ({ outcome }) => outcome === 'refused', 'it is not carried out');
    // The alert may have ended in the same moment.
    expect(refused.id).toBe(asks.id);
    expect(refused.detail).toMatch(/^(a second look found it|the trouble ended by itself before)/);
    expect(calls()).toEqual([]);
  });

  test('is denied with a reason, and the kill switch keeps everything from acting until it is let go', async () => {
    const hub = await start(policy({ mode: 'approve' }));
    heals();
    product.mood = 'unhealthy';
    const asks = await attemptThat(hub, ({ status }) => status === 'awaiting approval', 'it asks');
    const paused = await hub.api.post<HealControl>('/ops/heal/pause', { reason: 'deploy' });
    expect(paused.body.paused).toMatchObject({ by: 'command line', reason: 'deploy' });
    expect((await hub.api.post(`/ops/autoheal/${asks.id}/approve`)).status).toBe(409);
    const denied = await hub.api.post<HealAttempt>(`/ops/autoheal/${asks.id}/deny`, { reason: 'not now' });
    expect(denied.body).toMatchObject({ outcome: 'refused', detail: 'command line said no: not now' });
    await until(async () => (await verdict(hub))?.reason.includes('paused by command line'), {
      what: 'the guard says so',
    });
    await hub.api.post('/ops/heal/resume', {});
    // The no outlives the pause: it holds while this alert lives.
    await until(async () => (await verdict(hub))?.reason.includes('command line said no'), { what: 'the no holds' });
    expect(calls()).toEqual([]);
  });

  test('quorum: what is well again by a second look is not touched, although it was approved', async () => {
    const hub = await start(policy({ mode: 'approve' }));
    product.mood = 'unhealthy';
    const asks = await attemptThat(hub, ({ status }) => status === 'awaiting approval', 'it asks');
    product.mood = 'healthy';
    await hub.api.post(`/ops/autoheal/${asks.id}/approve`);
    const over = await attemptThat(hub, ({ id, status }) => id === asks.id && status === 'done', 'it is over');
    expect(over).toMatchObject({ outcome: 'refused', actedAt: null });
    expect(over.detail).toMatch(/second look found it well|ended by itself|ended before/);
    expect(calls()).toEqual([]);
  });

  test('is declared in the file alone', async () => {
    const hub = await start(policy({}));
    const heal = [{ name: 'own', remedy: { kind: 'command', run: ['/bin/true'] }, mode: 'automatic' }];
    const refused = await hub.api.post<{ fields: { field: string }[] }>('/api/fed/projects', {
      slug: 'evil',
      name: 'Evil',
      hubUrl: product.url,
      services: [{ name: 'api', heal }],
    });
    expect(refused.status).toBe(400);
    expect(refused.body.fields[0]?.field).toBe('body.services[0].heal');
  });
});

describe('a hub that dies while it acts', () => {
  test('does not act again, and looks at what came of it', async () => {
    const hub = await startHub({ yaml: yaml(policy({ within: '20s' })) });
    onTestFinished(() => hub.dispose());
    await until(async () => (await services(hub)).every((status) => status === 'up'), { what: 'both services are up' });
    receiver.answer('hang');
    product.mood = 'unhealthy';
    await until(() => calls().length === 1, { timeoutMs: 30_000, what: 'the remedy is asked for' });
    await hub.kill();
    const again = await startHub({ dataDir: hub.dataDir });
    onTestFinished(() => again.dispose());
    const verifying = await attemptThat(again, ({ status }) => status === 'verifying', 'it is looked at');
    expect(verifying.detail).toContain('not known whether it was done');
    product.mood = 'healthy';
    await attemptThat(again, ({ outcome }) => outcome === 'healed', 'it is healed');
    expect(calls()).toEqual(['/hook/restart']);
  });
});

test('a reload takes a policy away, and nothing more is done by it', async () => {
  const hub = await start(policy({ mode: 'suggest' }));
  product.mood = 'unhealthy';
  await until(async () => (await verdict(hub))?.kind === 'suggest', { timeoutMs: 20_000, what: 'it suggests' });
  writeFileSync(`${hub.configFile}.new`, yaml(' []'));
  renameSync(`${hub.configFile}.new`, hub.configFile);
  await until(async () => (await hub.api.read<{ items: unknown[] }>('/ops/heal/policies')).items.length === 0, {
    what: 'the policy is gone',
  });
});

// It takes Linux and root to start an engine.
describe.runIf(canRunEngine)('a container of a real engine', () => {
  test('that is unhealthy is restarted by the label that it carries, and one without it is not', async () => {
    const engine = await startDocker();
    onTestFinished(() => engine.stop());
    const Healthcheck = {
      Test: ['CMD-SHELL', 'test -e /well'],
      Interval: 1_000_000_000,
      Timeout: 20_000_000_000,
      Retries: 1,
    };
    const Cmd = ['sh', '-c', 'rm /stop; touch /well; while test ! -e /stop; do sleep 1; done; rm /well; sleep 600'];
    await engine.run('marked', { Cmd, Healthcheck, Labels: { 'orrery.heal': 'true' } });
    await engine.run('plain', { Cmd, Healthcheck });
    const service = (name: string) => `      - name: ${name}
        probes: [{ kind: docker, container: ${name}, socket: "${engine.socket}", interval: 1s, timeout: 10s, failAfter: 2 }]
        heal:${policy({ remedy: `{ kind: docker, container: ${name}, socket: "${engine.socket}", grace: 1s }`, within: '60s' })}
`;
    const hub = await startHub({ yaml: yaml(' []', service('marked') + service('plain')) });
    onTestFinished(() => hub.dispose());
    await until(async () => (await services(hub)).every((status) => status === 'up'), {
      timeoutMs: 40_000,
      what: 'all are up',
    });
    for (const name of ['marked', 'plain']) {
      const { json } = await engine.ask('POST', `/containers/${name}/exec`, { Cmd: ['touch', '/stop'] });
      await engine.ask('POST', `/exec/${(json as { Id: string }).Id}/start`, { Detach: true });
    }
    const healed = await attemptThat(hub, ({ outcome }) => outcome === 'healed', 'the container is healed');
    expect(healed.target).toEqual({ project: 'shop', service: 'marked' });
    const refused = await attemptThat(hub, ({ outcome }) => outcome === 'failed', 'the other is refused');
    expect(refused).toMatchObject({ target: { service: 'plain' } });
    expect(refused.detail).toContain('does not carry the label');
  });
});
