import { connect, type Socket } from 'node:net';
import { CLOUDEVENT_BATCH_TYPE } from '@orrery/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { figure, mebibytes, seconds } from '../services/figures.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { type Held, heldBy, MEASURED, metricOf } from '../services/memory.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';

/** Fault 33: browsers that open the event stream and never read it. */
const CLIENTS = 200;
const PER_KEY = 20;
const KIBIBYTE = 1024;
const PUSH_KEY = 'push-key-of-the-sse-suite-00001';

/** A hub with little heap: the engine cannot hide what is kept behind what it has not yet collected. */
const startLoud = () =>
  during(
    startHub({
      env: { NODE_OPTIONS: MEASURED },
      yaml: `projects:\n  - { slug: loud, name: Loud, hubUrl: "http://127.0.0.1:9/", meshNs: loud.mesh, apiKey: ${PUSH_KEY} }\n`,
    }),
    (hub) => hub.dispose(),
  );

test(`${CLIENTS} clients that never read cost a bounded buffer each, and a client that reads misses nothing`, async () => {
  const hub = await startLoud();
  // As many events as those at hand, so that what the hub keeps for everyone is there before the wall is.
  await timePushes(hub, 1000, 1030);
  const alone = await timePushes(hub, 1031, 1060);
  const before = await heldBy(hub);
  const sockets = await openWall(hub);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  // Until the system's own buffers are full, every client still takes what it is sent.
  await timePushes(hub, 1100, 1140);
  const full = await heldBy(hub);
  const reader = readStream(hub);
  await until(() => reader.connected(), { what: 'the reader is connected' });
  const loaded = await timePushes(hub, 21, 80);
  const after = await heldBy(hub);
  expect(await metricOf(hub, 'orrery_event_streams')).toBeGreaterThan(CLIENTS);
  await until(() => reader.ids.has('e-80-49'), { timeoutMs: 15_000, what: 'the reader has the newest event' });
  reader.stop();

  for (let round = 21; round <= 80; round++)
    for (let n = 0; n < 50; n++) expect(reader.ids.has(`e-${round}-${n}`), `e-${round}-${n}`).toBe(true);
  expect(reader.repeats()).toBe(0);
  // Six megabytes of events for each of them (1.2 GB in all).
  const each = (now: Held, what: 'heapUsed' | 'external') => (now[what] - before[what]) / CLIENTS / KIBIBYTE;
  const buffers = each(after, 'external');
  const parts = `${buffers.toFixed(1)} KiB of buffers, ${each(after, 'heapUsed').toFixed(1)} KiB of objects`;
  figure(33, 'held for one dead client', parts, '64 KiB of buffers');
  const more = after.heapUsed + after.external - full.heapUsed - full.external;
  figure(33, 'held more after 6 MB of further events for each', mebibytes(more), '16 MiB');
  const resident = `${mebibytes(full.rss - before.rss)}, and ${mebibytes(after.rss - full.rss)} more`;
  figure(33, `resident memory, ${CLIENTS} clients`, resident, 'none; the row says 12.5 MiB');
  const pace = `${seconds(median(loaded))} (alone ${seconds(median(alone))})`;
  figure(33, 'ingest of 50 events, median', pace, '3 times, or 150 ms');
  expect(buffers).toBeLessThan(64);
  // With a share of the newest events, which are kept once for all of them.
  expect(each(after, 'heapUsed')).toBeLessThan(96);
  expect(more).toBeLessThan(16 * 1024 * KIBIBYTE);
  expect(after.rss - full.rss).toBeLessThan(96 * 1024 * KIBIBYTE);
  expect(after.rss - before.rss).toBeLessThan(320 * 1024 * KIBIBYTE);
  expect(median(loaded)).toBeLessThan(Math.max(median(alone) * 3, 150));
  // Whoever takes nothing for 20 s is dropped.
  await until(async () => (await metricOf(hub, 'orrery_event_streams')) < 5, {
    timeoutMs: 40_000,
    everyMs: 500,
    what: 'the dead clients are gone',
  });
}, 120_000);

test('a stream that comes back with its last id gets what it missed, once', async () => {
  const hub = await startLoud();
  const first = readStream(hub);
  await until(() => first.connected(), { what: 'connected' });
  await push(hub, 500, 5);
  await until(() => first.ids.has('e-500-4'), { what: 'the first events' });
  first.stop();
  await push(hub, 501, 5);
  const second = readStream(hub, first.lastId());
  await push(hub, 502, 5);
  await until(() => second.ids.has('e-502-4'), { what: 'the newest event' });
  second.stop();
  for (const id of ['e-501-0', 'e-501-4', 'e-502-0']) expect(second.ids.has(id)).toBe(true);
  expect(second.ids.has('e-500-4')).toBe(false);
  expect(second.repeats()).toBe(0);
});

async function openWall(hub: RunningHub): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let opened = 0; opened < CLIENTS; opened += PER_KEY) {
    const { body } = await hub.api.post<{ key: string }>('/api/keys', {
      name: `wall ${opened}`,
      role: 'operator',
    });
    for (let n = 0; n < PER_KEY; n++) sockets.push(await openAndNeverRead(hub, body.key));
  }
  await until(async () => (await metricOf(hub, 'orrery_event_streams')) >= CLIENTS, {
    what: 'all of them are connected',
  });
  return sockets;
}

async function openAndNeverRead(hub: RunningHub, key: string): Promise<Socket> {
  const { hostname, port } = new URL(hub.url);
  const socket = connect({ port: Number(port), host: hostname });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(`GET /ops/events/stream HTTP/1.1\r\nhost: ${hostname}\r\nx-api-key: ${key}\r\n\r\n`);
  return socket;
}

/** Sends one batch of events of 2 kB each. */
async function push(hub: RunningHub, round: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, n) => ({
    specversion: '1.0',
    id: `e-${round}-${n}`,
    source: 'urn:loud',
    type: 'loud.mesh.events.noise',
    time: new Date().toISOString(),
    data: { noise: 'x'.repeat(2000) },
  }));
  const response = await fetch(`${hub.url}/api/fed/events`, {
    method: 'POST',
    headers: { 'content-type': CLOUDEVENT_BATCH_TYPE, 'x-api-key': PUSH_KEY },
    body: JSON.stringify(events),
  });
  expect(response.status, await response.clone().text()).toBe(200);
}

async function timePushes(hub: RunningHub, from: number, to: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = from; round <= to; round++) {
    const started = performance.now();
    await push(hub, round, 50);
    times.push(performance.now() - started);
  }
  return times;
}

const median = (times: number[]) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;

/** A client that reads, and comes back where it was when it is dropped, as a browser does. */
function readStream(hub: RunningHub, lastEventId?: string) {
  const abort = new AbortController();
  const ids = new Set<string>();
  let last = lastEventId;
  let connected = false;
  let repeats = 0;
  const take = (block: string) => {
    const id = /^id: (.*)$/m.exec(block)?.[1];
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (id === undefined || data === undefined) return;
    last = id;
    const event: { id: string } = JSON.parse(data);
    if (ids.has(event.id)) repeats++;
    ids.add(event.id);
  };
  const run = async () => {
    while (!abort.signal.aborted) {
      try {
        const response = await fetch(`${hub.url}/ops/events/stream`, {
          headers: { 'x-api-key': hub.key, ...(last === undefined ? {} : { 'last-event-id': last }) },
          signal: abort.signal,
        });
        let text = '';
        for await (const chunk of response.body ?? []) {
          connected = true;
          text += Buffer.from(chunk).toString();
          const blocks = text.split('\n\n');
          text = blocks.pop() ?? '';
          for (const block of blocks) take(block);
        }
      } catch {
        // Dropped or stopped: the loop decides.
      }
    }
  };
  void run();
  return { ids, connected: () => connected, lastId: () => last, repeats: () => repeats, stop: () => abort.abort() };
}
