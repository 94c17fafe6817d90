import type { HealAttempt, HealPolicyView, OpsHealth } from '@orrery/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { execIn, inspect, WELL } from '../services/autoheal.ts';
import { canRunEngine, type Engine, startDocker } from '../services/docker.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { until } from '../services/until.ts';

// It takes Linux and root to start an engine.
describe.runIf(canRunEngine)('auto-heal inside the hub, on a real engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startDocker();
  });
  afterEach(async () => {
    const { json } = await engine.ask('GET', '/containers/json?all=1');
    for (const { Id } of json as { Id: string }[]) await engine.ask('DELETE', `/containers/${Id}?force=1`);
  });
  afterAll(() => engine?.stop());

  const yaml = (more = '', limits = '') => `network: { allowPrivate: true }
repair: { enabled: true, maxTargets: 5, maxSharePercent: 100${limits} }
projects: [{ slug: shop, name: Shop, hubUrl: "http://127.0.0.1:1" }]
autoheal:
  - project: shop
    socket: "${engine.socket}"
    mode: automatic
    grace: 1s
    verify: { within: 30s, stableFor: 1s }
${more}`;
  const start = async (text: string): Promise<RunningHub> => {
    const hub = await startHub({ yaml: text });
    onTestFinished(() => hub.dispose());
    return hub;
  };
  const services = async (hub: RunningHub) =>
    Object.fromEntries(
      (await hub.api.read<OpsHealth>('/ops/health')).services.map(({ service, status }) => [service, status]),
    );
  const attempts = async (hub: RunningHub) =>
    (await hub.api.read<{ items: HealAttempt[] }>('/ops/autoheal?limit=100')).items;
  const become = (hub: RunningHub, service: string, status: string) =>
    until(async () => (await services(hub))[service] === status, {
      timeoutMs: 60_000,
      what: `${service} is ${status}`,
    });

  test('what carries the label becomes a service, also later; what falls ill is healed at once and shown', async () => {
    await engine.run('web', WELL);
    await engine.run('plain', { ...WELL, Labels: {} });
    const hub = await start(yaml('    every: 10m'));
    await become(hub, 'web', 'up');
    await engine.run('late', WELL);
    await become(hub, 'late', 'degraded');
    expect(Object.keys(await services(hub)).sort()).toEqual(['late', 'web']);
    const { items } = await hub.api.read<{ items: HealPolicyView[] }>('/ops/heal/policies');
    expect(items.map(({ service, policy, mode }) => `${service} ${policy} ${mode}`).sort()).toEqual([
      'late autoheal automatic',
      'web autoheal automatic',
    ]);
    // Ten minutes are the interval: only the engine's own word can make it so soon.
    const ill = Date.now();
    await execIn(engine, 'web', 'rm', '/well');
    const healed = await until(async () => (await attempts(hub)).find(({ outcome }) => outcome === 'healed'), {
      timeoutMs: 60_000,
      what: 'it is healed',
    });
    expect(Date.now() - ill).toBeLessThan(60_000);
    expect(healed).toMatchObject({
      target: { project: 'shop', service: 'web' },
      policy: 'autoheal',
      remedy: { kind: 'docker' },
    });
    expect(healed.diagnosis).toContain('unhealthy');
    expect(await attempts(hub)).toHaveLength(1);
  });

  test('what somebody stopped is shown, and left alone; a crash is healed', async () => {
    await engine.run('web', WELL);
    await engine.run('job', {
      Labels: WELL.Labels,
      Cmd: ['sh', '-c', 'test -e /again && sleep 600; touch /again; while test ! -e /go; do sleep 1; done; exit 3'],
    });
    const hub = await start(yaml('    every: 2s'));
    await become(hub, 'web', 'up');
    await become(hub, 'job', 'up');
    await engine.ask('POST', '/containers/web/stop?t=1');
    await execIn(engine, 'job', 'touch', '/go');
    const healed = await until(async () => (await attempts(hub)).find(({ outcome }) => outcome === 'healed'), {
      timeoutMs: 60_000,
      what: 'the crash is healed',
    });
    expect(healed.target.service).toBe('job');
    await become(hub, 'web', 'degraded');
    expect((await inspect(engine, 'web')).status).toBe('exited');
    expect(await attempts(hub)).toHaveLength(1);
  });

  test('without an entry there is none, and one for no project of the file is a mistake', async () => {
    const hub = await start(
      'network: { allowPrivate: true }\nautoheal: []\nprojects: [{ slug: shop, name: Shop, hubUrl: "http://127.0.0.1:1" }]\n',
    );
    expect(await services(hub)).toEqual({});
    const refused = await startHub({ yaml: yaml().replace('project: shop', 'project: shpo') }).catch(
      (error: Error) => error,
    );
    expect(String(refused)).toContain('must be a project of this file');
  });
});
