import type { FedMetrics, OpsHealth } from '@orrery/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import { memoryOf } from '../services/memory.ts';
import { type FakeProduct, type Mood, startProduct } from '../services/product.ts';
import { until } from '../services/until.ts';

/** Faults 1 and 3 to 6: instances of strangers that answer anything at all, beside healthy ones that must not notice. */
const NASTY: readonly Mood[] = [
  'huge',
  'gzipbomb',
  'badjson',
  'truncate',
  'deepjson',
  'poison',
  'traps',
  'flood',
  'hang',
  'cut',
];
const HEALTHY = ['calm-1', 'calm-2', 'calm-3'];
const INTERVAL = 1000;
const products = new Map<string, FakeProduct>();
let hub: RunningHub;

beforeAll(async () => {
  for (const slug of HEALTHY) products.set(slug, await startProduct(slug));
  for (const mood of NASTY) products.set(mood, await startProduct(mood, 'healthy'));
  const declared = [...products].map(
    ([slug, { url }]) => `  - slug: ${slug}
    name: ${slug}
    hubUrl: ${url}
    apiKey: key-of-${slug}-000000000000
    services: [{ name: api, probes: [{ kind: instance, interval: 1s, timeout: 700ms, failAfter: 1, recoverAfter: 1, logs: false }] }]`,
  );
  // Little heap: what strangers make the hub hold must fit, whatever the engine would otherwise leave lying about.
  hub = await startHub({
    env: { NODE_OPTIONS: '--max-old-space-size=128' },
    yaml: `projects:\n${declared.join('\n')}\nnetwork: { allowPrivate: true }\n`,
  });
});
afterAll(async () => {
  await hub?.dispose();
  await Promise.all([...products.values()].map((product) => product.stop()));
});

const product = (slug: string) => {
  const found = products.get(slug);
  if (!found) throw new Error(`no product ${slug}`);
  return found;
};
const services = async () => (await hub.api.read<OpsHealth>('/ops/health?history=1')).services;
const series = async (project: string, key: string) =>
  (await hub.api.read<FedMetrics>(`/api/fed/metrics/${project}?key=${encodeURIComponent(key)}&from=10m`)).series;

test('the hub stays up, says what is wrong with each, and checks the healthy ones as if nothing were', async () => {
  await until(async () => (await services()).every((service) => service.status === 'up'), {
    timeoutMs: 15_000,
    what: 'all are up at first',
  });
  // How evenly this machine runs with nothing wrong: what it cannot do in peace is not the strangers' doing.
  const calm = performance.now();
  await until(() => performance.now() - calm > 5000, { everyMs: 100, what: 'five quiet seconds' });
  const usual = Math.max(...HEALTHY.map((slug) => longestGap(product(slug), calm)));
  const quiet = memoryOf(hub.pid);
  for (const mood of NASTY) product(mood).mood = mood;
  const from = performance.now();
  let peak = 0;
  await until(
    () => {
      peak = Math.max(peak, memoryOf(hub.pid));
      return performance.now() - from > 12_000;
    },
    { timeoutMs: 20_000, everyMs: 100, what: 'twelve seconds among strangers' },
  );

  expect((await hub.api.get('/health')).status).toBe(200);
  expect(hub.stderr()).not.toMatch(/"level":60|FATAL|out of memory/);
  const byProject = new Map((await services()).map((service) => [service.project, service]));
  for (const slug of HEALTHY) {
    expect(byProject.get(slug)?.status).toBe('up');
    expect(longestGap(product(slug), from)).toBeLessThan(Math.max(INTERVAL * 1.2, usual + INTERVAL * 0.2));
  }
  for (const mood of ['huge', 'gzipbomb', 'badjson', 'truncate', 'deepjson', 'hang', 'cut']) {
    const service = byProject.get(mood);
    expect(service?.status, mood).toBe('down');
    expect(service?.reason, mood).toBeTruthy();
    expect(service?.reason?.length, mood).toBeLessThan(500);
  }
  expect(byProject.get('huge')?.reason).toMatch(/large|limit|more than/i);
  expect(byProject.get('gzipbomb')?.reason).toMatch(/large|limit|more than/i);
  expect(byProject.get('hang')?.reason).toMatch(/no complete answer within 700 ms/);
  expect(peak - quiet, 'memory among strangers').toBeLessThan(160 * 1024 * 1024);
});

test('what cannot be understood is an error, never a zero, and the value of before stays', async () => {
  for (const mood of ['badjson', 'truncate', 'deepjson', 'huge'] as const) {
    const values = (await series(mood, 'good.value')).flatMap((one) => one.points.map(([, value]) => value));
    expect(values.length, mood).toBeGreaterThan(0);
    expect(new Set(values), mood).toEqual(new Set([42]));
  }
});

test('of poisoned metrics the good ones are kept and no other number comes to be', async () => {
  const good = (await series('poison', 'good.value')).flatMap((one) => one.points);
  expect(good.length).toBeGreaterThan(0);
  expect(good.every(([, value]) => value === 42)).toBe(true);
  const keys = await hub.api.read<{ items: { key: string; last: unknown }[] }>('/api/fed/metrics/poison/keys');
  const known = keys.items.map((item) => item.key);
  for (const bad of [
    'too.big',
    'too.small',
    'not.a.number',
    'infinite',
    'beyond.2p53',
    '__proto__',
    'constructor',
    'nested',
    'listed',
    'nothing',
    'spaced key',
    '1starts.wrong',
  ])
    expect(known).not.toContain(bad);
  for (const { key, last } of keys.items) if (typeof last === 'number') expect(Number.isFinite(last), key).toBe(true);
});

test('a flood of metrics stops at the limit of series, and a name of a megabyte is no name', async () => {
  const { items } = await hub.api.read<{ items: { key: string }[] }>('/api/fed/metrics/flood/keys');
  expect(items.length).toBeLessThanOrEqual(2000);
  expect(items.every((item) => item.key.length <= 128)).toBe(true);
  const { text } = await hub.api.get('/metrics');
  expect(text).toMatch(/series_limit[^\n]* [1-9]/);
});

test('traps in a health answer are checks like any other, or none', async () => {
  const service = (await services()).find((one) => one.project === 'traps');
  expect(service?.status).toBe('up');
  expect(JSON.stringify(service)).not.toContain('polluted');
  expect((await hub.api.get('/api/me')).text).not.toContain('polluted');
});

test('each of them is up again as soon as it behaves', async () => {
  for (const mood of NASTY) product(mood).mood = 'healthy';
  await until(async () => (await services()).every((service) => service.status === 'up'), {
    timeoutMs: 10_000,
    what: 'all are up again',
  });
});

/** The longest time (ms) between two visits to /api/health. */
function longestGap({ hits }: FakeProduct, from: number): number {
  const times = hits.filter((hit) => hit.at > from && hit.path.startsWith('/api/health')).map((hit) => hit.at);
  expect(times.length).toBeGreaterThan(3);
  return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at)));
}
