import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { until } from '../../../../../test/services/until.ts';
import { systemClock } from '../clock.ts';
import { createOutbound } from '../outbound.ts';
import { nameServer } from './nameserver.fixture.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0)) await step();
});

/** A server that takes no connection until it is let go: its queue is full, and whoever comes next is not answered. */
async function farServer(host: string) {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const server = require('node:http').createServer((_, response) => response.end('ok'));
     server.listen({ port: 0, host: workerData.host, backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => Atomics.wait(workerData.gate, 0, 0));
     });`,
    { eval: true, workerData: { gate, host } },
  );
  const open = () => {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  };
  cleanUp.push(() => {
    open();
    return worker.terminate();
  });
  const [port]: number[] = await once(worker, 'message');
  const queue: Socket[] = [];
  cleanUp.push(() => queue.map((socket) => socket.destroy()));
  const one = () => {
    queue.push(connect({ host, port: port ?? 0 }).on('error', () => undefined));
    return queue.at(-1);
  };
  for (let i = 0; i < 8; i++) one();
  await until(() => queue.some(({ connecting }) => !connecting), { what: 'the server listens' });
  return { port, open };
}

test('an address that answers late is waited for when the others lead nowhere', async () => {
  const far = await farServer('127.0.0.2');
  const { server } = await nameServer(
    () => ['127.0.0.2', '127.0.0.3'],
    (step) => cleanUp.push(step),
  );
  const outbound = createOutbound({ clock: systemClock, allowPrivate: true, nameServers: [server] });
  cleanUp.push(outbound.close);
  const begun = performance.now();
  const asked = outbound.request({ url: `http://far.test.example:${far.port}/`, timeoutMs: 30_000 });
  const ended = asked.then(
    ({ body }) => body.toString(),
    (error: Error) => error.message,
  );
  // By then the far address was left for the next one, where nothing listens.
  await until(() => outbound.inFlight() === 0 || performance.now() - begun > 1000, { what: 'the next one was tried' });
  far.open();
  expect(await ended).toBe('ok');
}, 40_000);
