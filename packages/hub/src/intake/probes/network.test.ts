import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { ProbeDeclaration } from '@orrery/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { stopwatch } from '../../../../../test/services/stopwatch.ts';
import { until } from '../../../../../test/services/until.ts';
import { systemClock } from '../../platform/clock.ts';
import { AUTHORITY, CERTIFICATE, PRIVATE_KEY, SIGNED } from '../../platform/outbound/certificate.fixture.ts';
import { nameServer, type Reply } from '../../platform/outbound/nameserver.fixture.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { dns } from './dns.ts';
import { http } from './http.ts';
import type { CheckContext, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';
import { tcp } from './tcp.ts';
import { tls } from './tls.ts';

const DAY = 86_400_000;
const FAMILIES = { http, tcp, dns, tls };

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});
const finish = (step: () => void) => void cleanUp.push(step);

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  finish(() => {
    server.close();
    if ('closeAllConnections' in server) (server as { closeAllConnections(): void }).closeAllConnections();
  });
  return (server.address() as { port: number }).port;
}
const web = async (listener: RequestListener) => `http://127.0.0.1:${await listening(createServer(listener))}`;
const raw = (talk: (socket: Socket) => void) =>
  listening(
    createTcpServer((socket) => {
      socket.on('error', () => undefined).resume();
      finish(() => socket.destroy());
      talk(socket);
    }),
  );

/** Runs one check as it is declared, at `now` (epoch ms) on the wall clock. */
async function run(
  declared: Record<string, unknown>,
  options: { now?: number; ca?: string; signal?: AbortSignal } = {},
) {
  const clock = { ...systemClock, ...(options.now === undefined ? {} : { now: () => options.now ?? 0 }) };
  const outbound = createOutbound({ clock, allowPrivate: true, ...(options.ca ? { ca: options.ca } : {}) });
  finish(outbound.close);
  const context: CheckContext = {
    outbound,
    clock,
    was: 'unknown',
    logs: { cursor: null, since: null, note: null },
    memory: {},
    beat: async () => ({ agoMs: 0, beats: 1, failed: false }),
    ...(options.signal ? { signal: options.signal } : {}),
  };
  const parsed = ProbeDeclaration.parse({ timeout: '10s', ...declared });
  const family = FAMILIES[parsed.kind as keyof typeof FAMILIES] as unknown as ProbeFamily<typeof parsed, ProbeSpec>;
  const outcome: Outcome = await family.check(family.compile(parsed, { slug: 'veria', hubUrl: 'http://h' }), context);
  await until(() => outbound.inFlight() === 0, { what: 'the check leaves no connection behind' });
  return outcome;
}

describe('tcp', () => {
  const ask = (port: number, more: object = {}) => run({ kind: 'tcp', host: '127.0.0.1', port, ...more });

  test('is up when the port takes connections, and down when nobody listens', async () => {
    expect(await ask(await raw(() => undefined))).toMatchObject({
      status: 'up',
      latencyMs: expect.any(Number),
      heard: true,
    });
    expect(await ask(1)).toEqual({
      status: 'down',
      latencyMs: null,
      reason: 'TCP 127.0.0.1:1: the connection was refused: nothing listens there',
      heard: false,
      unreached: true,
    });
  });

  test('sends, and finds what it expects though it comes in pieces', async () => {
    const port = await raw((socket) =>
      socket.once('data', (data) => {
        if (String(data) !== 'PING\r\n') return;
        socket.write('+PO');
        setTimeout(() => socket.write('NG\r\n'), 30);
      }),
    );
    expect(await ask(port, { send: 'PING\r\n', expect: '+PONG' })).toMatchObject({ status: 'up' });
  });

  test.each([
    [
      'answers otherwise and closes',
      (socket: Socket) => socket.end('-SECRET'),
      '10s',
      'the connection was closed before "+PONG" came; 7 bytes came',
    ],
    [
      'closes at once',
      (socket: Socket) => socket.end(),
      '10s',
      'the connection was closed before "+PONG" came; 0 bytes came',
    ],
    [
      'says something else and stays',
      (socket: Socket) => socket.write('-SECRET'),
      '600ms',
      'no "+PONG" within 600 ms; 7 bytes came',
    ],
    ['says nothing', () => undefined, '600ms', 'no "+PONG" within 600 ms; 0 bytes came'],
    [
      'never stops',
      (socket: Socket) => socket.write('x'.repeat(100_000)),
      '10s',
      'the first 4096 bytes of the answer lack "+PONG"',
    ],
  ] as const)('is down when the other side %s, and never repeats it', async (_what, talk, timeout, words) => {
    const port = await raw(talk);
    const outcome = await ask(port, { expect: '+PONG', timeout });
    expect(outcome).toMatchObject({ status: 'down', reason: `TCP 127.0.0.1:${port}: ${words}` });
  });

  test('drips extend nothing: connection and answer have one deadline', async () => {
    const port = await raw((socket) => {
      const timer = setInterval(() => socket.write('x'), 20);
      finish(() => clearInterval(timer));
    });
    const passed = stopwatch();
    expect((await ask(port, { expect: '+PONG', timeout: '600ms' })).reason).toMatch(/within 600 ms/);
    expect(passed()).toBeLessThan(3000);
  });

  test('is degraded when the answer is slow', async () => {
    const port = await raw((socket) => setTimeout(() => socket.write('+PONG'), 80));
    const outcome = await ask(port, { expect: '+PONG', slowAfter: '20ms' });
    expect(outcome).toMatchObject({
      status: 'degraded',
      reason: expect.stringMatching(/^answered in \d+ ms, slower than 20 ms$/),
    });
  });

  test('ends with the hub', async () => {
    const stop = new AbortController();
    const port = await raw((socket) => socket.once('data', () => stop.abort()));
    const outcome = await run(
      { kind: 'tcp', host: '127.0.0.1', port, send: 'x', expect: 'y' },
      { signal: stop.signal },
    );
    expect(outcome.reason).toContain('stopped');
  });
});

describe('dns', () => {
  async function ask(reply: Reply, more: object = {}) {
    const { server } = await nameServer(() => reply, finish);
    const outcome = await run({ kind: 'dns', name: 'shop.example', server, ...more });
    return { ...outcome, reason: outcome.reason?.replace(server, 'SERVER') };
  }

  test.each([
    ['A', ['192.0.2.1', '192.0.2.2'], ['192.0.2.2']],
    ['AAAA', ['2001:db8::1'], ['2001:0DB8:0:0::0001']],
    ['CNAME', ['Real.Example'], ['real.example.']],
    ['MX', ['10 mail.example'], ['10  MAIL.example.']],
    ['TXT', ['v=spf1 -all'], ['v=spf1 -all']],
    ['SRV', ['10 5 5060 sip.example'], ['10 5 5060 sip.example.']],
    ['CAA', ['0 issue ca.example'], ['0 issue ca.example']],
  ] as const)('%s is up when the expected value is among the answers', async (record, values, wanted) => {
    const reply = values.map((value) => ({ type: record, value }));
    expect(await ask(reply, { record, expect: wanted })).toMatchObject({ status: 'up', heard: true });
  });

  test.each([
    [
      ['192.0.2.1', '192.0.2.2'],
      { expect: ['192.0.2.3'] },
      'the A records of shop.example lack "192.0.2.3"; they are 192.0.2.1, 192.0.2.2',
    ],
    [
      [{ type: 'TXT', value: 'secret-token' }],
      { record: 'TXT', expect: ['v=spf1'] },
      'the TXT records of shop.example lack "v=spf1"; they are one other text',
    ],
    ['nxdomain', {}, 'DNS A shop.example at SERVER: the name shop.example does not exist (nxdomain, ENOTFOUND)'],
    [
      'servfail',
      {},
      'DNS A shop.example at SERVER: the name shop.example could not be resolved: the name server failed (servfail, ESERVFAIL)',
    ],
    [[], {}, 'DNS A shop.example at SERVER: the name shop.example exists but has no such record (no_record, ENODATA)'],
  ] as const)('is down and says why: %j', async (reply, more, reason) => {
    expect(await ask(reply as Reply, more)).toMatchObject({ status: 'down', reason, heard: true });
  });

  test('a silent server is an error of its own class, inside the deadline', async () => {
    const passed = stopwatch();
    const outcome = await ask('silence', { timeout: '600ms' });
    expect(passed()).toBeLessThan(2500);
    expect(outcome).toMatchObject({ status: 'down', heard: false, reason: expect.stringContaining('dns_timeout') });
  });

  test('a server whose address is never reached is not asked', async () => {
    const outcome = await run({ kind: 'dns', name: 'shop.example', server: '169.254.169.254' });
    expect(outcome.reason).toBe(
      'DNS A shop.example at 169.254.169.254: 169.254.169.254 is a link-local or metadata address; those are never reached',
    );
  });
});

describe('tls', () => {
  const server = (options: TlsOptions) =>
    listening(createTlsServer(options, (socket) => void socket.on('error', () => undefined)));
  const ask = (port: number, more: object = {}, now?: number) =>
    run({ kind: 'tls', host: 'localhost', port, ca: AUTHORITY, ...more }, now === undefined ? {} : { now });

  test('is up with a certificate that is good, and shows whose it is and what is left of it', async () => {
    const now = Date.UTC(2119, 11, 20, 12);
    expect(await ask(await server(SIGNED.good), {}, now)).toMatchObject({
      status: 'up',
      heard: true,
      latencyMs: expect.any(Number),
      figures: [{ key: 'tls.days_left', value: 11.5, unit: 'days' }],
      checks: {
        certificate: { ok: true, detail: 'localhost, issued by Test authority, valid until 2120-01-01T00:00:00.000Z' },
      },
    });
  });

  test('each class of failure is down, named, with the values that broke it', async () => {
    const hanging = await raw(() => undefined);
    const ports = {
      expired: await server(SIGNED.expired),
      other: await server(SIGNED.other),
      selfSigned: await server({ cert: CERTIFICATE, key: PRIVATE_KEY }),
      stranger: await server(SIGNED.good),
      early: await server(SIGNED.early),
    };
    const now = Date.UTC(2026, 0, 1);
    const reasons = {
      tls_expired: await ask(ports.expired, {}, now),
      tls_name: await ask(ports.other),
      tls_self_signed: await ask(ports.selfSigned),
      tls_stranger: await ask(ports.stranger, { ca: CERTIFICATE }),
      tls_early: await ask(ports.early, {}, now),
      tls_handshake: await ask(hanging, { timeout: '600ms' }),
    };
    expect(Object.values(reasons).every(({ status }) => status === 'down')).toBe(true);
    const said = Object.values(reasons).map(({ reason }) => reason?.replace(/:\d{4,5}:/, ':PORT:'));
    expect(said).toEqual([
      'tls_expired: the certificate of localhost expired at 2020-01-01T00:00:00.000Z, 2192 days ago',
      'tls_name: the certificate is for other.example, www.other.example, not for localhost',
      expect.stringMatching(
        /^tls_untrusted: the certificate is self-signed \(localhost, issued by localhost, valid until 2126-.*; DEPTH_ZERO_SELF_SIGNED_CERT\)$/,
      ),
      expect.stringMatching(
        /^tls_untrusted: the certificate is signed by nobody we know \(localhost, issued by Test authority, .*\)$/,
      ),
      'tls_untrusted: the certificate of localhost is not valid before 2100-01-01T00:00:00.000Z',
      'TLS localhost:PORT: no complete answer within 600 ms: the TLS handshake did not end (tls_handshake)',
    ]);
    expect(reasons.tls_expired.figures).toEqual([{ key: 'tls.days_left', value: -2192, unit: 'days' }]);
  });

  test('the name to be certified may be another than the host', async () => {
    const port = await server(SIGNED.other);
    expect(await ask(port, { serverName: 'www.other.example' })).toMatchObject({ status: 'up' });
    expect(await ask(port, { host: '127.0.0.1' })).toMatchObject({
      reason: 'tls_name: the certificate is for other.example, www.other.example, not for 127.0.0.1',
    });
    expect(await ask(await server(SIGNED.good), { host: '127.0.0.1' })).toMatchObject({ status: 'up' });
  });

  test('what speaks no TLS is down in the handshake', async () => {
    const port = await raw((socket) => socket.write('SSH-2.0 secret\r\n'));
    const { status, reason } = await ask(port);
    expect(status).toBe('down');
    expect(reason).toContain('tls_handshake');
    expect(reason).not.toContain('secret');
  });
});

describe('http', () => {
  test('sends method, headers, body and authorization as declared', async () => {
    const seen: unknown[] = [];
    const url = await web((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const { authorization, accept, 'x-env': env, 'content-length': length, host } = request.headers;
        seen.push([request.method, body, authorization, accept, env, length, host]);
        response.end();
      });
    });
    const headers = {
      'X-Env': 'prod',
      accept: 'text/plain',
      'Content-Length': '999',
      'transfer-encoding': 'chunked',
      Host: 'shop.example',
    };
    await run({
      kind: 'http',
      url,
      method: 'POST',
      headers,
      body: 'ping',
      basicAuth: { username: 'ada', password: 'p:w' },
    });
    await run({ kind: 'http', url: url.replace('//', '//bob:x@'), bearer: 't0ken' });
    expect(seen).toEqual([
      ['POST', 'ping', `Basic ${Buffer.from('ada:p:w').toString('base64')}`, 'text/plain', 'prod', '4', 'shop.example'],
      ['GET', '', 'Bearer t0ken', '*/*', undefined, undefined, new URL(url).host],
    ]);
  });

  test('follows redirects when it is told to, and says how many', async () => {
    const url = await web((request, response) =>
      request.url === '/end' ? response.writeHead(404).end() : response.writeHead(302, { location: '/end' }).end(),
    );
    expect(await run({ kind: 'http', url })).toMatchObject({
      status: 'down',
      reason: 'answered HTTP 302, expected 200–299',
    });
    expect(await run({ kind: 'http', url, followRedirects: 3 })).toMatchObject({
      reason: 'answered HTTP 404 after a redirect, expected 200–299',
    });
    expect(await run({ kind: 'http', url, followRedirects: 3, status: [404] })).toMatchObject({ status: 'up' });
  });

  test('shows a client certificate, and writes what is left of the server’s', async () => {
    const secure = createHttpsServer({ ...SIGNED.good, ca: AUTHORITY, requestCert: true }, (_, response) =>
      response.end('ok'),
    );
    const url = `https://localhost:${await listening(secure)}/`;
    const now = Date.UTC(2119, 11, 31);
    const own = { ca: AUTHORITY, ...SIGNED.client };
    for (let i = 0; i < 2; i++)
      expect(await run({ kind: 'http', url, tls: own }, { now })).toMatchObject({
        status: 'up',
        figures: [{ key: 'tls.days_left', value: 1, unit: 'days' }],
      });
    expect(await run({ kind: 'http', url, tls: { ca: AUTHORITY } })).toMatchObject({ status: 'down' });
  });

  test('a certificate that is not accepted is down in its class', async () => {
    const secure = createHttpsServer(SIGNED.expired, (_, response) => response.end('ok'));
    const url = `https://localhost:${await listening(secure)}/`;
    const outcome = await run({ kind: 'http', url }, { ca: AUTHORITY });
    expect(outcome.reason).toBe(
      `GET ${url}: the TLS handshake failed: the certificate has expired (tls_expired, CERT_HAS_EXPIRED)`,
    );
  });

  test('a plain address has no certificate to tell of', async () => {
    const outcome = await run({ kind: 'http', url: await web((_, response) => response.end()) }, { now: 5 * DAY });
    expect(outcome.figures).toBeUndefined();
  });
});
