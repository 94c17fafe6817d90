import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { stopwatch } from '../../../../../test/services/stopwatch.ts';
import { systemClock } from '../clock.ts';
import { createOutbound, type OutboundRequest } from '../outbound.ts';
import { AUTHORITY, SIGNED } from './certificate.fixture.ts';
import { nameServer } from './nameserver.fixture.ts';
import { nextHop } from './redirect.ts';

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});
const finish = (step: () => void) => void cleanUp.push(step);

async function web(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  finish(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

/** A server that counts who comes to it. */
async function canary() {
  const hits: { method?: string | undefined; url?: string | undefined; headers: IncomingHttpHeaders; body: string }[] =
    [];
  const url = await web((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      hits.push({ method: request.method, url: request.url, headers: request.headers, body });
      response.end('arrived');
    });
  });
  return { url, port: new URL(url).port, hits };
}

function way(options: { allowPrivate?: boolean; nameServers?: string[]; ca?: string } = {}) {
  const outbound = createOutbound({ clock: systemClock, allowPrivate: true, ...options });
  finish(outbound.close);
  return outbound;
}
const outbound = () => way();
const asked = (url: string, more: Partial<OutboundRequest> = {}): OutboundRequest => ({
  url,
  timeoutMs: 10_000,
  followRedirects: 5,
  ...more,
});
const to = (location: string, status = 302): Promise<string> =>
  web((_, response) => response.writeHead(status, { location }).end());

describe('a redirect that is followed', () => {
  test.each([
    [301, 'GET', 'GET', false],
    [301, 'POST', 'GET', false],
    [301, 'PUT', 'PUT', true],
    [301, 'HEAD', 'HEAD', false],
    [302, 'POST', 'GET', false],
    [302, 'DELETE', 'DELETE', false],
    [303, 'POST', 'GET', false],
    [303, 'PUT', 'GET', false],
    [303, 'HEAD', 'HEAD', false],
    [307, 'POST', 'POST', true],
    [308, 'POST', 'POST', true],
    [308, 'GET', 'GET', false],
  ])('%i turns %s into %s', async (status, method, becomes, withBody) => {
    const seen: string[] = [];
    const url = await web((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${body} ${request.headers['content-type'] ?? '-'}`);
        if (request.url === '/') response.writeHead(status, { location: '/next?x=1#part' });
        response.end('ok');
      });
    });
    const sends = method === 'POST' || method === 'PUT';
    const answer = await outbound().request(
      asked(url, { method, ...(sends ? { body: 'b', headers: { 'content-type': 'text/plain' } } : {}) }),
    );
    expect(answer).toMatchObject({ status: 200, redirects: 1 });
    expect(seen[1]).toBe(`${becomes} /next?x=1 ${withBody ? 'b text/plain' : ' -'}`);
  });

  test.each([300, 304, 305, 306])('%i is an answer like any other', async (status) => {
    const { url, hits } = await canary();
    expect((await outbound().request(asked(await to(url, status)))).status).toBe(status);
    expect(hits).toEqual([]);
  });

  test('without a Location is an answer, and so is one on a page', async () => {
    const { url, hits } = await canary();
    const bare = await web((_, response) => response.writeHead(302).end());
    const page = await web((_, response) =>
      response
        .setHeader('content-type', 'text/html')
        .setHeader('refresh', `0; url=${url}`)
        .end(`<meta http-equiv="refresh" content="0; url=${url}"><script>location="${url}"</script>`),
    );
    expect((await outbound().request(asked(bare))).status).toBe(302);
    expect((await outbound().request(asked(page))).status).toBe(200);
    expect(hits).toEqual([]);
  });

  test('to the same origin takes everything along', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const url = await web((request, response) => {
      seen.push(request.headers);
      if (request.url === '/') response.writeHead(302, { location: `http://evil:evil@${request.headers.host}/next` });
      response.end();
    });
    await outbound().request(asked(url.replace('//', '//ada:pw@'), { headers: { 'x-api-key': 'k', cookie: 'c=1' } }));
    expect(seen[1]).toMatchObject({ 'x-api-key': 'k', cookie: 'c=1', authorization: seen[0]?.authorization });
    expect(Buffer.from(seen[1]?.authorization?.slice(6) ?? '', 'base64').toString()).toBe('ada:pw');
  });

  test('to another origin, be it only another port, takes no secret along', async () => {
    const { url, hits } = await canary();
    const first = await to(url.replace('//', '//evil:pw@'));
    const headers = {
      authorization: 'Bearer t',
      cookie: 'c=1',
      'X-Api-Key': 'k',
      'x-trace': 't',
      accept: 'text/plain',
    };
    await outbound().request(asked(first, { headers }));
    await outbound().request(asked(first.replace('//', '//ada:pw@')));
    expect(hits).toHaveLength(2);
    for (const hit of hits)
      for (const name of ['authorization', 'cookie', 'x-api-key', 'x-trace'])
        expect(hit.headers[name], name).toBeUndefined();
    expect(hits[0]?.headers.accept).toBe('text/plain');
  });

  test('to another origin and back does not get its secrets again', async () => {
    const seen: (string | undefined)[] = [];
    const back = await web((_, response) => response.writeHead(302, { location: `${home}/end` }).end());
    const home = await web((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url === '/') response.writeHead(302, { location: back });
      response.end();
    });
    await outbound().request(asked(home, { headers: { authorization: 'Bearer t' } }));
    expect(seen).toEqual(['Bearer t', undefined]);
  });

  test('does not send a body to another origin', async () => {
    const { url, hits } = await canary();
    for (const status of [307, 308])
      await expect(
        outbound().request(asked(await to(url, status), { method: 'POST', body: 'password=x' })),
      ).rejects.toMatchObject({ kind: 'protocol', message: expect.stringContaining('another origin') });
    expect(hits).toEqual([]);
  });

  test('does not show the client certificate to another origin', async () => {
    const shown: string[] = [];
    const secure = async (listener: RequestListener) => {
      const options = { ...SIGNED.good, ca: AUTHORITY, requestCert: true, rejectUnauthorized: false };
      const server = createTlsServer(options, (request, response) => {
        shown.push(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN));
        listener(request, response);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      finish(() => {
        server.close();
        server.closeAllConnections();
      });
      return `https://localhost:${(server.address() as { port: number }).port}/`;
    };
    const other = await secure((_, response) => response.end());
    const first = await secure((_, response) => response.writeHead(302, { location: other }).end());
    const answer = await way({ ca: AUTHORITY }).request(asked(first, { tls: SIGNED.client }));
    expect(answer).toMatchObject({ status: 200, certificateUntil: Date.UTC(2120, 0, 1) });
    expect(shown).toEqual(['Orrery client', 'undefined']);
  });
});

describe('a redirect that cannot be followed says why', () => {
  test.each([
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'data:text/plain,x',
    'ftp://127.0.0.1/',
    'blob:http://127.0.0.1/x',
    'view-source:http://127.0.0.1/',
    'unix:/var/run/docker.sock',
    'javascript:alert(1)',
    'http://',
    'http://[::1',
    'http://a b/',
  ])('%s', async (location) => {
    const failure = outbound().request(asked(await to(location)));
    await expect(failure).rejects.toMatchObject({
      kind: 'protocol',
      message: expect.stringMatching(/^HTTP 302 leads to/),
    });
  });

  test('a circle, of one and of many', async () => {
    let hits = 0;
    const url = await web((request, response) => {
      hits += 1;
      const next = { '/a': '/b', '/b': '/c', '/c': '/a' }[request.url ?? ''] ?? '/';
      response.writeHead(302, { location: next }).end();
    });
    for (const path of ['/', '/a'])
      await expect(outbound().request(asked(url + path, { followRedirects: 10 }))).rejects.toMatchObject({
        kind: 'protocol',
        message: expect.stringContaining('in a circle'),
      });
    expect(hits).toBe(1 + 3);
  });

  test('more of them than allowed', async () => {
    let hits = 0;
    const url = await web((_, response) => response.writeHead(302, { location: `/${++hits}` }).end());
    await expect(outbound().request(asked(url, { followRedirects: 3 }))).rejects.toMatchObject({
      kind: 'protocol',
      message: 'more than 3 redirects',
    });
    expect(hits).toBe(4);
  });

  test('one deadline covers all of them', async () => {
    let hops = 0;
    const url = await web((_, response) =>
      setTimeout(() => response.writeHead(302, { location: `/${++hops}` }).end(), 150),
    );
    const passed = stopwatch();
    await expect(outbound().request(asked(url, { timeoutMs: 400, followRedirects: 10 }))).rejects.toMatchObject({
      kind: 'timeout',
      message: expect.stringMatching(/^no complete answer within 400 ms, after [12] redirects?$/),
    });
    expect(passed()).toBeLessThan(1200);
    expect(hops).toBeLessThan(5);
  });
});

/** One address in many spellings, and names that lead to it. */
const SPELLINGS = [
  '127.0.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.0x0.0x0.0x1',
  '017700000001',
  '0177.0.0.1',
  '127.1',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::]',
  '[::1]',
  '0',
  '127.0.0.1.',
  encodeURIComponent('①②⑦.⓪.⓪.①'),
  'LOCALHOST',
  'localhost.',
  '%6c%6fcalhost',
  '127%2e0%2e0%2e1',
  'u:p@127.0.0.1',
  '[64:ff9b::127.0.0.1]',
  '[2002:7f00:1::]',
  'points.test.example',
  'alias.test.example',
  'both.test.example',
];

describe('the address policy behind a redirect', () => {
  test.each([301, 302, 303, 307, 308])(
    '%i leads no request to a forbidden address, however it is spelled',
    async (status) => {
      const { port, hits } = await canary();
      const { server } = await nameServer((name) => {
        if (name.startsWith('points')) return ['127.0.0.1'];
        if (name.startsWith('alias'))
          return [
            { type: 'CNAME', value: 'points.test.example' },
            { type: 'A', value: '127.0.0.1', of: 'points.test.example' },
          ];
        return name.startsWith('both') ? ['127.0.0.1', '127.0.0.2'] : 'nxdomain';
      }, finish);
      const outbound = way({ nameServers: [server] });
      for (const host of SPELLINGS) {
        // The first address is allowed while it is asked, and nothing private after: as if it stood outside.
        outbound.setPolicy({ allowPrivate: true });
        const first = await web((_, response) => {
          outbound.setPolicy({ allowPrivate: false });
          response.writeHead(status, { location: `http://${host}:${port}/` }).end();
        });
        await expect(outbound.request(asked(first)), host).rejects.toMatchObject({ kind: 'forbidden_address' });
      }
      expect(hits).toEqual([]);
    },
  );

  test('a redirect never leads to a metadata service, though private targets are allowed', async () => {
    for (const host of [
      '169.254.169.254',
      '2852039166',
      '0xa9fea9fe',
      '[::ffff:a9fe:a9fe]',
      '[fd00:ec2::254]',
      '100.100.100.200',
    ])
      await expect(outbound().request(asked(await to(`http://${host}/latest/meta-data/`))), host).rejects.toMatchObject(
        {
          kind: 'forbidden_address',
          message: expect.stringMatching(/^after a redirect: /),
        },
      );
  });

  test('a name that leads elsewhere at every question reaches nothing forbidden', async () => {
    const { port, hits } = await canary();
    let turn = 0;
    const { server } = await nameServer(() => [turn++ % 2 === 0 ? '203.0.113.7' : '127.0.0.1'], finish);
    let time = 0;
    const clock = { now: () => time, monotonic: () => time };
    const outbound = createOutbound({ clock, allowPrivate: false, nameServers: [server] });
    finish(outbound.close);
    for (let i = 0; i < 20; i++) {
      time += 2000;
      await expect(
        outbound.request({ url: `http://rebind.test.example:${port}/`, timeoutMs: 10_000, followRedirects: 3 }),
      ).rejects.toMatchObject({ kind: 'forbidden_address' });
    }
    expect(turn).toBeGreaterThanOrEqual(20);
    expect(hits).toEqual([]);
  });
});

test('the next request is made of the last one and the answer alone', () => {
  const from = {
    url: 'https://a.example/x/y?q=1',
    method: 'GET',
    headers: { a: 'b' },
    body: undefined,
    tls: { ca: 'c' },
  };
  const next = (location: string) => nextHop(from, 302, location);
  expect(next('../z')).toMatchObject({ url: 'https://a.example/z', headers: { a: 'b' }, tls: { ca: 'c' } });
  expect(next('//b.example/')).toMatchObject({ url: 'https://b.example/', headers: {}, tls: undefined });
  expect(next('http://a.example/')).toMatchObject({ url: 'http://a.example/', headers: {}, tls: undefined });
  expect(next('https://a.example:8443/')).toMatchObject({ headers: {}, tls: undefined });
  expect(next('https://A.EXAMPLE:443/?')).toMatchObject({ headers: { a: 'b' } });
});
