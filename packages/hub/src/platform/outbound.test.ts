import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { brotliCompressSync, createGzip, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { stopwatch } from '../../../../test/services/stopwatch.ts';
import { until } from '../../../../test/services/until.ts';
import { systemClock } from './clock.ts';
import { CERTIFICATE, PRIVATE_KEY } from './outbound/certificate.fixture.ts';
import { createOutbound, OutboundError } from './outbound.ts';

const outbound = createOutbound({ clock: systemClock, allowPrivate: true, ca: CERTIFICATE });
const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});
afterAll(() => outbound.close());

async function listening(server: Server | TcpServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  return (server.address() as { port: number }).port;
}
const web = async (listener: RequestListener) => `http://127.0.0.1:${await listening(createServer(listener))}`;

/** A server that speaks raw bytes: it says this to whoever connects, and then does what `after` does. */
async function raw(text: string, after: 'close' | 'hang' = 'hang') {
  const open = new Set<unknown>();
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    socket.once('data', () => (after === 'close' ? socket.end(text) : socket.write(text)));
    cleanUp.push(() => socket.destroy());
  });
  return { url: `http://127.0.0.1:${await listening(server)}/`, open };
}

async function failure(url: string, options: { timeoutMs?: number; maxBytes?: number } = {}): Promise<OutboundError> {
  const error = await outbound.request({ url, timeoutMs: 2000, ...options }).then(
    (answer) => new Error(`it answered ${answer.status}`),
    (error: unknown) => error,
  );
  if (!(error instanceof OutboundError)) throw error;
  return error;
}

describe('an exchange', () => {
  test('gives status, headers, body and latency, and sends method, headers and body', async () => {
    const url = await web((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () =>
        response
          .writeHead(201, { 'x-method': request.method, 'set-cookie': ['a=1', 'b=2'] })
          .end(JSON.stringify({ body: Buffer.concat(chunks).toString(), key: request.headers['x-api-key'] })),
      );
    });
    const answer = await outbound.request({
      url: `${url}/x?y=1`,
      method: 'POST',
      headers: { 'X-Api-Key': 'k' },
      body: 'héllo',
      timeoutMs: 2000,
    });
    expect(answer).toMatchObject({ status: 201, headers: { 'x-method': 'POST', 'set-cookie': 'a=1, b=2' } });
    expect(JSON.parse(answer.body.toString())).toEqual({ body: 'héllo', key: 'k' });
    expect(answer.latencyMs).toBeGreaterThan(0);
  });

  test('sends a user name and password of the URL as Basic authorization', async () => {
    const url = await web((request, response) => response.end(request.headers.authorization));
    const answer = await outbound.request({ url: url.replace('//', '//ada:p%40ss@'), timeoutMs: 2000 });
    expect(Buffer.from(answer.body.toString().slice(6), 'base64').toString()).toBe('ada:p@ss');
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('reads a body in %s', async (coding, compress) => {
    const url = await web((_, response) =>
      response.setHeader('content-encoding', coding).end(compress('{"status":"healthy"}')),
    );
    expect((await outbound.request({ url, timeoutMs: 2000 })).body.toString()).toBe('{"status":"healthy"}');
  });

  test('leaves a redirect alone, wherever it leads', async () => {
    let hits = 0;
    const canary = await web((_, response) => {
      hits += 1;
      response.end();
    });
    for (const status of [301, 302, 303, 307, 308])
      for (const location of [canary, 'http://169.254.169.254/latest/meta-data/', canary.replace('//', '//u@')]) {
        const url = await web((_, response) => response.writeHead(status, { location }).end());
        expect((await outbound.request({ url, timeoutMs: 2000 })).status).toBe(status);
      }
    expect(hits).toBe(0);
  });
});

describe('one deadline covers the whole exchange', () => {
  test.each([
    ['says nothing', ''],
    ['hangs in the middle of the headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['hangs in the middle of the body', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc'],
  ])('a server that %s is given up on, and its socket closed', async (_what, text) => {
    const { url, open } = await raw(text);
    const passed = stopwatch();
    expect((await failure(url, { timeoutMs: 200 })).kind).toBe('timeout');
    expect(passed()).toBeLessThan(600);
    await until(() => open.size === 0, { what: 'the server sees its socket closed' });
    expect(outbound.inFlight()).toBe(0);
  });

  test.each(['headers', 'body'])('a byte now and then in the %s extends nothing', async (part) => {
    const url = await web((_, response) => {
      if (part === 'headers') {
        const timer = setInterval(() => response.socket?.write('x'), 30);
        response.socket?.write('HTTP/1.1 200 OK\r\nx-drip: ').valueOf();
        cleanUp.push(() => clearInterval(timer));
        return;
      }
      response.writeHead(200, { 'content-length': 1000 });
      const timer = setInterval(() => response.write('x'), 30);
      cleanUp.push(() => clearInterval(timer));
    });
    const passed = stopwatch();
    expect((await failure(url, { timeoutMs: 300 })).kind).toBe('timeout');
    expect(passed()).toBeLessThan(700);
  });

  test('an abort ends it at once', async () => {
    const { url, open } = await raw('');
    const stop = new AbortController();
    const asked = outbound.request({ url, timeoutMs: 5000, signal: stop.signal });
    await until(() => open.size === 1, { what: 'connected' });
    stop.abort();
    await expect(asked).rejects.toMatchObject({ kind: 'stopped' });
    await until(() => open.size === 0, { what: 'closed' });
  });
});

describe('a body has a limit', () => {
  test('a huge one is read up to the limit and no further', async () => {
    let sent = 0;
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 536870912\r\n\r\n');
      const block = Buffer.alloc(16 * 1024);
      const pump = () => {
        while (!socket.destroyed && socket.write(block)) sent += block.length;
      };
      socket.on('drain', pump);
      pump();
    });
    const error = await failure(`http://127.0.0.1:${await listening(server)}/`);
    expect(error).toMatchObject({ kind: 'too_large' });
    // What the kernel buffers on the way is on top of what we read.
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  test('a bomb of 64 MiB in gzip stops at the limit, without the memory that it asks for', async () => {
    const gzip = createGzip({ level: 9 });
    const packed: Buffer[] = [];
    gzip.on('data', (chunk: Buffer) => packed.push(chunk));
    for (let i = 0; i < 64; i++) gzip.write(Buffer.alloc(1024 * 1024));
    gzip.end();
    await once(gzip, 'end');
    const bomb = Buffer.concat(packed);
    const url = await web((_, response) => response.setHeader('content-encoding', 'gzip').end(bomb));
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 5; i++) expect((await failure(url)).kind).toBe('too_large');
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 * 1024);
    expect((await failure(url, { maxBytes: 4 * 1024 * 1024 })).kind).toBe('too_large');
  });

  test('on request the first part is given instead', async () => {
    const url = await web((_, response) => response.end('a'.repeat(100_000)));
    const answer = await outbound.request({ url, timeoutMs: 2000, maxBytes: 1000, oversize: 'truncate' });
    expect(answer).toMatchObject({ status: 200, truncated: true });
    expect(answer.body.length).toBe(1000);
  });
});

describe('a failure has a kind, and says nothing of the answer', () => {
  test('nobody listens: refused', async () => {
    const server = createTcpServer();
    const port = await listening(server);
    server.close();
    await once(server, 'close');
    expect((await failure(`http://127.0.0.1:${port}/`)).kind).toBe('refused');
  });

  test.each([
    ['shorter than its length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc', 'reset'],
    ['cut inside a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nabc', 'reset'],
    ['cut inside the headers', 'HTTP/1.1 200 OK\r\ncontent-le', 'reset'],
    ['empty', '', 'reset'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2 secret-banner\r\n', 'protocol'],
    ['framed twice', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc', 'protocol'],
    ['an upgrade', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 'protocol'],
    ['full of headers', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`, 'protocol'],
    ['broken gzip', 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 6\r\n\r\nsecret', 'protocol'],
    ['an unknown coding', 'HTTP/1.1 200 OK\r\ncontent-encoding: constructor\r\ncontent-length: 1\r\n\r\nx', 'protocol'],
  ])('an answer that is %s', async (_what, text, kind) => {
    const error = await failure((await raw(text, 'close')).url);
    expect(error.kind).toBe(kind);
    expect(error.message).not.toContain('secret');
    expect(error.message.length).toBeLessThan(200);
  });

  test('a certificate that nobody signed: tls; the same one trusted: an answer', async () => {
    const server = createTlsServer({ key: PRIVATE_KEY, cert: CERTIFICATE }, (_, response) => response.end('ok'));
    const url = `https://localhost:${await listening(server)}/`;
    const strict = createOutbound({ clock: systemClock, allowPrivate: true });
    cleanUp.push(strict.close);
    await expect(strict.request({ url, timeoutMs: 2000 })).rejects.toMatchObject({
      kind: 'tls',
      message: expect.stringContaining('self-signed'),
    });
    for (let i = 0; i < 3; i++) expect((await outbound.request({ url, timeoutMs: 2000 })).body.toString()).toBe('ok');
  });

  test.each([
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'data:text/plain,x',
    'ftp://127.0.0.1/',
    'blob:http://127.0.0.1/x',
    'view-source:http://127.0.0.1/',
    'unix:/var/run/docker.sock',
    '\\\\host\\share',
    'javascript:1',
    '',
  ])('%s is not opened', async (url) => {
    expect((await failure(url)).kind).toBe('protocol');
  });
});

describe('what cannot be sent', () => {
  test.each([
    ['a key on two lines', '', 'a\nb', /header/],
    ['a key in another alphabet', '', 'ключ', /header/],
    ['a user name that is not percent-encoded', '%zz:b@', 'key', /percent-encoded/],
  ])('%s ends that exchange at once, and nothing else', async (_, credentials, key, message) => {
    const url = await web((_, response) => response.end('ok'));
    const asked = outbound.request({
      url: url.replace('//', `//${credentials}`),
      headers: { 'x-api-key': key },
      timeoutMs: 2000,
    });
    await expect(asked).rejects.toThrow(message);
    await expect(asked).rejects.toMatchObject({ kind: 'protocol' });
    expect((await outbound.request({ url, timeoutMs: 2000 })).status).toBe(200);
  });
});

describe('the address policy', () => {
  test('holds for every spelling of an address, and can be changed while running', async () => {
    let hits = 0;
    const url = await web((_, response) => {
      hits += 1;
      response.end('secret');
    });
    const { port } = new URL(url);
    const strict = createOutbound({ clock: systemClock, allowPrivate: false });
    cleanUp.push(strict.close);
    const spellings = [
      '127.0.0.1',
      '2130706433',
      '0x7f000001',
      '0x7f.0.0.1',
      '017700000001',
      '0177.0.0.1',
      '127.1',
      '127.0.0.1.',
      '0',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::]',
      '[::1]',
      '①②⑦.⓪.⓪.①',
      '%31%32%37.0.0.1',
      'LocalHost',
      'localhost.',
      'a.localhost',
      'user:pass@127.0.0.1',
    ];
    for (const host of spellings)
      await expect(strict.request({ url: `http://${host}:${port}/`, timeoutMs: 2000 }), host).rejects.toMatchObject({
        kind: 'forbidden_address',
      });
    expect(hits).toBe(0);
    strict.setPolicy({ allowPrivate: true });
    expect((await strict.request({ url, timeoutMs: 2000 })).status).toBe(200);
    strict.setPolicy({ allowPrivate: false });
    await expect(strict.request({ url, timeoutMs: 2000 })).rejects.toMatchObject({ kind: 'forbidden_address' });
  });

  test('never lets a request reach a metadata service, whatever is allowed', async () => {
    for (const host of [
      '169.254.169.254',
      '2852039166',
      '0xa9fea9fe',
      '0251.0376.0251.0376',
      '169.254.43518',
      '[::ffff:169.254.169.254]',
      '[::ffff:a9fe:a9fe]',
      '[64:ff9b::169.254.169.254]',
      '[fd00:ec2::254]',
      '[fe80::1]',
      '100.100.100.200',
      '①⑥⑨.②⑤④.①⑥⑨.②⑤④',
    ])
      expect((await failure(`http://${host}/latest/meta-data/`)).kind, host).toBe('forbidden_address');
  });
});
