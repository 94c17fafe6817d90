import type { HealAttempt } from '@orrery/protocol';
import { expect, test } from 'vitest';
import { figure } from '../services/figures.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { startReceiver } from '../services/receiver.ts';
import { hubsAt, leaderOf, servicesAt, startHubs } from '../services/several-hubs.ts';
import { startTargets, type Targets } from '../services/targets.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';
import { passing } from './strangers.ts';

/** Faults 22, 27, 28 and 30 as repair meets them, with what was really asked of a target as the truth. */
type Policies = { needs?: (name: string) => string; heal?: (name: string) => string; more?: string; timeout?: string };
const yaml = (targets: Targets, url: string, { needs, heal, more = '', timeout = '500ms' }: Policies = {}) => `projects:
  - slug: crowd
    name: Crowd
    hubUrl: ${targets.url}
    services:
${targets.names
  .map(
    (name) => `      - name: ${name}
        ${needs?.(name) ?? ''}
        probes: [{ kind: http, url: "${targets.url}/${name}", interval: 1s, timeout: ${timeout}, failAfter: 2, recoverAfter: 1 }]
        heal:
          - ${heal?.(name) ?? `{ name: restart, mode: automatic, remedy: { kind: webhook, url: "${url}/${name}" }, verify: { within: 15s, stableFor: 1s } }`}`,
  )
  .join('\n')}
repair: { enabled: true, perHour: 100, projectPerHour: 100, maxTargets: 100, maxSharePercent: 100 }
network: { allowPrivate: true${more} }
`;
const attemptsAt = async (hub: RunningHub) =>
  (await hub.api.read<{ items: HealAttempt[] }>('/ops/autoheal?limit=100')).items;
const are = async (hub: RunningHub, status: string) =>
  (await servicesAt(hub)).every((service) => service.status === status);
const open = async (count: number) => ({
  targets: await during(startTargets(count), (opened) => opened.stop()),
  remedy: await during(startReceiver(), (opened) => opened.close()),
});
const asked = ({ received }: Awaited<ReturnType<typeof startReceiver>>) =>
  received.map(({ path }) => path.replace('/hook/', ''));

test('row 22: a leader that is stopped in the middle of a repair and wakes when another leads repairs nothing twice', async () => {
  const { targets, remedy } = await open(1);
  const text = yaml(targets, remedy.url);
  const { hubs } = await during(startHubs([text, text], 1), (opened) => opened.dispose());
  const leader = await leaderOf(hubs);
  const other = hubs.find((hub) => hub !== leader) as RunningHub;
  // The remedy is on its way when the hub stands still.
  remedy.answer(() => {
    process.kill(leader.pid, 'SIGSTOP');
    return { status: 200 };
  });
  targets.answer(() => 503);
  await until(() => remedy.received.length > 0, { timeoutMs: 30_000, what: 'the remedy is asked for' });
  const stopped = performance.now();
  const leads = async () => (await hubsAt(other)).some(({ self, leader: one }) => self && one);
  await until(leads, { timeoutMs: 20_000, what: 'the other one leads' });
  const taken = performance.now() - stopped;
  await until(async () => (await attemptsAt(other))[0]?.status === 'verifying', {
    timeoutMs: 20_000,
    what: 'it looks at what came of it',
  });
  process.kill(leader.pid, 'SIGCONT');
  targets.answer(() => 200);
  const ended = await until(async () => (await attemptsAt(other)).find(({ status }) => status === 'done'), {
    timeoutMs: 30_000,
    what: 'the attempt has an outcome',
  });
  await passing(3000);
  figure(22, 'leader stopped in the middle of a repair: the other leads after', `${Math.round(taken)} ms`, '2 × 3 s');
  figure(22, 'remedies asked for of one failure', String(remedy.received.length), '1');
  expect(asked(remedy)).toEqual(['t0']);
  expect(ended.outcome).toBe('healed');
  expect(await attemptsAt(other)).toHaveLength(1);
}, 120_000);

test('row 27: of a root and fifteen that fail with it the root alone is repaired', async () => {
  const { targets, remedy } = await open(16);
  const needs = (name: string) => (name === 't0' ? '' : 'dependsOn: [t0]');
  const hub = await during(startHub({ yaml: yaml(targets, remedy.url, { needs }) }), (opened) => opened.dispose());
  await until(() => are(hub, 'up'), { timeoutMs: 30_000, what: 'all are up' });
  remedy.answer(({ path }) => {
    if (path.endsWith('/t0')) targets.answer(() => 200);
    return { status: 200 };
  });
  targets.answer(() => 503);
  await until(async () => (await attemptsAt(hub)).some(({ outcome }) => outcome === 'healed'), {
    timeoutMs: 60_000,
    what: 'the root is healed',
  });
  await until(() => are(hub, 'up'), { timeoutMs: 20_000, what: 'all are up again' });
  await passing(2000);
  figure(
    27,
    'targets that repair touched of a root and 15 that fail with it',
    String(new Set(asked(remedy)).size),
    '1',
  );
  expect(asked(remedy)).toEqual(['t0']);
}, 120_000);

test('row 28: a hub whose own network is gone repairs nothing', async () => {
  const { targets, remedy } = await open(10);
  const gate = await during(startTargets(0), (opened) => opened.stop());
  const more = `, selfCheck: [{ host: 127.0.0.1, port: ${new URL(gate.url).port} }]`;
  const hub = await during(startHub({ yaml: yaml(targets, remedy.url, { more }) }), (opened) => opened.dispose());
  await until(() => are(hub, 'up'), { timeoutMs: 30_000, what: 'all are up' });
  await gate.vanish();
  await targets.vanish();
  await until(() => are(hub, 'unknown'), { timeoutMs: 30_000, what: 'all are unknown' });
  await passing(6000);
  figure(28, 'heals while the hub is isolated', String(remedy.received.length), '0');
  expect(remedy.received).toEqual([]);
  expect(await attemptsAt(hub)).toEqual([]);
}, 90_000);

test('row 30: a remedy that fails, hangs, has no effect or makes it worse has a verified outcome, and what is well is left alone', async () => {
  const { targets, remedy } = await open(5);
  const heal = (name: string) => {
    const mode = name === 't4' ? 'approve' : 'automatic';
    return `{ name: restart, mode: ${mode}, remedy: { kind: webhook, url: "${remedy.url}/${name}", timeout: 2s }, rollback: { kind: webhook, url: "${remedy.url}/undo-${name}" }, limits: { perHour: 1 }, verify: { within: 4s, stableFor: 1s } }`;
  };
  // t0 fails, t1 hangs, t2 has no effect, t3 takes another down with it, t4 is well again before anybody says yes.
  const down = new Set<string>();
  targets.answer((name) => (down.has(name) ? 503 : 200));
  remedy.answer(({ path }) => {
    if (path.endsWith('/t0')) return { status: 500 };
    if (path.endsWith('/t1')) return 'hang';
    return { status: 200 };
  });
  const hub = await during(startHub({ yaml: yaml(targets, remedy.url, { heal }) }), (opened) => opened.dispose());
  await until(() => are(hub, 'up'), { timeoutMs: 30_000, what: 'all are up' });
  for (const name of ['t0', 't1', 't2', 't4']) down.add(name);
  const of = async (name: string) => (await attemptsAt(hub)).filter(({ target }) => target.service === name);
  const asks = await until(async () => (await of('t4'))[0], { timeoutMs: 30_000, what: 't4 asks' });
  down.delete('t4');
  const isWell = async () => (await servicesAt(hub)).find(({ service }) => service === 't4')?.status === 'up';
  await until(isWell, { timeoutMs: 15_000, what: 't4 is well' });
  await hub.api.post(`/ops/autoheal/${asks.id}/approve`);
  const ended = async (names: readonly string[]) =>
    (await Promise.all(names.map(of))).every((all) => all.length > 0 && all.every(({ status }) => status === 'done'));
  await until(() => ended(['t0', 't1', 't2', 't4']), { timeoutMs: 40_000, what: 'all have an outcome' });
  // The others are out of the way, so that what becomes worse is the doing of one.
  down.clear();
  await until(() => are(hub, 'up'), { timeoutMs: 30_000, what: 'all are up again' });
  remedy.answer(({ path }) => {
    if (path.endsWith('/t3')) down.add('t2');
    if (path.endsWith('/undo-t3')) down.clear();
    return { status: 200 };
  });
  down.add('t3');
  await until(() => ended(['t3']), { timeoutMs: 40_000, what: 't3 has an outcome' });
  const outcomes = await Promise.all(targets.names.map(async (name) => (await of(name))[0]?.outcome));
  figure(
    30,
    'outcomes of a remedy that fails, hangs, does nothing, does harm, comes too late',
    outcomes.join(', '),
    '–',
  );
  figure(
    30,
    'remedies asked of a target that was well',
    String(asked(remedy).filter((one) => one === 't4').length),
    '0',
  );
  expect(outcomes).toEqual(['failed', expect.stringMatching(/^(failed|no effect)$/), 'no effect', 'worse', 'refused']);
  expect(asked(remedy).filter((one) => one === 'undo-t3')).toHaveLength(1);
  expect(asked(remedy)).not.toContain('t4');
}, 180_000);

test('row 21: a hub that is killed between intent and act, in the act, and while it verifies asks for a remedy once', async () => {
  const { targets, remedy } = await open(1);
  // A check takes long, so that the second look leaves time between the intent and the act.
  const text = yaml(targets, remedy.url, {
    timeout: '3s',
    heal: () =>
      `{ name: restart, mode: automatic, remedy: { kind: webhook, url: "${remedy.url}/t0" }, verify: { within: 60s, stableFor: 5s } }`,
  });
  let hub = await during(startHub({ yaml: text }), (opened) => opened.dispose());
  const again = async () => {
    await hub.kill();
    hub = await during(startHub({ dataDir: hub.dataDir }), (opened) => opened.dispose());
  };
  await until(() => are(hub, 'up'), { timeoutMs: 30_000, what: 'it is up' });
  targets.answer(() => 'hang');
  const one = async () => (await attemptsAt(hub))[0];
  await until(async () => (await one())?.status === 'acting', { timeoutMs: 40_000, everyMs: 20, what: 'it means to' });
  const before = remedy.received.length;
  await again();
  remedy.answer('hang');
  await until(() => remedy.received.length > 0, { timeoutMs: 40_000, everyMs: 20, what: 'it acts' });
  await again();
  await until(async () => (await one())?.status === 'verifying', { timeoutMs: 30_000, what: 'it verifies' });
  targets.answer(() => 200);
  await again();
  await until(async () => (await one())?.outcome === 'healed', { timeoutMs: 40_000, what: 'it is healed' });
  figure(
    21,
    'hub killed between intent and act, in the act, and while it verified: remedies asked for',
    String(remedy.received.length),
    '1',
  );
  expect(before).toBe(0);
  expect(asked(remedy)).toEqual(['t0']);
  expect(await attemptsAt(hub)).toHaveLength(1);
}, 180_000);
