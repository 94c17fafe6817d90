import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { CLOUDEVENT_BATCH_TYPE } from '@orrery/protocol';
import { startOurs } from './tools/hub.ts';
import { figure, quantile } from './tools/report.ts';

/**
 * What two hundred clients of the event stream that never read cost those who push: the time to take in 50 events with them, beside the
 * same without them on the same hub, in turns.
 */
const CLIENTS = 200;
const PER_KEY = 20;
const ROUNDS = 3;
const PUSHES = 40;
const FILLING = 80;
const EVENTS = 50;
const KEY = 'push-key-of-the-streams-bench-01';

const hub = await startOurs(
  `projects:\n  - { slug: loud, name: Loud, hubUrl: "http://127.0.0.1:9/", meshNs: loud.mesh, apiKey: ${KEY} }\n`,
);
const { hostname, port } = new URL(hub.url);
let sent = 0;

async function push(): Promise<number> {
  const events = Array.from({ length: EVENTS }, () => ({
    specversion: '1.0',
    id: `e-${sent++}`,
    source: 'urn:loud',
    type: 'loud.mesh.events.tick',
    data: { filling: 'x'.repeat(1000) },
  }));
  const began = performance.now();
  const response = await fetch(`${hub.url}/api/fed/events`, {
    method: 'POST',
    headers: { 'content-type': CLOUDEVENT_BATCH_TYPE, 'x-api-key': KEY },
    body: JSON.stringify(events),
  });
  const { accepted } = (await response.json()) as { accepted: number };
  if (accepted !== EVENTS) throw new Error(`${accepted} of ${EVENTS} events were accepted`);
  return performance.now() - began;
}

/** Opens the streams and leaves them unread; a key may have a few. Clients that take nothing are dropped after 20 s, so each wall is new. */
async function openWall(round: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let opened = 0; opened < CLIENTS; opened += PER_KEY) {
    const { body } = await hub.api.post<{ key: string }>('/api/keys', {
      name: `wall ${round} ${opened}`,
      role: 'operator',
    });
    for (let n = 0; n < PER_KEY; n++) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.pause();
      socket.write(`GET /ops/events/stream HTTP/1.1\r\nhost: ${hostname}\r\nx-api-key: ${body.key}\r\n\r\n`);
      sockets.push(socket);
    }
  }
  return sockets;
}

const streams = async () => Number(/^orrery_event_streams (\d+)$/m.exec((await hub.api.get('/metrics')).text)?.[1]);
const untilStreams = async (isEnough: (count: number) => boolean) => {
  while (!isEnough(await streams())) await wait(100);
};

const alone: number[] = [];
const beside: number[] = [];
// What the hub keeps of the newest events for all is there before anything is measured.
for (let n = 0; n < PUSHES; n++) await push();
for (let round = 0; round < ROUNDS; round++) {
  for (let n = 0; n < PUSHES; n++) alone.push(await push());
  const wall = await openWall(round);
  await untilStreams((count) => count >= CLIENTS);
  // Until the system's own buffers are full, every client still takes what it is sent.
  for (let n = 0; n < FILLING; n++) await push();
  for (let n = 0; n < PUSHES; n++) beside.push(await push());
  for (const socket of wall) socket.destroy();
  await untilStreams((count) => count === 0);
}
await hub.dispose();

for (const [share, word] of [
  [0.5, 'median'],
  [0.95, 'p95'],
] as const)
  figure({
    what: `taking in 50 events beside ${CLIENTS} clients that never read, ${word}`,
    unit: 'ms',
    ours: quantile(beside, share),
    peer: { name: 'the same hub without them', value: quantile(alone, share) },
  });
