import { connect } from 'node:net';
import type { FedMetrics } from '@orrery/protocol';
import { expect, test } from 'vitest';
import { figure, mebibytes, seconds } from '../services/figures.ts';
import { heldBy, memoryOf, metricOf } from '../services/memory.ts';
import { type Mood, POISONED } from '../services/product.ts';
import { until } from '../services/until.ts';
import { amongStrangers, INTERVAL, loopLag, passing } from './strangers.ts';

/** Faults 3 to 6: instances of strangers that answer anything at all, beside healthy ones that must not notice. */
const NASTY: readonly Mood[] = [
  'huge',
  'gzipbomb',
  'badjson',
  'truncate',
  'deepjson',
  'poison',
  'traps',
  'flood',
  'cut',
];
const LARGE: readonly Mood[] = ['huge', 'gzipbomb'];
const MEBIBYTE = 1024 * 1024;
/** What of a poisoned answer must not come to be. */
const POISON = ['too.big', 'too.small', 'not.a.number', 'infinite', 'negative.count', 'beyond.2p53', 'forty.digits'];
const TRAPS = ['__proto__', 'constructor', 'nested', 'listed', 'nothing', 'spaced key', '1starts.wrong'];

test('strangers may answer what they like: nothing falls, grows, or comes to be that was not said', async () => {
  const { hub, bad, usualGap, usualLag, services, worstGap } = await amongStrangers(NASTY, 5000);
  const product = (mood: Mood) => bad.get(mood) as NonNullable<ReturnType<typeof bad.get>>;
  const series = async (project: string, query: string) =>
    (await hub.api.read<FedMetrics>(`/api/fed/metrics/${project}?from=10m&${query}`)).series;

  // 3: large answers, alone: what they cost is theirs.
  const quiet = await heldBy(hub);
  const quietRss = memoryOf(hub.pid);
  await loopLag(hub);
  const from = performance.now();
  for (const mood of LARGE) product(mood).mood = mood;
  let peak = 0;
  await passing(6000, () => {
    peak = Math.max(peak, memoryOf(hub.pid));
  });
  const lag = await loopLag(hub);
  const large = await heldBy(hub);
  const grown = large.heapUsed + large.external - quiet.heapUsed - quiet.external;
  figure(3, 'memory held after 512 MB bodies and gzip bombs, collected', mebibytes(grown), '10 MiB');
  figure(
    3,
    'resident memory: peak, and kept after collection',
    `${mebibytes(peak - quietRss)}, ${mebibytes(large.rss - quiet.rss)}`,
    '10 MiB',
  );
  expect(grown).toBeLessThan(10 * MEBIBYTE);
  figure(3, 'event loop p99', `${seconds(lag)} (in peace ${seconds(usualLag)})`, '50 ms');
  expect(lag).toBeLessThan(Math.max(50, usualLag * 2));

  for (const mood of NASTY) product(mood).mood = mood;
  await passing(6000);
  const gap = worstGap(from);
  const status = new Map((await services()).map((service) => [service.project, service]));
  for (const mood of LARGE) expect(status.get(mood)?.reason).toMatch(/large|limit|more than/i);
  const peace = `in peace ${(usualGap / INTERVAL).toFixed(2)}`;
  figure(3, 'worst gap of a healthy instance', `${(gap / INTERVAL).toFixed(2)} intervals (${peace})`, '1.2');
  expect(gap).toBeLessThan(Math.max(INTERVAL * 1.2, usualGap + INTERVAL * 0.2));

  // 4: answers that are none. An error is recorded as one, never as a zero, and the value of before stays.
  expect((await hub.api.get('/health')).status).toBe(200);
  expect(hub.stderr()).not.toMatch(/"level":60|FATAL|out of memory/);
  for (const mood of ['huge', 'gzipbomb', 'badjson', 'truncate', 'deepjson', 'cut'] as const) {
    expect(status.get(mood)?.status, mood).toBe('down');
    expect(status.get(mood)?.reason, mood).toBeTruthy();
    expect(status.get(mood)?.reason?.length, mood).toBeLessThan(500);
    const values = (await series(mood, 'key=good.value')).flatMap((one) => one.points.map(([, value]) => value));
    expect(values.length, mood).toBeGreaterThan(0);
    expect(new Set(values), mood).toEqual(new Set([42]));
  }
  for (const calm of ['calm-1', 'calm-2', 'calm-3']) expect(status.get(calm)?.status).toBe('up');
  figure(4, 'crashes; values of broken answers that were stored as numbers', '0; 0', '0; 0');

  // 6: traps among the names, and floods of them.
  expect(status.get('traps')?.status).toBe('up');
  expect(JSON.stringify(status.get('traps'))).not.toContain('polluted');
  expect((await heldBy(hub)).prototype).toEqual(quiet.prototype);
  const { items: flooded } = await hub.api.read<{ items: { key: string }[] }>('/api/fed/metrics/flood/keys');
  expect(flooded.length).toBeLessThanOrEqual(2000);
  expect(flooded.every(({ key }) => key.length <= 128)).toBe(true);
  expect(await metricOf(hub, 'orrery_refusals_total', { project: 'flood', reason: 'series_limit' })).toBeGreaterThan(0);
  figure(6, 'series of an instance that offers 10,000', String(flooded.length), '2,000');
  expect(await rawRequest(hub.url, 'BREW /ops/health')).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(await rawRequest(hub.url, 'PROPFIND /ops/health')).toMatch(/^HTTP\/1\.1 40[15] /);
  expect((await hub.api.get('/metrics')).text).not.toMatch(/method="(BREW|PROPFIND)"/);

  // Each is up again as soon as it behaves.
  for (const mood of NASTY) product(mood).mood = 'healthy';
  await until(async () => (await services()).every((service) => service.status === 'up'), { what: 'all are up again' });

  // 5: of poisoned metrics the good ones are kept, no other number comes to be, and each refusal is counted.
  const answered = product('poison').hits.filter(({ path, mood }) => path === '/api/metrics' && mood === 'poison');
  const counted = () => metricOf(hub, 'orrery_refusals_total', { project: 'poison' });
  await until(async () => (await counted()) >= answered.length * POISONED, { what: 'every refusal is counted' });
  figure(5, 'refused values counted, of those injected', `${await counted()} of ${answered.length * POISONED}`, 'all');
  expect(await counted()).toBe(answered.length * POISONED);
  const known = await hub.api.read<{ items: { key: string; last: unknown }[] }>('/api/fed/metrics/poison/keys');
  const keys = known.items.map(({ key }) => key);
  for (const bad of [...POISON, ...TRAPS]) expect(keys).not.toContain(bad);
  for (const good of ['good.value', 'exact.enough']) expect(keys).toContain(good);
  for (const stat of ['avg', 'sum', 'max'])
    for (const { key, points } of await series('poison', `stat=${stat}`))
      for (const [, value] of points) if (typeof value === 'number') expect(Number.isFinite(value), key).toBe(true);
  const good = (await series('poison', 'key=good.value')).flatMap(({ points }) => points);
  expect(good.every(([, value]) => value === 42)).toBe(true);
});

/** Sends a request line as it stands and gives what comes back first. */
function rawRequest(url: string, line: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${line} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`);
    });
    socket.once('data', (chunk) => {
      resolve(chunk.toString());
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
