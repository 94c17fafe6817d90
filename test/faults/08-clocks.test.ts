import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Alert } from '@orrery/protocol';
import { expect, test } from 'vitest';
import { figure, seconds } from '../services/figures.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { servicesAt } from '../services/several-hubs.ts';
import { gapsOf, startTargets } from '../services/targets.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';
import { passing } from './strangers.ts';

/** Fault 8: clocks that are wrong, are set, or stand still with the whole hub. */
const INTERVAL = 1000;
const HOUR = 3_600_000;
const CLOCK = fileURLToPath(new URL('../services/clock.mjs', import.meta.url));

/** A clock that a test sets for a hub. */
function settableClock() {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-clock-'));
  const file = join(folder, 'off');
  const set = (ms: number) => {
    writeFileSync(`${file}.new`, String(ms));
    renameSync(`${file}.new`, file);
  };
  set(0);
  return {
    env: { NODE_OPTIONS: `--import=${CLOCK}`, ORRERY_TEST_CLOCK: file },
    set,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** An instance whose clock is off by so many ms. */
async function startInstance(slug: string, off: number) {
  const server = createServer((request, response) => {
    const timestamp = new Date(Date.now() + off).toISOString();
    const path = request.url?.split('?')[0];
    const body =
      path === '/api/metrics'
        ? { site_key: slug, timestamp, metrics: { 'queue.depth': 3 } }
        : path === '/api/logs'
          ? { entries: [{ at: timestamp, level: 'info', message: 'works' }] }
          : { status: 'healthy', checks: { database: true }, timestamp, version: '1.0.0' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function world(count: number) {
  const clock = await during(settableClock(), (opened) => opened.remove());
  const targets = await during(startTargets(count), (opened) => opened.stop());
  const instances = await Promise.all(
    [HOUR, -HOUR].map((off, n) => during(startInstance(`skewed${n}`, off), (opened) => opened.stop())),
  );
  const yaml = `projects:
  - slug: crowd
    name: Crowd
    hubUrl: ${targets.url}
    services:
${targets.names.map((name) => `      - { name: ${name}, probes: [{ kind: http, url: "${targets.url}/${name}", interval: ${INTERVAL}ms, timeout: 500ms, failAfter: 2 }] }`).join('\n')}
${instances
  .map(
    ({ url }, n) =>
      `  - { slug: skewed${n}, name: Skewed, hubUrl: "${url}", services: [{ name: api, probes: [{ kind: instance, interval: 1s, timeout: 500ms, failAfter: 2 }] }] }`,
  )
  .join('\n')}
network: { allowPrivate: true }
freshness: { offlineAfter: 20s }
`;
  const hub = await during(startHub({ yaml, env: clock.env }), (opened) => opened.dispose());
  await until(async () => (await servicesAt(hub)).every(({ status }) => status === 'up'), {
    timeoutMs: 20_000,
    what: 'all are up',
  });
  return { clock, targets, hub };
}

const alertsOf = async (hub: RunningHub) => (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?limit=200')).items;

test('a hub whose clock is set by an hour, either way, goes on as if it were not, and instances live in their own time', async () => {
  const { clock, targets, hub } = await world(20);
  const gap = (from: number) => Math.max(...gapsOf(targets.log, from, performance.now()));
  const quiet = performance.now();
  await passing(3 * INTERVAL);
  const peace = gap(quiet);
  const from = performance.now();
  for (const off of [HOUR, 0, -HOUR, 0]) {
    clock.set(off);
    await passing(4 * INTERVAL);
  }
  const worst = gap(from);
  figure(
    8,
    'false alerts while the clock goes an hour forth, back, back again and forth',
    String((await alertsOf(hub)).length),
    '0',
  );
  figure(
    8,
    'longest gap of any target meanwhile',
    `${(worst / INTERVAL).toFixed(2)} intervals (in peace ${(peace / INTERVAL).toFixed(2)})`,
    '1.2',
  );
  expect((await alertsOf(hub)).map(({ title }) => title)).toEqual([]);
  expect(worst).toBeLessThan(Math.max(1.2 * INTERVAL, peace + 0.5 * INTERVAL));

  // And what is really down is found in whatever time it is.
  for (const [n, off] of [HOUR, -HOUR].entries()) {
    clock.set(off);
    await passing(500);
    const failed = performance.now();
    targets.answer((name) => (name === `t${n}` ? 503 : 200));
    await until(
      async () => (await alertsOf(hub)).some(({ service, status }) => service === `t${n}` && status === 'open'),
      {
        timeoutMs: 20_000,
        what: `an alert with the clock ${off} ms off`,
      },
    );
    figure(
      8,
      `a target that fails with the clock off by ${off / HOUR} h is told of after`,
      seconds(performance.now() - failed),
      'two intervals + 1 s',
    );
    targets.answer(() => 200);
    await until(async () => (await alertsOf(hub)).every(({ status }) => status === 'resolved'), {
      timeoutMs: 20_000,
      what: 'it is over',
    });
  }
  expect((await alertsOf(hub)).length).toBe(2);
});

test('a hub that is stopped for longer than everything accuses nobody when it goes on, and makes up for one check at most', async () => {
  const { targets, hub } = await world(20);
  process.kill(hub.pid, 'SIGSTOP');
  const stopped = performance.now();
  await passing(25_000);
  process.kill(hub.pid, 'SIGCONT');
  const woken = performance.now();
  await passing(6 * INTERVAL);
  const end = performance.now();
  const visits = targets.names.map((name) => targets.log.get(name)?.filter((at) => at > woken).length ?? 0);
  const paced = Math.ceil((end - woken) / INTERVAL);
  figure(
    8,
    `stopped for ${seconds(woken - stopped)}: checks of one target in the ${seconds(end - woken)} after`,
    String(Math.max(...visits)),
    `${paced} and one more`,
  );
  expect(Math.max(...visits)).toBeLessThanOrEqual(paced + 1);
  expect(Math.min(...visits)).toBeGreaterThanOrEqual(3);
  figure(8, 'false alerts after it', String((await alertsOf(hub)).length), '0');
  expect((await alertsOf(hub)).map(({ title }) => title)).toEqual([]);
  const services = await servicesAt(hub, 50);
  expect(services.flatMap(({ history }) => history.filter(({ status }) => status === 'down'))).toEqual([]);
});
