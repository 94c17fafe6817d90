import { describe, expect, it } from 'vitest';
import { random, shuffled } from '../rank/testing.ts';
import { rates, shiftOf } from './changepoint.ts';
import { changeFacts } from './changes.ts';
import { figureFacts } from './figures.ts';
import { meaningOf } from './metrics.ts';
import { readLine, readReason } from './reasons.ts';

describe('a reason', () => {
  it.each([
    ['GET http://x/: the connection was refused: nothing listens there', 'unreachable', false],
    ['the connection was closed before the answer', 'unreachable', false],
    ['no complete answer within 2000 ms: the connection stood but nothing came back', 'unresponsive', false],
    ['answered HTTP 503, expected 200–299', 'failing', false],
    ['answered HTTP 200 with no valid JSON (44 bytes), expected a health report', 'malformed', false],
    ['answered in 2300 ms, slower than 500 ms', 'slow', false],
    ['TLS x:443: the certificate has expired (tls_expired)', 'certificate', true],
    ['the name db.internal could not be resolved: there is no such name (dns_nxdomain, ENOTFOUND)', 'dns', true],
    ['the container is exited (exit code 137): it ran out of memory', 'memory', true],
    ['FATAL: sorry, too many clients already', 'pool', true],
    ['ERROR: deadlock detected', 'lock', true],
    ['could not extend file "base/1": No space left on device', 'disk', true],
    ['canceling statement due to statement timeout', 'statement', true],
    ['java.lang.OutOfMemoryError: Java heap space', 'memory', true],
    ['possible SQL injection in /search', 'attack', true],
  ] as const)('%s says %s', (text, kind, named) => expect(readReason(text)).toEqual({ kind, named }));

  it.each(['', 'hello', 'order 17 paid', 'x'.repeat(100_000)])('%.20s says nothing', (text) =>
    expect(readReason(text)).toBeUndefined(),
  );

  it('of a log line may be about what the part calls', () => {
    expect(readLine('payment failed: connect ECONNREFUSED <*>')).toEqual({ kind: 'dependency', named: true });
    expect(readLine('Error: <*> is not a function')).toEqual({ kind: 'failing', named: false });
  });

  it('is read in time that grows with its length only', () => {
    const began = process.cpuUsage();
    for (const text of ['a '.repeat(1e6), 'lock '.repeat(1e5), 'certificate '.repeat(1e5), '('.repeat(1e6)])
      readReason(text);
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(500);
  });
});

describe('the name of a metric', () => {
  it.each([
    ['process_resident_memory_bytes', 'memory', 'up'],
    ['process.rss_bytes', 'memory', 'up'],
    ['jvm.memory.used', 'memory', 'up'],
    ['node_memory_MemAvailable_bytes', 'memory', 'down'],
    ['node_filesystem_avail_bytes', 'disk', 'down'],
    ['process.cpu_percent', 'cpu', 'up'],
    ['nodejs_eventloop_lag_seconds', 'cpu', 'up'],
    ['http.server.request.duration', 'slow', 'up'],
    ['performance.latency_p95_ms', 'slow', 'up'],
    ['performance.error_rate', 'failing', 'up'],
    ['http_requests_total', 'traffic', 'up'],
    ['performance.requests', 'traffic', 'up'],
    ['hikaricp_connections_pending', 'pool', 'up'],
    ['postgres.connections_percent', 'pool', 'up'],
    ['db.query_p95_ms', 'statement', 'up'],
    ['postgres.oldest_transaction_seconds', 'lock', 'up'],
    ['postgres.deadlocks', 'lock', 'up'],
  ] as const)('%s speaks for %s when it goes %s', (key, kind, bad) =>
    expect(meaningOf(key)).toMatchObject({ kind, bad }),
  );

  it.each([
    'revenue_24h',
    'strange.figure',
    'process.uptime_s',
    'probe.up',
    'mrr',
    'deploy.last_deployed_at',
    'ai_cost',
  ])('%s speaks for nothing', (key) => expect(meaningOf(key)).toBeUndefined());

  it('of a counter says that its rate counts', () => expect(meaningOf('http_requests_total')?.counter).toBe(true));
});

const series = (values: readonly number[]) => values.map((value, i) => ({ at: i * 1000, value }));
/** A noise that is the same in every run. */
const noisy = (level: number, spread: number, seed: number, length: number) => {
  const next = random(seed);
  return Array.from({ length }, () => level + spread * (next() + next() + next() - 1.5));
};

describe('a level', () => {
  it.each<[string, number[], number | undefined]>([
    ['that doubles', [...noisy(100, 10, 1, 60), ...noisy(200, 10, 2, 20)], 60],
    ['that doubles just now', [...noisy(100, 10, 3, 60), ...noisy(200, 10, 4, 3)], 60],
    ['that falls to a half', [...noisy(100, 10, 5, 60), ...noisy(50, 5, 6, 20)], 60],
    ['that was nothing before', [...Array.from({ length: 40 }, () => 0), 5, 6, 5, 7, 6], 40],
    ['of one odd value', [...noisy(100, 10, 7, 60), 900, ...noisy(100, 10, 8, 20)], undefined],
    ['that moves by a tenth', [...noisy(100, 1, 9, 60), ...noisy(110, 1, 10, 20)], undefined],
    ['that is always restless', noisy(100, 200, 11, 80), undefined],
    ['that is always the same', Array.from({ length: 80 }, () => 7), undefined],
    ['that is hardly known', [1, 1, 1, 9, 9, 9], undefined],
    ['of no numbers', [Number.NaN, Number.POSITIVE_INFINITY], undefined],
  ])('%s', (_, values, place) => {
    const shift = shiftOf(series(values));
    expect(shift === undefined ? undefined : Math.abs(shift.at / 1000 - (place ?? -99)) <= 1).toBe(
      place === undefined ? undefined : true,
    );
    expect(shiftOf(shuffled(series(values), random(1))), 'in any order').toEqual(shift);
  });

  it('that grows all the time has changed', () => {
    expect(shiftOf(series(Array.from({ length: 100 }, (_, i) => 100 + (i < 50 ? 0 : (i - 50) * 8))))).toMatchObject({
      direction: 'up',
    });
  });

  it('without a change is seldom taken for one', () => {
    const false_ = Array.from({ length: 2000 }, (_, seed) => shiftOf(series(noisy(100, 60, seed + 1, 120)))).filter(
      Boolean,
    );
    expect(false_.length).toBeLessThanOrEqual(4);
  });

  it('of many samples is found in a moment', () => {
    const began = process.cpuUsage();
    expect(shiftOf(series([...noisy(100, 10, 1, 90_000), ...noisy(200, 10, 2, 10_000)]))).toMatchObject({
      direction: 'up',
    });
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(1000);
  });
});

it('a counter is judged by what it counts in a second; a restart begins anew', () => {
  expect(
    rates([
      { at: 2000, value: 30 },
      { at: 0, value: 10 },
      { at: 4000, value: 5 },
    ]),
  ).toEqual([
    { at: 2000, value: 10 },
    { at: 4000, value: 2.5 },
  ]);
});

it('a change for the better, and a trifle, speak for nothing', () => {
  const of = (key: string, before: number, after: number) =>
    figureFacts([
      {
        series: { id: 1, project: 'p', key },
        points: series([
          ...Array.from({ length: 40 }, (_, i) => before + (i % 2) * before * 0.01),
          ...Array.from({ length: 8 }, () => after),
        ]),
      },
    ]);
  expect(of('performance.latency_p95_ms', 100, 300)).toMatchObject([
    { kind: 'changepoint', text: 'performance.latency_p95_ms rose from 101 to 300', speaks: [{ kind: 'slow' }] },
  ]);
  expect(of('performance.latency_p95_ms', 300, 100)).toEqual([]);
  expect(of('db.query_p50_ms', 0.03, 0.06)).toEqual([]);
});

it('requests of a process that has just begun grow by themselves, and speak for no traffic', () => {
  const points = series([
    ...Array.from({ length: 20 }, (_, i) => 10 + (i % 2)),
    ...Array.from({ length: 20 }, () => 90),
  ]);
  const first = points[0]?.at ?? 0;
  const of = (startedAt: number) =>
    figureFacts([{ series: { id: 1, project: 'p', key: 'performance.requests' }, points }], () => startedAt).flatMap(
      ({ speaks }) => speaks.map(({ kind }) => kind),
    );
  expect(of(first - 3_600_000)).toEqual(['traffic']);
  expect(of((points.at(-1)?.at ?? 0) - 60_000)).toEqual([]);
});

it('what was done before a project was known, too long ago or after the trouble is no change', () => {
  const began = 10_000_000;
  const row = (at: number) => ({
    id: String(at),
    at,
    type: 'deploy.finished',
    project: 'p',
    service: null,
    title: 'out',
  });
  const of = (deployed: number, firstSeen: number) =>
    changeFacts([row(deployed)], [{ project: 'p', value: deployed }], began, new Map([['p', firstSeen]])).length;
  expect(of(began - 60_000, 0)).toBe(2);
  expect(of(began - 60_000, began - 30_000)).toBe(0);
});
