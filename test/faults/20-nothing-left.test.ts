import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Alert, OpsHealth, PublicHealth } from '@orrery/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { figure, seconds } from '../services/figures.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { metricOf } from '../services/memory.ts';
import { type FakeProduct, startProduct } from '../services/product.ts';
import { smallDisk } from '../services/small-disk.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';
import { startPusher } from './pusher.ts';

/** Fault 20: no space on the disk, no descriptor to open. */
const PUSH_KEY = 'push-key-of-the-full-disk-suite1';
const DISK_MIB = 12;
const FEW_FILES = ['sh', '-c', 'ulimit -n 256; exec "$@"', 'sh'];

const yaml = (product: FakeProduct) => `projects:
  - { slug: pusher, name: Pusher, hubUrl: "http://127.0.0.1:9/", meshNs: pusher.mesh, apiKey: ${PUSH_KEY} }
  - slug: watched
    name: Watched
    hubUrl: ${product.url}
    services:
      - { name: api, probes: [{ kind: http, url: "${product.url}/probed", interval: 1s, timeout: 700ms, failAfter: 1, recoverAfter: 1 }] }
network: { allowPrivate: true }
`;

const health = async (hub: RunningHub) => (await hub.api.get<PublicHealth>('/health')).body?.status;
const services = async (hub: RunningHub) => (await hub.api.read<OpsHealth>('/ops/health?history=500')).services;
const isWatched = async (hub: RunningHub) => (await services(hub)).some(({ status }) => status === 'up');
const probed = (product: FakeProduct) => product.hits.filter(({ path }) => path === '/probed').length;

test('a full disk leaves the last state readable, goes on probing, recovers by itself, and harms no file', async () => {
  const product = await during(startProduct('watched'), (opened) => opened.stop());
  const disk = await during(smallDisk(DISK_MIB), (opened) => opened.remove());
  let hub = await startHub({ yaml: yaml(product), dataDir: disk.dir, wrap: disk.wrap });
  onTestFinished(() => hub.dispose());
  disk.resize(DISK_MIB, hub.pid);
  await until(() => isWatched(hub), { what: 'the product is watched' });
  const pusher = await during(
    startPusher({ url: hub.url, slug: 'pusher', key: PUSH_KEY, workers: 4, eventsPerRequest: 20, bytes: 4000 }),
    (opened) => opened.stop(),
  );
  await until(async () => (await health(hub)) === 'degraded' && pusher.refusals.length > 5, {
    timeoutMs: 30_000,
    what: 'the disk is full, and the hub says so',
  });
  const full = pusher.acked.size;
  // What was there can be read, and probing goes on; what it sees waits in memory.
  expect(full).toBeGreaterThan(100);
  expect(await isWatched(hub)).toBe(true);
  expect((await hub.api.get('/ops/events/recent?limit=5')).status).toBe(200);
  const before = probed(product);
  await until(() => probed(product) >= before + 4, { what: 'four more checks' });
  for (const { status, retryAfter } of pusher.refusals) {
    expect([429, 503]).toContain(status);
    expect(Number(retryAfter)).toBeGreaterThan(0);
  }

  disk.resize(DISK_MIB * 20, hub.pid);
  const from = performance.now();
  await until(async () => (await health(hub)) === 'healthy' && pusher.acked.size > full, {
    timeoutMs: 30_000,
    what: 'the hub is well again',
  });
  const back = performance.now() - from;
  await pusher.stop();
  await until(async () => (await metricOf(hub, 'orrery_checks_waiting')) === 0, { what: 'no check waits' });
  const [service] = (await services(hub)).filter(({ project }) => project === 'watched');
  expect(service?.history.filter(({ status }) => status !== 'up')).toEqual([]);
  expect((await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?project=watched')).items).toEqual([]);

  // The worst end while at it; then the file itself is asked.
  await hub.kill();
  const file = new DatabaseSync(join(disk.dir, 'orrery.db'));
  const check = file.prepare('PRAGMA integrity_check').all();
  const rows = file.prepare(`SELECT id FROM events WHERE project = 'pusher'`).all();
  file.close();
  const stored = new Set(rows.map(({ id }) => String(id)));
  const lost = [...pusher.acked].filter((id) => !stored.has(id)).length;
  figure(20, `full ${disk.kind}: well again after there was space`, seconds(back), '30 s');
  figure(20, `of ${pusher.acked.size} acknowledged events lost, corrupt files`, `${lost}, ${check.length - 1}`, '0, 0');
  expect(check).toEqual([{ integrity_check: 'ok' }]);
  expect(lost).toBe(0);
  expect(back).toBeLessThan(30_000);
  hub = await startHub({ dataDir: disk.dir, wrap: disk.wrap });
  await until(() => isWatched(hub), { what: 'a hub begins on this folder again' });
});

test('256 descriptors and 400 callers that hold theirs: the hub goes on probing, calls nobody ill, and answers again', async () => {
  const product = await during(startProduct('watched'), (opened) => opened.stop());
  const hub = await during(startHub({ yaml: yaml(product), wrap: FEW_FILES }), (opened) => opened.dispose());
  await until(() => isWatched(hub), { what: 'the product is watched' });
  const { hostname, port } = new URL(hub.url);
  const sockets: Socket[] = [];
  const closeAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(closeAll);
  let turnedAway = 0;
  for (let n = 0; n < 400; n++) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.on('close', () => turnedAway++);
    sockets.push(socket);
  }
  await until(() => turnedAway > 200, { what: 'those who are too many are turned away' });
  const before = probed(product);
  await until(() => probed(product) >= before + 5, { what: 'five more checks' });
  const held = sockets.length - turnedAway;
  closeAll();
  const from = performance.now();
  await until(async () => (await health(hub)) === 'healthy', { what: 'it answers again' });
  const back = performance.now() - from;
  const [service] = (await services(hub)).filter(({ project }) => project === 'watched');
  const wrong = service?.history.filter(({ status }) => status !== 'up') ?? [];
  const alerts = (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?project=watched')).items;
  figure(20, '256 descriptors, 400 callers: held; false alarms', `${held}; ${wrong.length + alerts.length}`, '128; 0');
  figure(20, 'answers again after they left', seconds(back), '30 s');
  expect(held).toBeLessThanOrEqual(128);
  expect(wrong).toEqual([]);
  expect(alerts).toEqual([]);
});
