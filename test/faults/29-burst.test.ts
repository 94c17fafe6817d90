import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Alert, CLOUDEVENT_BATCH_TYPE, type OpsEvent } from '@orrery/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { figure, mebibytes, seconds } from '../services/figures.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { memoryOf, metricOf } from '../services/memory.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';
import { pushElsewhere, quantile, startPusher } from './pusher.ts';
import { passing } from './strangers.ts';

/** Fault 29: ten times the load, and everything that fails in the same second. */
const MEBIBYTE = 1024 * 1024;
const BURST_MS = 5000;
const keyOf = (slug: string) => `push-key-of-${slug}-0000000000`;
const pushing = (slug: string) =>
  `  - { slug: ${slug}, name: ${slug}, hubUrl: "http://127.0.0.1:9/", meshNs: ${slug}.mesh, apiKey: ${keyOf(slug)} }`;

test('one project that pushes ten times what it may is slowed down, alone, and loses nothing that was acknowledged', async () => {
  const hub = await during(
    startHub({
      env: { NODE_OPTIONS: '--max-old-space-size=128' },
      yaml: `projects:\n${['loud', 'calm-a', 'calm-b'].map(pushing).join('\n')}\nnetwork: { allowPrivate: true }\n`,
    }),
    (opened) => opened.dispose(),
  );
  const calmOnes = ['calm-a', 'calm-b'];
  const calm = await Promise.all(
    calmOnes.map((slug) =>
      during(
        startPusher({
          ...{ url: hub.url, slug, key: keyOf(slug), eventsPerRequest: 1, bytes: 200 },
          ...{ workers: 1, everyMs: 20 },
        }),
        (pusher) => pusher.stop(),
      ),
    ),
  );
  await passing(3000);
  const quiet = { rss: memoryOf(hub.pid), answers: calm.flatMap(({ answers }) => answers) };
  const from = performance.now();
  // Thousands of events a second, each in a request of its own, from two hundred at once that have no patience with a refusal.
  const load = pushElsewhere({
    ...{ url: hub.url, slug: 'loud', key: keyOf('loud'), eventsPerRequest: 1, bytes: 200 },
    ...{ workers: 200, everyMs: 20, again: false },
  });
  let peak = 0;
  const pages: number[] = [];
  const reading = readPages(hub, pages, () => performance.now() - from > BURST_MS);
  await passing(BURST_MS, () => {
    peak = Math.max(peak, memoryOf(hub.pid));
  });
  const loud = await load.stop();
  await reading;
  const calmed = performance.now();
  // What it may send in a minute is used up as well: room for forty more is back after a fifth of a second.
  await passing(1000);
  const rested = performance.now();
  // However fast the machine is: bodies that are begun and not ended fill the room that one caller has, and nobody else's.
  const begun = await Promise.all(Array.from({ length: 40 }, () => beginBody(hub.url, keyOf('loud'))));
  onTestFinished(() => {
    for (const { socket } of begun) socket.destroy();
  });
  await until(() => begun.filter(({ said }) => said() !== '').length === 8, { what: 'eight of forty are put off' });
  for (const { said } of begun) if (said() !== '') expect(said()).toMatch(/^HTTP\/1\.1 429 [\s\S]*retry-after: 1/i);
  const taken = calm[0]?.acked.size ?? 0;
  await until(() => (calm[0]?.acked.size ?? 0) > taken + 3, { what: 'the others are served meanwhile' });
  const meanwhile = calm.flatMap(({ answers }) =>
    answers.filter(({ at }) => (at > from && at < calmed) || at > rested),
  );
  for (const pusher of calm) await pusher.stop();

  const perSecond = (count: number) => Math.round((count / BURST_MS) * 1000);
  const sent = perSecond(loud.acked.size + loud.refusals.length);
  figure(29, 'requests a second of the loud project: sent, taken', `${sent}, ${perSecond(loud.acked.size)}`, 'none');
  const put = [...Map.groupBy(loud.refusals, ({ status }) => status)].map(
    ([status, all]) => `${all.length} × ${status}`,
  );
  figure(29, 'put off', put.join(', ') || 'none', '429 or 503, with Retry-After');
  for (const { status, retryAfter } of loud.refusals) {
    expect([429, 503]).toContain(status);
    expect(Number(retryAfter)).toBeGreaterThan(0);
  }
  let lost = 0;
  for (const [n, slug] of ['loud', ...calmOnes].entries()) {
    const ids = new Set(await eventIds(hub, slug));
    lost += [...((n === 0 ? loud : calm[n - 1])?.acked ?? [])].filter((id) => !ids.has(id)).length;
  }
  figure(29, 'acknowledged events lost', String(lost), '0');
  expect(lost).toBe(0);
  const p95 = (answers: readonly { ms: number }[]) =>
    quantile(
      answers.map(({ ms }) => ms),
      0.95,
    );
  const [usual, now, own] = [p95(quiet.answers), p95(meanwhile), p95(loud.answers)];
  const held = calm.flatMap(({ refusals }) => refusals).length;
  const served = `${seconds(now)} (in peace ${seconds(usual)}, the loud one ${seconds(own)}); ${held}`;
  figure(29, 'other projects: p95; put off', served, 'no slower than the loud one, 0; the row says twice');
  figure(29, 'a page of the console, p95 under load', seconds(quantile(pages, 0.95)), 'none; the row says 300 ms');
  figure(29, 'resident memory over the quiet level', mebibytes(peak - quiet.rss), '160 MiB');
  expect(held).toBe(0);
  // One project fills the queue, and the others go past it.
  expect(now).toBeLessThan(Math.max(own * 1.25, usual * 2, 100));
  expect(peak - quiet.rss).toBeLessThan(160 * MEBIBYTE);
});

/** Begins a request whose body never comes, and keeps what is answered to it. */
async function beginBody(url: string, key: string): Promise<{ socket: Socket; said(): string }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let said = '';
  socket.on('data', (chunk) => {
    said += chunk.toString();
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const head = ['POST /api/fed/events HTTP/1.1', `host: ${hostname}`, `x-api-key: ${key}`, 'content-length: 1000'];
  socket.write([...head, `content-type: ${CLOUDEVENT_BATCH_TYPE}`, '', '['].join('\r\n'));
  return { socket, said: () => said };
}

/** Asks for what the console's overview shows, one after the other, and notes how long each took. */
async function readPages(hub: RunningHub, times: number[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const began = performance.now();
    await hub.api.read('/api/fed/graph');
    times.push(performance.now() - began);
    await pause(50);
  }
}

async function eventIds(hub: RunningHub, project: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page: { items: OpsEvent[]; nextCursor?: string } = await hub.api.read(
      `/ops/events/recent?project=${project}&limit=500${cursor ? `&cursor=${cursor}` : ''}`,
    );
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor);
  return ids;
}

test('1,000 targets that all fail at once: every alert is there in time, each once', async () => {
  const TARGETS = 1000;
  let well = true;
  // When each target was first seen to fail, by the target's own clock.
  const failedAt = new Map<string, number>();
  const server = createServer(({ url: path = '' }, response) => {
    if (!well && !failedAt.has(path)) failedAt.set(path, performance.now());
    response.writeHead(well ? 200 : 500).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const projects = Array.from({ length: 50 }, (_, p) => {
    const services = Array.from(
      { length: TARGETS / 50 },
      (_, s) =>
        `      - { name: s${s}, probes: [{ kind: http, url: "${url}/${p}/${s}", interval: 5s, timeout: 2s, failAfter: 1, recoverAfter: 1 }] }`,
    );
    return `  - slug: p${p}\n    name: P${p}\n    hubUrl: ${url}\n    services:\n${services.join('\n')}`;
  });
  const hub = await during(
    startHub({ yaml: `projects:\n${projects.join('\n')}\nnetwork: { allowPrivate: true }\n` }),
    (opened) => opened.dispose(),
  );
  await until(async () => (await metricOf(hub, 'orrery_probes', { status: 'up' })) === TARGETS, {
    timeoutMs: 20_000,
    everyMs: 200,
    what: 'all are up',
  });
  const before = memoryOf(hub.pid);
  well = false;
  const from = performance.now();
  let peak = before;
  await until(
    async () => {
      peak = Math.max(peak, memoryOf(hub.pid));
      return (await metricOf(hub, 'orrery_alerts')) >= TARGETS;
    },
    { timeoutMs: 40_000, everyMs: 100, what: 'every alert is there' },
  );
  const now = performance.now();
  const after = now - from;
  const lag = now - Math.max(...failedAt.values());
  const alerts: Alert[] = [];
  let cursor: string | undefined;
  do {
    const page: { items: Alert[]; nextCursor?: string } = await hub.api.read(
      `/api/fed/alerts?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
    );
    alerts.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  const subjects = new Set(alerts.map(({ project, service }) => `${project}/${service}`));
  figure(29, `${TARGETS} targets failed at once: all alerts visible after`, seconds(after), 'T + 5 s = 10 s');
  figure(29, 'of that, after the last of them had been seen to fail', seconds(lag), '5 s');
  figure(29, 'alerts, of how many subjects', `${alerts.length}, ${subjects.size}`, `${TARGETS}, ${TARGETS}`);
  figure(29, 'resident memory over the quiet level', mebibytes(peak - before), '160 MiB');
  expect(lag).toBeLessThan(5000);
  expect(alerts.length).toBe(TARGETS);
  expect(subjects.size).toBe(TARGETS);
  expect(peak - before).toBeLessThan(160 * MEBIBYTE);
});
