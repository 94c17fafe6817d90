import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { ProbeDeclaration } from '@orrery/protocol';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { until } from '../../../../../test/services/until.ts';
import { systemClock } from '../../platform/clock.ts';
import { CERTIFICATE, PRIVATE_KEY } from '../../platform/outbound/certificate.fixture.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { readContainer } from './container.ts';
import { onTcp, type Served } from './contract.fixture.ts';
import { readFigures } from './postgresFigures.ts';
import type { CheckContext, Outcome } from './probe.ts';
import { readQueryAnswer } from './queryAnswer.ts';
import { readInfo } from './redisInfo.ts';
import { openOutbound, probing } from './testing.ts';

const outbound = openOutbound();
const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});
afterAll(() => outbound.close());

const check = (declared: object, context: Partial<CheckContext> = {}): Promise<Outcome> =>
  probing(outbound, declared, context).check();
const served = async (server: Promise<Served>): Promise<number> => {
  const { port, stop } = await server;
  cleanUp.push(stop);
  return port;
};
async function web(listener: RequestListener, place: number | string = 0): Promise<string> {
  const server = createHttpServer(listener);
  server.listen(typeof place === 'string' ? { path: place } : { port: place, host: '127.0.0.1' });
  await once(server, 'listening');
  cleanUp.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return typeof place === 'string' ? place : `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

describe('prometheus', () => {
  const page = (text: string, status = 200) => web((_, response) => void response.writeHead(status).end(text));
  test.each([
    ['a 1\n', {}, 'up', undefined],
    ['', {}, 'degraded', 'the page holds no series'],
    ['a 1\n', { metrics: ['b*'] }, 'degraded', "none of the page's 1 series has a declared name"],
    ['<html></html>', {}, 'down', 'answered HTTP 200 with 13 bytes that are no Prometheus text'],
    ['a NaN\n', {}, 'up', undefined],
  ])('%j with %j is %s', async (text, more, status, reason) => {
    const outcome = await check({ kind: 'prometheus', url: await page(text), ...more });
    expect([outcome.status, outcome.reason]).toEqual([status, reason]);
  });

  test('what is left out is counted and shown, and does not make the target worse', async () => {
    const outcome = await check({ kind: 'prometheus', url: await page('a 1\nb 2\nc 3\n?\n'), maxSeries: 2 });
    expect(outcome).toMatchObject({
      status: 'up',
      samples: [{ key: 'a' }, { key: 'b' }],
      refused: { too_many: 1, bad_line: 1 },
      checks: {
        series: { ok: false, detail: 'the first 2 series are kept; 1 more were left out (maxSeries)' },
        lines: { ok: false, detail: '1 lines could not be read; 2 series were' },
      },
    });
  });

  test('of a page beyond all bounds the beginning is read, and no half line', async () => {
    const outcome = await check({
      kind: 'prometheus',
      url: await page('abcdef 123456\n'.repeat(160_000)),
      maxSeries: 1,
    });
    expect(outcome).toMatchObject({ status: 'degraded', samples: [{ key: 'abcdef', value: 123456 }] });
    expect(outcome.refused?.bad_line).toBeUndefined();
  });

  test('another status is down', async () => {
    const outcome = await check({ kind: 'prometheus', url: await page('a 1\n', 503) });
    expect(outcome).toMatchObject({ status: 'down', reason: 'answered HTTP 503, expected 200–299' });
  });
});

describe('promql', () => {
  const vector = (...values: [object, string][]) =>
    JSON.stringify({
      status: 'success',
      data: { resultType: 'vector', result: values.map(([metric, value]) => ({ metric, value: [1, value] })) },
    });
  const wish = { metric: 'm', unit: 'ms' };

  test('labels become tags, and what is no finite number is counted', () => {
    const text = vector([{ __name__: 'up', job: 'api', empty: '' }, '1.5'], [{}, 'NaN'], [{}, '+Inf'], [{}, 'x']);
    expect(readQueryAnswer(200, text, wish)).toEqual({
      samples: [{ key: 'm', value: 1.5, tags: { job: 'api' }, unit: 'ms' }],
      refused: { non_finite: 3 },
    });
  });

  test.each([
    ['{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}', 2],
    ['{"status":"success","data":{"resultType":"string","result":[1,"NaN"]}}', 'NaN'],
  ])('%s', (text, value) => {
    expect(readQueryAnswer(200, text, wish).samples).toEqual([{ key: 'm', value, unit: 'ms' }]);
  });

  test.each([
    [
      400,
      '{"status":"error","errorType":"bad_data","error":"SECRET"}',
      /^was refused: it is no valid PromQL.*bad_data, HTTP 400/,
    ],
    [502, '<html>', /^was answered HTTP 502 with no result$/],
    [200, '{"status":"success","data":{"resultType":"matrix","result":[]}}', /a range of values/],
    [200, '{"status":"success"}', /no result/],
  ])('HTTP %i with %s is told in our own words', (status, text, problem) => {
    const reading = readQueryAnswer(status, text, wish);
    expect(reading.problem).toMatch(problem);
    expect(reading.problem).not.toContain('SECRET');
  });

  test('queries are asked together; one that fails leaves the others, and is named', async () => {
    const waiting: (() => void)[] = [];
    const url = await web((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const query = new URLSearchParams(body).get('query') ?? '';
        waiting.push(() => {
          if (query === 'huge') response.end('x'.repeat(2 * 1024 * 1024));
          else if (query === 'bad') response.writeHead(422).end('{"status":"error","errorType":"execution"}');
          else response.end(vector([{ q: query }, '1']));
        });
        // Nobody is answered before all have asked.
        if (waiting.length === 4) for (const answer of waiting) answer();
      });
    });
    const queries = ['one', 'bad', 'huge', 'two'].map((query) => ({ metric: `m.${query}`, query }));
    const outcome = await check({ kind: 'promql', url: `${url}/prom/`, queries, timeout: '30s' });
    expect(outcome).toMatchObject({ status: 'degraded', heard: true });
    expect(outcome.reason).toMatch(/^2 of 4 queries failed; the query for m\.(bad|huge) /);
    expect(outcome.samples?.map(({ key }) => key).sort()).toEqual(['m.one', 'm.two']);
  });

  test('a server that breaks a connection is asked nothing more', async () => {
    const held: (() => void)[] = [];
    let asked = 0;
    const url = await web((request, response) => {
      asked += 1;
      held.push(() => void response.end('{}'));
      if (asked === 8) request.socket.destroy();
    });
    const queries = Array.from({ length: 40 }, (_, i) => ({ metric: `m${i}`, query: 'up' }));
    expect((await check({ kind: 'promql', url, queries, timeout: '30s' })).status).toBe('down');
    for (const answer of held) answer();
    await until(() => outbound.inFlight() === 0, { what: 'the questions that were under way have ended' });
    expect(asked).toBe(8);
  });
});

describe('redis', () => {
  const answering = (text: string) => served(onTcp((socket) => void socket.on('data', () => socket.write(text))));
  test.each([
    ['-LOADING Redis is loading the dataset in memory\r\n', 'degraded', /error LOADING: it is loading its data/],
    ['-NOAUTH Authentication required.\r\n', 'down', /error NOAUTH: it asks for a password/],
    ['-ERR secrets of the server\r\n', 'down', /^PING was answered with the error ERR$/],
    [':1\r\n', 'down', /something else than PONG/],
  ])('%j is %s', async (reply, status, reason) => {
    const outcome = await check({ kind: 'redis', url: `redis://127.0.0.1:${await answering(reply.repeat(2))}` });
    expect(outcome).toMatchObject({ status, reason: expect.stringMatching(reason), heard: true });
  });

  test('a user who may not ask for INFO is told, and the server is up', async () => {
    const port = await answering('+PONG\r\n-NOPERM this user has no permissions\r\n');
    const outcome = await check({ kind: 'redis', url: `redis://127.0.0.1:${port}` });
    expect(outcome).toMatchObject({
      status: 'up',
      checks: { info: { ok: false, detail: 'INFO was not answered (NOPERM)' } },
    });
  });

  test('rediss speaks TLS, and looks at the certificate', async () => {
    const server = createTlsServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write('+PONG\r\n$0\r\n\r\n'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUp.push(() => server.close());
    const url = `rediss://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await check({ kind: 'redis', url, tls: { ca: CERTIFICATE } })).toMatchObject({ status: 'up' });
    expect(await check({ kind: 'redis', url })).toMatchObject({
      status: 'down',
      reason: expect.stringMatching(/self-signed/),
    });
  });

  const info = (fields: object) =>
    Object.entries(fields)
      .map(([name, value]) => `${name}:${value}\r\n`)
      .join('');
  const value = (reading: ReturnType<typeof readInfo>, key: string) =>
    reading.figures.find((figure) => figure.key === key)?.value;

  test('the hit rate is that since the last check, and begins anew with the server', () => {
    const first = readInfo(info({ keyspace_hits: 90, keyspace_misses: 10 }), undefined);
    const second = readInfo(info({ keyspace_hits: 91, keyspace_misses: 13 }), first.counters);
    const silent = readInfo(info({ keyspace_hits: 91, keyspace_misses: 13 }), second.counters);
    const restarted = readInfo(info({ keyspace_hits: 1, keyspace_misses: 0 }), silent.counters);
    const rates = [first, second, silent, restarted].map((reading) => value(reading, 'redis.hit_rate_percent'));
    expect(rates).toEqual([90, 25, undefined, 100]);
  });

  test('a replica without its primary is degraded, and says for how long', () => {
    const fields = { role: 'slave', master_link_status: 'down', master_link_down_since_seconds: 7 };
    const reading = readInfo(info(fields), undefined);
    expect(reading.degraded).toBe('it is a replica, and the link to its primary is down for 7 s');
    expect(value(reading, 'redis.replication_link_up')).toBe(0);
    expect(value(reading, 'redis.role')).toBe('replica');
  });

  test('figures that are none are left out', () => {
    const fields = { used_memory: 'much', maxmemory: 0, connected_clients: 'Infinity', evicted_keys: '1e999' };
    expect(readInfo(info(fields), undefined).figures).toEqual([]);
  });
});

test('figures of PostgreSQL: what the user may not see is left out', () => {
  const row = {
    connections: 5,
    max_connections: 100,
    bytes: null,
    replication_lag: null,
    oldest_transaction: null,
    deadlocks: 0,
  };
  expect(readFigures(row)).toEqual([
    { key: 'postgres.connections', value: 5, unit: 'count' },
    { key: 'postgres.connections_percent', value: 5, unit: '%' },
    { key: 'postgres.oldest_transaction_seconds', value: 0, unit: 's' },
    { key: 'postgres.deadlocks', value: 0, unit: 'count' },
  ]);
});

describe('docker', () => {
  const log = (Output: string) => [
    { ExitCode: 0, Output: 'fine' },
    { ExitCode: 1, Output },
  ];
  test.each([
    [{ Status: 'running' }, 'up', undefined],
    [{ Status: 'running', Health: { Status: 'none' } }, 'up', undefined],
    [{ Status: 'running', Health: { Status: 'healthy' } }, 'up', undefined],
    [
      { Status: 'running', Health: { Status: 'starting' } },
      'degraded',
      'the container runs, and its health check has not passed yet',
    ],
    [
      {
        Status: 'running',
        Health: { Status: 'unhealthy', FailingStreak: 3, Log: log('first\nno route to postgres://a:b@db\n') },
      },
      'down',
      'the container is unhealthy, 3 failed checks in a row: no route to postgres://***@db',
    ],
    [{ Status: 'running', Health: { Status: 'unhealthy', Log: 'none' } }, 'down', 'the container is unhealthy'],
    [{ Status: 'paused' }, 'degraded', 'the container is paused'],
    [{ Status: 'restarting', ExitCode: 1 }, 'down', 'the container is restarting (exit code 1)'],
    [{ Status: 'exited', ExitCode: 0 }, 'down', 'the container is exited (exit code 0)'],
    [
      { Status: 'exited', ExitCode: 137, OOMKilled: true },
      'down',
      'the container is exited (exit code 137): it ran out of memory',
    ],
    [{ Status: 'dead', ExitCode: 'x' }, 'down', 'the container is dead'],
    [{ Status: 'created' }, 'down', 'the container was created but never started'],
    [{ Status: 'removing' }, 'down', 'the container is being removed'],
    [{ Status: 'floating' }, 'degraded', 'the container\'s state is "floating", which is no known word'],
  ])('%j is %s', (State, status, reason) => {
    const reading = readContainer({ State, RestartCount: 2 });
    expect([reading?.status, reading?.reason]).toEqual([status, reason]);
    expect(reading?.figures).toEqual([{ key: 'docker.restart_count', value: 2, unit: 'count' }]);
  });

  test('the last line of a health log stays short and on one line', () => {
    const Health = { Status: 'unhealthy', Log: log(`${'x'.repeat(100_000)}\u001b[31m\u2028`) };
    const reason = readContainer({ State: { Status: 'running', Health } })?.reason ?? '';
    expect(reason.length).toBeLessThan(300);
    expect(reason).not.toMatch(/[\p{Cc}\p{Zl}]/u);
  });

  test.each([[undefined], [null], ['x'], [{}], [{ State: [] }], [{ State: { Status: 1 } }]])(
    '%j is no container',
    (json) => {
      expect(readContainer(json)).toBeUndefined();
    },
  );

  const folder = () => {
    const dir = mkdtempSync(join(tmpdir(), 'orrery-sock-'));
    cleanUp.unshift(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
  };

  test('an engine is asked over its socket, in the version that it names, which is kept', async () => {
    const asked: string[] = [];
    const socket = await web(
      (request, response) => {
        asked.push(request.url ?? '');
        if (request.url === '/_ping') response.writeHead(200, { 'api-version': '1.41' }).end('OK');
        else
          response.end(
            JSON.stringify({ RestartCount: 0, State: { Status: 'running', StartedAt: '2026-01-01T00:00:00.5Z' } }),
          );
      },
      join(folder(), 'd.sock'),
    );
    const memory = {};
    const outcome = await check({ kind: 'docker', container: 'web', socket }, { memory });
    await check({ kind: 'docker', container: 'web', socket }, { memory });
    expect(asked).toEqual(['/_ping', '/v1.41/containers/web/json', '/v1.41/containers/web/json']);
    expect(outcome).toMatchObject({ status: 'up', heard: true });
    expect(outcome.figures).toContainEqual({
      key: 'docker.started_at',
      value: Date.parse('2026-01-01T00:00:00.5Z'),
      unit: 'ms',
    });
  });

  test('a socket that is not there, or not allowed, is down and says so', async () => {
    const socket = join(folder(), 'none.sock');
    const closed = createOutbound({ clock: systemClock, allowPrivate: false });
    cleanUp.push(() => closed.close());
    const reasons = await Promise.all(
      [outbound, closed].map((way) => check({ kind: 'docker', container: 'web', socket }, { outbound: way })),
    );
    expect(reasons[0]?.reason).toMatch(/there is no socket of that name/);
    expect(reasons[1]?.reason).toMatch(/private; set network\.allowPrivate/);
  });

  test('a container that nobody knows is down', async () => {
    const url = await web(
      (request, response) => void response.writeHead(request.url === '/_ping' ? 200 : 404).end('{}'),
    );
    expect(await check({ kind: 'docker', container: 'web', url })).toMatchObject({
      status: 'down',
      reason: 'the engine knows no container "web"',
    });
  });
});

test('a database URL without a host is refused where it is declared', () => {
  for (const url of ['postgres://:pw@/x', 'postgres://?x', 'redis://', 'postgres://[bad/x', 'mysql://h/x'])
    expect(ProbeDeclaration.safeParse({ kind: url.startsWith('r') ? 'redis' : 'postgres', url }).success, url).toBe(
      false,
    );
  expect(ProbeDeclaration.safeParse({ kind: 'postgres', url: 'postgresql://u:p%40@[::1]/x' }).success).toBe(true);
});
