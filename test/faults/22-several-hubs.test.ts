import { expect, test } from 'vitest';
import { figure, seconds } from '../services/figures.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { isShared, leaderOf, servicesAt, startHubs } from '../services/several-hubs.ts';
import { doublesOf, gapsOf, startTargets, type Targets } from '../services/targets.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';
import { passing } from './strangers.ts';

/** Fault 22: several hubs at once; one is killed, stopped for longer than its lease, or replaced. */
const TARGETS = 60;
const PROBES = TARGETS + 1;
const INTERVAL = 1000;
/** Handing over takes the machine some time, whatever the interval. */
const CALM_INTERVAL = 2000;
/** All hubs keep one pace: two that have the same target ask it in the same moment. */
const CLOSER = INTERVAL * 0.1;

const yaml = (targets: Targets, receiver: Receiver, interval: number) => `projects:
  - slug: crowd
    name: Crowd
    hubUrl: ${targets.url}
    services:
${targets.names
  .map(
    (name) =>
      `      - { name: ${name}, probes: [{ kind: http, url: "${targets.url}/${name}", interval: ${interval}ms, timeout: 500ms, failAfter: 2, recoverAfter: 1 }] }`,
  )
  .join('\n')}
      # What the hub asks besides, every quarter of an hour, is its instances alone.
      - { name: itself, probes: [{ kind: instance, interval: 5s, metrics: false, logs: false }] }
network: { allowPrivate: true }
channels:
  - { name: hook, kind: webhook, url: "${receiver.url}" }
`;

async function crowd(count: number, interval = INTERVAL) {
  const targets = await during(startTargets(TARGETS), (opened) => opened.stop());
  const receiver = await during(startReceiver(), (opened) => opened.close());
  const text = yaml(targets, receiver, interval);
  const { hubs } = await during(startHubs(Array(count).fill(text), PROBES), (opened) => opened.dispose());
  const visited = (from: number) => targets.names.every((name) => targets.log.get(name)?.some((at) => at > from));
  const start = performance.now();
  await until(() => visited(start), { timeoutMs: 15_000, what: 'every target is visited' });
  return { targets, receiver, hubs, visited };
}

/** For which (alert, transition) people were told more than once. */
function repeated(receiver: Receiver): string[] {
  const told = receiver.taken().map(({ body }) => {
    const { type, alert } = JSON.parse(body) as { type: string; alert: { id: string } };
    return `${type} ${alert.id}`;
  });
  return told.filter((one, i) => told.indexOf(one) !== i);
}

test('of three hubs one is killed: the others check all of its targets again, each once an interval, and alert', async () => {
  const { targets, receiver, hubs, visited } = await crowd(3);
  const leader = await leaderOf(hubs);
  const others = hubs.filter((hub) => hub !== leader);
  const quiet = performance.now();
  await passing(3 * INTERVAL);
  const inPeace = Math.max(...gapsOf(targets.log, quiet, performance.now()));

  // The worst that can go: the one that judges. What fails right after must be found by those who are left.
  await leader.kill();
  const killed = performance.now();
  targets.answer((name) => (name === 't7' ? 503 : 200));
  await until(() => visited(killed), { timeoutMs: 20_000, everyMs: 10, what: 'every target is visited again' });
  const again = performance.now() - killed;
  await until(() => receiver.taken().length > 0, { timeoutMs: 20_000, what: 'somebody tells of the one that is down' });
  const told = performance.now() - killed;
  await until(() => isShared(others, PROBES), { timeoutMs: 15_000, what: 'two hubs share the probes' });
  await passing(4 * INTERVAL);
  const end = performance.now();
  const doubles = doubledSince(targets, killed, end);

  figure(22, `${TARGETS} targets of three hubs, the leader killed: all checked again after`, seconds(again), '5 s');
  figure(22, 'first alert after the kill, judged by the new leader', seconds(told), '5 s + two intervals');
  figure(
    22,
    'longest gap of any target over the kill',
    `${seconds(longest(targets, quiet, end))} (in peace ${seconds(inPeace)})`,
    '5 s + one interval',
  );
  figure(22, 'checks that came double', String(doubles), '0');
  expect(again).toBeLessThan(5000);
  expect(told).toBeLessThan(5000 + 2 * INTERVAL);
  expect(doubles).toBe(0);
  expect(repeated(receiver)).toEqual([]);
  const [one] = others;
  const services = one ? await servicesAt(one, 20) : [];
  expect(services.filter(({ status }) => status === 'down').map(({ service }) => service)).toEqual(['t7']);
  // Nobody else was ever called down.
  expect(
    services.filter(({ service, history }) => service !== 't7' && history.some(({ status }) => status === 'down')),
  ).toEqual([]);
});

test('a leader that stands still for longer than its lease is replaced, and writes and tells nothing old when it wakes', async () => {
  const { targets, receiver, hubs, visited } = await crowd(2);
  const leader = await leaderOf(hubs);
  const other = hubs.find((hub) => hub !== leader) as typeof leader;
  process.kill(leader.pid, 'SIGSTOP');
  const stopped = performance.now();
  await until(() => visited(stopped), { timeoutMs: 20_000, everyMs: 10, what: 'every target is visited again' });
  const again = performance.now() - stopped;
  targets.answer((name) => (name === 't3' ? 503 : 200));
  await until(() => receiver.taken().length > 0, { timeoutMs: 20_000, what: 'the other one tells' });
  await until(async () => (await servicesAt(other)).find(({ service }) => service === 't3')?.status === 'down', {
    what: 'it shows',
  });
  await passing(6 * INTERVAL);

  process.kill(leader.pid, 'SIGCONT');
  const woken = performance.now();
  await until(() => isShared(hubs, PROBES), { timeoutMs: 20_000, what: 'both share the probes again' });
  await passing(5 * INTERVAL);
  const end = performance.now();
  const doubles = doubledSince(targets, stopped, end);
  figure(22, 'leader stopped for longer than its lease: all targets checked again after', seconds(again), '5 s');
  figure(22, 'checks that came double over its sleep and its return', String(doubles), '0');
  figure(22, 'longest gap of any target when it came back', seconds(longest(targets, woken, end)), '1.5 intervals');
  figure(22, 'notifications repeated', String(repeated(receiver).length), '0');
  expect(again).toBeLessThan(5000);
  expect(doubles).toBe(0);
  expect(longest(targets, woken, end)).toBeLessThan(1.5 * INTERVAL + 250);
  expect(repeated(receiver)).toEqual([]);
  const opened = receiver.taken().filter(({ body }) => JSON.parse(body).type === 'alert.opened');
  expect(opened).toHaveLength(1);
  // What the sleeper saw before it slept does not come back as news.
  for (const hub of hubs) expect((await servicesAt(hub)).find(({ service }) => service === 't3')?.status).toBe('down');
  const history = (await servicesAt(other, 30)).flatMap((service) =>
    service.history.map(({ at }) => `${service.service} ${at}`),
  );
  expect(new Set(history).size).toBe(history.length);
});

test('hubs that are replaced one after the other leave no target waiting', async () => {
  const { targets, hubs } = await crowd(3, CALM_INTERVAL);
  const quiet = performance.now();
  await passing(3 * CALM_INTERVAL);
  const peace = longest(targets, quiet, performance.now());
  const [first, second, third] = hubs as [(typeof hubs)[0], (typeof hubs)[0], (typeof hubs)[0]];
  const from = performance.now();
  expect((await first.stop()).code).toBe(0);
  await passing(2 * CALM_INTERVAL);
  expect((await second.stop()).code).toBe(0);
  await until(() => isShared([third], PROBES), { timeoutMs: 15_000, what: 'one hub has them all' });
  await passing(3 * CALM_INTERVAL);
  const end = performance.now();
  const gap = longest(targets, from, end);
  const doubles = doubledSince(targets, from, end);
  figure(
    22,
    'rolling stop of two of three hubs, longest gap',
    `${(gap / CALM_INTERVAL).toFixed(2)} intervals (in peace ${(peace / CALM_INTERVAL).toFixed(2)})`,
    '1.5',
  );
  figure(22, 'rolling stop, checks that came double', String(doubles), '0');
  expect(gap).toBeLessThan(Math.max(1.5 * CALM_INTERVAL, peace + CALM_INTERVAL / 2));
  expect(doubles).toBe(0);
});

const longest = (targets: Targets, from: number, to: number): number => Math.max(...gapsOf(targets.log, from, to));
const doubledSince = (targets: Targets, from: number, to: number): number => doublesOf(targets.log, from, to, CLOSER);
