import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '../clock.ts';
import { createOutbound } from '../outbound.ts';
import { createNames } from './names.ts';

type Reply = string[] | 'nxdomain' | 'servfail' | 'silence';

/** A real name server on UDP that answers A questions as told, and knows no IPv6 address. */
async function nameServer(reply: (name: string) => Reply) {
  const socket: Socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (message, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
      labels.push(message.toString('latin1', at + 1, at + 1 + length));
      at += length + 1;
    }
    const question = message.subarray(12, at + 5);
    const isA = message.readUInt16BE(at + 1) === 1;
    if (isA) asked += 1;
    const told = reply(labels.join('.'));
    if (told === 'silence') return;
    const addresses = isA && Array.isArray(told) ? told : [];
    const header = Buffer.from(message.subarray(0, 12));
    header.writeUInt16BE(told === 'nxdomain' ? 0x8183 : told === 'servfail' ? 0x8182 : 0x8180, 2);
    header.writeUInt16BE(addresses.length, 6);
    header.writeUInt32BE(0, 8);
    const records = addresses.map((address) =>
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]),
    );
    socket.send(Buffer.concat([header, question, ...records]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  cleanUp.push(() => socket.close());
  return { server: `127.0.0.1:${socket.address().port}`, asked: () => asked };
}

/** A clock whose time stands still until it is moved. */
function movableClock(): Clock & { move(ms: number): void } {
  let time = 0;
  const move = (ms: number) => {
    time += ms;
  };
  return { now: () => time, monotonic: () => time, move };
}

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});

describe('names', () => {
  test('are asked once for many that want them, and again only when the answer has expired', async () => {
    const { server, asked } = await nameServer(() => ['127.0.0.7']);
    const clock = movableClock();
    const names = createNames({ clock, servers: [server] });
    const answers = await Promise.all(Array.from({ length: 20 }, () => names.resolve('veria.test.example')));
    expect(answers.every(([address]) => address === '127.0.0.7')).toBe(true);
    expect(asked()).toBe(1);
    clock.move(900);
    await names.resolve('VERIA.test.example.');
    expect(asked()).toBe(1);
    clock.move(200);
    await names.resolve('veria.test.example');
    expect(asked()).toBe(2);
  });

  test('keep their last good address while the resolver fails, for ten minutes and no longer', async () => {
    let reply: Reply = ['127.0.0.7'];
    const { server } = await nameServer(() => reply);
    const clock = movableClock();
    const names = createNames({ clock, servers: [server] });
    await names.resolve('veria.test.example');
    reply = 'servfail';
    clock.move(9 * 60_000);
    expect(await names.resolve('veria.test.example')).toEqual(['127.0.0.7']);
    clock.move(2 * 60_000);
    await expect(names.resolve('veria.test.example')).rejects.toMatchObject({ kind: 'dns' });
  });

  test('with a last good address do not wait for a silent resolver', async () => {
    let reply: Reply = ['127.0.0.7'];
    const { server } = await nameServer(() => reply);
    const clock = movableClock();
    const names = createNames({ clock, servers: [server] });
    cleanUp.push(names.close);
    await names.resolve('veria.test.example');
    reply = 'silence';
    clock.move(60_000);
    const started = performance.now();
    expect(await names.resolve('veria.test.example')).toEqual(['127.0.0.7']);
    expect(performance.now() - started).toBeLessThan(1500);
  });

  test('that no longer exist are not kept', async () => {
    let reply: Reply = ['127.0.0.7'];
    const { server } = await nameServer(() => reply);
    const clock = movableClock();
    const names = createNames({ clock, servers: [server] });
    await names.resolve('veria.test.example');
    reply = 'nxdomain';
    clock.move(5000);
    await expect(names.resolve('veria.test.example')).rejects.toMatchObject({ kind: 'dns' });
  });

  test('localhost needs no resolver', async () => {
    const { server, asked } = await nameServer(() => 'servfail');
    const names = createNames({ clock: movableClock(), servers: [server] });
    expect(await names.resolve('localhost')).toContain('127.0.0.1');
    expect(asked()).toBe(0);
  });

  test('a resolver that never answers ends with the whole deadline of the request, as an error of its own kind', async () => {
    const { server } = await nameServer(() => 'silence');
    const outbound = createOutbound({ clock: movableClock(), allowPrivate: true, nameServers: [server] });
    cleanUp.push(outbound.close);
    const started = performance.now();
    await expect(outbound.request({ url: 'http://veria.test.example/', timeoutMs: 300 })).rejects.toMatchObject({
      kind: 'dns',
    });
    expect(performance.now() - started).toBeLessThan(800);
  });

  test('a name that comes to lead to a forbidden address is refused when the socket is made', async () => {
    let hits = 0;
    const forbidden = createServer((_, response) => {
      hits += 1;
      response.end('secret');
    }).listen(0, '127.0.0.1');
    await once(forbidden, 'listening');
    cleanUp.push(() => forbidden.close());
    const port = (forbidden.address() as { port: number }).port;
    let reply: Reply = ['203.0.113.7', '127.0.0.1'];
    const { server } = await nameServer(() => reply);
    const clock = movableClock();
    const outbound = createOutbound({ clock, allowPrivate: false, nameServers: [server] });
    cleanUp.push(outbound.close);
    for (const addresses of [['203.0.113.7', '127.0.0.1'], ['127.0.0.1'], ['169.254.169.254'], ['0.0.0.0']]) {
      reply = addresses;
      clock.move(2000);
      await expect(
        outbound.request({ url: `http://rebind.test.example:${port}/`, timeoutMs: 1000 }),
      ).rejects.toMatchObject({ kind: 'forbidden_address' });
    }
    expect(hits).toBe(0);
  });

  test('of two addresses the dead one does not make the target look down', async () => {
    const alive = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
    await once(alive, 'listening');
    cleanUp.push(() => alive.close());
    const port = (alive.address() as { port: number }).port;
    const { server } = await nameServer(() => ['127.0.0.99', '127.0.0.1']);
    const outbound = createOutbound({ clock: movableClock(), allowPrivate: true, nameServers: [server] });
    cleanUp.push(outbound.close);
    const answer = await outbound.request({ url: `http://two.test.example:${port}/`, timeoutMs: 2000 });
    expect(answer.body.toString()).toBe('ok');
  });
});
