import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { stopwatch } from '../../../../../test/services/stopwatch.ts';
import type { Clock } from '../clock.ts';
import { createOutbound } from '../outbound.ts';
import { createNames } from './names.ts';
import { nameServer as fakeNameServer, type Reply } from './nameserver.fixture.ts';

/** A name server that knows no IPv6 address, and how often it was asked for an IPv4 one. */
async function nameServer(reply: (name: string) => Reply) {
  const { server, asked } = await fakeNameServer(reply, (step) => cleanUp.push(step));
  return { server, asked: () => asked.filter((question) => question.startsWith('A ')).length };
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
    const passed = stopwatch();
    expect(await names.resolve('veria.test.example')).toEqual(['127.0.0.7']);
    expect(passed()).toBeLessThan(1500);
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
    const passed = stopwatch();
    await expect(outbound.request({ url: 'http://veria.test.example/', timeoutMs: 300 })).rejects.toMatchObject({
      kind: 'dns',
    });
    expect(passed()).toBeLessThan(800);
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

  test.each([
    ['nxdomain', 'nxdomain', /does not exist/],
    ['servfail', 'servfail', /name server failed/],
    ['refused', 'dns_refused', /refused the question/],
  ] as const)('a name server that answers %s is an error of its own class', async (reply, code, words) => {
    const { server } = await nameServer(() => reply);
    const outbound = createOutbound({ clock: movableClock(), allowPrivate: true, nameServers: [server] });
    cleanUp.push(outbound.close);
    const asked = outbound.request({ url: 'http://veria.test.example/', timeoutMs: 5000 });
    await expect(asked).rejects.toMatchObject({ kind: 'dns', code, message: expect.stringMatching(words) });
  });

  test('a silent name server stalls neither other names nor addresses', async () => {
    const alive = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
    await once(alive, 'listening');
    cleanUp.push(() => alive.close());
    const { port } = alive.address() as { port: number };
    const { server } = await nameServer((name) => (name.startsWith('slow') ? 'silence' : ['127.0.0.1']));
    const outbound = createOutbound({ clock: movableClock(), allowPrivate: true, nameServers: [server] });
    cleanUp.push(outbound.close);
    const stop = new AbortController();
    const slow = Array.from({ length: 100 }, (_, i) =>
      outbound
        .request({ url: `http://slow${i}.test.example:${port}/`, timeoutMs: 60_000, signal: stop.signal })
        .catch((error: unknown) => error),
    );
    for (const host of ['fast.test.example', '127.0.0.1'])
      expect((await outbound.request({ url: `http://${host}:${port}/`, timeoutMs: 10_000 })).status).toBe(200);
    expect(outbound.inFlight()).toBe(100);
    stop.abort();
    expect(await Promise.all(slow)).toHaveLength(100);
  });

  test('are looked up though every thread of the pool is stuck', async () => {
    const { server } = await nameServer(() => ['127.0.0.7']);
    const clock = movableClock();
    const names = createNames({ clock, servers: [server] });
    await names.resolve('first.test.example');
    const folder = mkdtempSync(join(tmpdir(), 'orrery-names-'));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    // Each of these takes a thread until somebody writes to the pipe.
    const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4) + 1;
    let stuck = threads;
    const opened = Array.from({ length: threads }, async () => {
      const file = await open(pipe, 'r');
      stuck -= 1;
      await file.close();
    });
    try {
      clock.move(60_000);
      expect(await names.resolve('second.test.example')).toEqual(['127.0.0.7']);
      expect(await names.resolve('first.test.example')).toEqual(['127.0.0.7']);
      expect(stuck).toBe(threads);
    } finally {
      const writer = openSync(pipe, 'r+');
      await Promise.all(opened);
      closeSync(writer);
      rmSync(folder, { recursive: true });
    }
  });
});
