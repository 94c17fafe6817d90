import { once } from 'node:events';
import { createServer, get, type RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createOutgoing, type Outgoing } from '../src/outgoing.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanups.splice(0).reverse()) step();
});

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
function counting(except: string[] = [], now = () => 0): Outgoing {
  const outgoing = createOutgoing(except, now);
  outgoing.start();
  cleanups.push(outgoing.stop);
  return outgoing;
}
const ok: RequestListener = (_request, response) => void response.end('ok');
const byNodeHttp = (url: string) =>
  new Promise<void>((resolve) => {
    get(url, { agent: false }, (response) => response.resume().on('end', () => resolve())).on('error', () => resolve());
  });
const host = (url: string) => new URL(url).host;
/** Node tells of an end a moment after whoever asked. */
const told = () => new Promise((resolve) => setImmediate(resolve));

describe('outgoing calls', () => {
  it('are counted by host, whichever client makes them, and only once taken', async () => {
    const [one, two] = [await served(ok), await served((_, response) => void response.writeHead(500).end())];
    const outgoing = counting();
    await (await fetch(`${one}/a?secret=1`)).text();
    await byNodeHttp(`${one}/b`);
    await (await fetch(two)).text();
    await byNodeHttp(two);
    outgoing.record('https://grpc.example.com/x', true);
    await told();
    const taken = outgoing.take();
    expect(taken?.hosts.toSorted((a, b) => a.host.localeCompare(b.host))).toEqual(
      [
        { host: host(one), calls: 2, failed: 0 },
        { host: host(two), calls: 2, failed: 2 },
        { host: 'grpc.example.com:443', calls: 1, failed: 1 },
      ].sort((a, b) => a.host.localeCompare(b.host)),
    );
    expect(outgoing.take()).toBeUndefined();
  });

  it('to the hub itself are none, and one that nobody answers has failed', async () => {
    const hub = await served(ok);
    const outgoing = counting([hub]);
    await (await fetch(hub)).text();
    const gone = await served((request) => void request.socket.destroy());
    await fetch(gone).catch(() => undefined);
    await byNodeHttp(gone);
    await told();
    expect(outgoing.take()?.hosts).toEqual([{ host: host(gone), calls: 2, failed: 2 }]);
  });

  it('are bounded, and say over which time they were counted', () => {
    let now = 0;
    const outgoing = counting([], () => now);
    for (let i = 0; i < 1000; i++) outgoing.record(`http://host-${i}.test`, false);
    outgoing.record('nonsense', false);
    now = 90_000;
    expect(outgoing.take()).toMatchObject({ windowMs: 90_000, hosts: { length: 100 } });
    outgoing.record('http://a.test', false);
    expect(outgoing.take()).toEqual({ windowMs: 1000, hosts: [{ host: 'a.test:80', calls: 1, failed: 0 }] });
  });
});
