import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../../../../../test/services/until.ts';
import { systemClock } from '../clock.ts';
import { createOutbound, type OutboundTarget } from '../outbound.ts';
import { AUTHORITY, SIGNED } from './certificate.fixture.ts';
import { nameServer } from './nameserver.fixture.ts';

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});
const finish = (step: () => void) => void cleanUp.push(step);

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  finish(() => server.close());
  return (server.address() as { port: number }).port;
}

/** A server on loopback with the connections that it has now. */
async function tcp(greet: (socket: Socket) => void = () => undefined) {
  const open = new Set<Socket>();
  let came = 0;
  const port = await listening(
    createServer((socket) => {
      came += 1;
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
      finish(() => socket.destroy());
      greet(socket);
    }),
  );
  return { port, open, came: () => came };
}
const tls = (options: TlsOptions, greet: (socket: TLSSocket) => void = () => undefined) =>
  listening(
    createTlsServer(options, (socket) => {
      socket.on('error', () => undefined);
      finish(() => socket.destroy());
      greet(socket);
    }).on('tlsClientError', () => undefined),
  );

function way(options: { allowPrivate?: boolean; nameServers?: string[]; ca?: string } = {}) {
  const outbound = createOutbound({ clock: systemClock, allowPrivate: true, ...options });
  finish(outbound.close);
  return outbound;
}
const at = (port: number, more: Partial<OutboundTarget> = {}): OutboundTarget => ({
  host: '127.0.0.1',
  port,
  timeoutMs: 10_000,
  ...more,
});

describe('a connection', () => {
  test('stands, is counted while it does, and is the caller’s to end', async () => {
    const { port, open } = await tcp((socket) => socket.pipe(socket));
    const outbound = way();
    const { socket, address, latencyMs } = await outbound.open(at(port));
    expect(address).toBe('127.0.0.1');
    expect(latencyMs).toBeGreaterThan(0);
    expect(outbound.inFlight()).toBe(1);
    socket.write('hello');
    expect(String((await once(socket, 'data'))[0])).toBe('hello');
    socket.destroy();
    await until(() => open.size === 0 && outbound.inFlight() === 0, { what: 'the connection is gone' });
  });

  test('that breaks after it stood is an event for the caller, and nothing that ends the process', async () => {
    const { port } = await tcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const outbound = way();
    const { socket } = await outbound.open(at(port));
    socket.write('x');
    await until(() => socket.destroyed && outbound.inFlight() === 0, { what: 'the connection is reset' });
  });

  test('is cut when the hub ends, and none is opened after', async () => {
    const { port, open, came } = await tcp();
    const outbound = way();
    const { socket } = await outbound.open(at(port));
    outbound.close();
    await until(() => socket.destroyed && open.size === 0, { what: 'the connection is cut' });
    await expect(outbound.open(at(port))).rejects.toMatchObject({ kind: 'stopped' });
    expect(came()).toBe(1);
  });

  test('that nobody accepts is refused', async () => {
    const server = createServer();
    const port = await listening(server);
    server.close();
    await once(server, 'close');
    await expect(way().open(at(port))).rejects.toMatchObject({ kind: 'refused' });
  });

  test('ends with an abort, before it stands and at once', async () => {
    const port = await listening(createServer());
    const outbound = way();
    const stop = new AbortController();
    const asked = outbound.open(at(port, { tls: {}, signal: stop.signal, timeoutMs: 60_000 }));
    stop.abort();
    await expect(asked).rejects.toMatchObject({ kind: 'stopped' });
    await expect(outbound.open(at(port, { signal: stop.signal }))).rejects.toMatchObject({ kind: 'stopped' });
    expect(outbound.inFlight()).toBe(0);
  });

  test.each([
    '127.0.0.1',
    '::1',
    '[::1]',
    '::ffff:127.0.0.1',
    'localhost',
    'LocalHost.',
    '0.0.0.0',
    'points.test.example',
  ])('to %s is not opened where private addresses are not allowed', async (host) => {
    const { port, came } = await tcp();
    const { server } = await nameServer(() => ['127.0.0.1'], finish);
    const outbound = way({ allowPrivate: false, nameServers: [server] });
    await expect(outbound.open(at(port, { host }))).rejects.toMatchObject({ kind: 'forbidden_address' });
    expect(came()).toBe(0);
  });

  test.each(['169.254.169.254', 'fd00:ec2::254', 'fe80::1', '100.100.100.200', '::ffff:a9fe:a9fe'])(
    'to %s is never opened',
    async (host) => {
      await expect(way().open(at(80, { host }))).rejects.toMatchObject({ kind: 'forbidden_address' });
    },
  );

  test.each(['2130706433', '0x7f000001', '127.1', '0'])('to %s asks for a name and reaches nothing', async (host) => {
    const { port, came } = await tcp();
    const { server } = await nameServer(() => 'nxdomain', finish);
    await expect(way({ nameServers: [server] }).open(at(port, { host }))).rejects.toMatchObject({ kind: 'dns' });
    expect(came()).toBe(0);
  });

  test('of several addresses takes one that answers', async () => {
    const { port } = await tcp();
    const { server } = await nameServer(() => ['127.0.0.99', '127.0.0.1'], finish);
    const { address } = await way({ nameServers: [server] }).open(at(port, { host: 'two.test.example' }));
    expect(address).toBe('127.0.0.1');
  });
});

describe('a connection with TLS', () => {
  test('is for the name that was asked for, and shows who we are', async () => {
    const seen: [string | false | null, string][] = [];
    const options = { ...SIGNED.good, ca: AUTHORITY, requestCert: true, rejectUnauthorized: true };
    const port = await tls(options, (socket) => {
      seen.push([socket.servername, String(socket.getPeerCertificate().subject?.CN)]);
      socket.write('hello');
    });
    const own = { ca: AUTHORITY, servername: 'shop.test.example', ...SIGNED.client };
    const { socket } = await way().open(at(port, { tls: own }));
    expect((socket as TLSSocket).authorized).toBe(true);
    expect(String((await once(socket, 'data'))[0])).toBe('hello');
    expect(seen).toEqual([['shop.test.example', 'Orrery client']]);
  });

  test.each([
    ['self-signed', { ca: undefined }, 'good', 'tls_untrusted'],
    ['expired', {}, 'expired', 'tls_expired'],
    ['not valid yet', {}, 'early', 'tls_untrusted'],
    ['of another name', {}, 'other', 'tls_name'],
    ['of another name than the one asked for', { servername: 'elsewhere.example' }, 'good', 'tls_name'],
  ] as const)('to a certificate that is %s fails in its class', async (_what, more, which, code) => {
    const port = await tls(SIGNED[which]);
    await expect(way().open(at(port, { tls: { ca: AUTHORITY, ...more } }))).rejects.toMatchObject({
      kind: 'tls',
      code,
    });
  });

  test('leaves the judgement to the caller who asks for it', async () => {
    const port = await tls(SIGNED.expired);
    const { socket } = await way().open(at(port, { tls: { ca: AUTHORITY, rejectUnauthorized: false } }));
    expect(socket).toMatchObject({ authorized: false, authorizationError: 'CERT_HAS_EXPIRED' });
  });

  test('to what speaks no TLS, closes or hangs fails in the handshake', async () => {
    const plain = await tcp((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'));
    const closes = await tcp((socket) => socket.once('data', () => socket.end()));
    const hangs = await tcp((socket) => socket.resume());
    const open = (port: number, timeoutMs = 10_000) => way().open(at(port, { tls: {}, timeoutMs }));
    await expect(open(plain.port)).rejects.toMatchObject({ kind: 'tls', code: 'tls_handshake' });
    await expect(open(closes.port)).rejects.toMatchObject({ kind: 'reset', code: 'tls_handshake' });
    const started = performance.now();
    await expect(open(hangs.port, 600)).rejects.toMatchObject({
      kind: 'timeout',
      code: 'tls_handshake',
      message: 'no complete answer within 600 ms: the TLS handshake did not end',
    });
    expect(performance.now() - started).toBeLessThan(3000);
    await until(() => hangs.open.size === 0, { what: 'the server sees its socket closed' });
  });
});

describe('a resumed session', () => {
  test('is trusted for five minutes, and never beyond the end of its certificate', async () => {
    let resumed = 0;
    let full = 0;
    const port = await tls(SIGNED.good, (socket) => {
      if (socket.isSessionReused()) resumed += 1;
      else full += 1;
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
    });
    let time = Date.UTC(2030, 0, 1);
    const clock = { now: () => time, monotonic: () => performance.now() };
    const outbound = createOutbound({ clock, allowPrivate: true, ca: AUTHORITY });
    finish(outbound.close);
    const ask = async () => {
      const answer = await outbound.request({ url: `https://localhost:${port}/`, timeoutMs: 10_000 });
      expect(answer.certificateUntil).toBe(Date.UTC(2120, 0, 1));
      return [full, resumed];
    };
    expect(await ask()).toEqual([1, 0]);
    expect(await ask()).toEqual([1, 1]);
    time += 4 * 60_000;
    expect(await ask()).toEqual([1, 2]);
    time += 2 * 60_000;
    expect(await ask()).toEqual([2, 2]);
    time = Date.UTC(2119, 11, 31, 23, 59);
    expect(await ask()).toEqual([3, 2]);
    time = Date.UTC(2120, 0, 1);
    expect(await ask()).toEqual([4, 2]);
  });
});
