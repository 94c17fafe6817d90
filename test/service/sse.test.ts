import { connect, type Socket } from 'node:net';
import { CLOUDEVENT_BATCH_TYPE } from '@orrery/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import { memoryOf } from '../services/memory.ts';
import { until } from '../services/until.ts';

/** Fault 33: browsers that open the event stream and never read it. */
const CLIENTS = 200;
const PER_KEY = 20;
const PUSH_KEY = 'push-key-of-the-sse-suite-00001';
let hub: RunningHub;
const sockets: Socket[] = [];

beforeAll(async () => {
  hub = await startHub({
    // Little heap: the engine cannot hide what is kept behind what it has not yet collected, and what is not bounded ends the hub.
    env: { NODE_OPTIONS: '--max-old-space-size=128' },
    yaml: `projects:\n  - { slug: loud, name: Loud, hubUrl: "http://127.0.0.1:9/", meshNs: loud.mesh, apiKey: ${PUSH_KEY} }\n`,
  });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await hub?.dispose();
});

test(`${CLIENTS} clients that never read cost a bounded buffer each, and a client that reads misses nothing`, async () => {
  const alone = await timePushes(1000, 1060);
  const before = { memory: memoryOf(hub.pid), external: await heldOutside(1061) };
  await openWall();
  // Until the system's own buffers are full, every client still takes what it is sent.
  await timePushes(1100, 1140);
  const full = memoryOf(hub.pid);
  const reader = readStream();
  await until(() => reader.connected(), { what: 'the reader is connected' });
  const loaded = await timePushes(21, 100);
  const after = { memory: memoryOf(hub.pid), external: await heldOutside(101) };
  await until(() => reader.ids.has('e-100-49'), { timeoutMs: 15_000, what: 'the reader has the newest event' });
  reader.stop();

  for (let round = 21; round <= 100; round++)
    for (let n = 0; n < 50; n++) expect(reader.ids.has(`e-${round}-${n}`), `e-${round}-${n}`).toBe(true);
  expect(reader.repeats()).toBe(0);
  // Eight megabytes of events for each of them later (1.6 GB in all), next to nothing more is kept, and ingest is as quick as with nobody there.
  expect(after.memory - full).toBeLessThan(96 * 1024 * 1024);
  expect(after.external - before.external).toBeLessThan(CLIENTS * 3 * 64 * 1024);
  expect(after.memory - before.memory).toBeLessThan(320 * 1024 * 1024);
  expect(median(loaded)).toBeLessThan(Math.max(median(alone) * 3, 150));
  // Whoever takes nothing for 20 s is dropped.
  await until(async () => (await gauge('orrery_event_streams')) < 5, {
    timeoutMs: 40_000,
    everyMs: 500,
    what: 'the dead clients are gone',
  });
}, 120_000);

test('a stream that comes back with its last id gets what it missed, once', async () => {
  const first = readStream();
  await until(() => first.connected(), { what: 'connected' });
  await push(500, 5);
  await until(() => first.ids.has('e-500-4'), { what: 'the first events' });
  first.stop();
  await push(501, 5);
  const second = readStream(first.lastId());
  await push(502, 5);
  await until(() => second.ids.has('e-502-4'), { what: 'the newest event' });
  second.stop();
  for (const id of ['e-501-0', 'e-501-4', 'e-502-0']) expect(second.ids.has(id)).toBe(true);
  expect(second.ids.has('e-500-4')).toBe(false);
  expect(second.repeats()).toBe(0);
});

async function openWall(): Promise<void> {
  for (let opened = 0; opened < CLIENTS; opened += PER_KEY) {
    const { body } = await hub.api.post<{ key: string }>('/api/keys', {
      name: `wall ${opened}`,
      role: 'operator',
    });
    for (let n = 0; n < PER_KEY; n++) sockets.push(await openAndNeverRead(body.key));
  }
  await until(async () => (await gauge('orrery_event_streams')) >= CLIENTS, {
    what: 'all of them are connected',
  });
}

async function gauge(name: string): Promise<number> {
  const { text } = await hub.api.get('/metrics');
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

async function openAndNeverRead(key: string): Promise<Socket> {
  const { hostname, port } = new URL(hub.url);
  const socket = connect({ port: Number(port), host: hostname });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(`GET /ops/events/stream HTTP/1.1\r\nhost: ${hostname}\r\nx-api-key: ${key}\r\n\r\n`);
  return socket;
}

/** Sends one batch of events of 2 kB each. */
async function push(round: number, count: number): Promise<void> {
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

async function timePushes(from: number, to: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = from; round <= to; round++) {
    const started = performance.now();
    await push(round, 50);
    times.push(performance.now() - started);
  }
  return times;
}

const median = (times: number[]) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;

/** Bytes outside the heap that something still holds: the least seen over some rounds, for what waits for collection comes and goes. */
async function heldOutside(from: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = from; round < from + 20; round++) {
    await push(round, 50);
    least = Math.min(least, await gauge('orrery_nodejs_external_memory_bytes'));
  }
  return least;
}

/** A client that reads, and comes back where it was when it is dropped, as a browser does. */
function readStream(lastEventId?: string) {
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
