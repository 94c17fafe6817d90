import type { OpsHealth, OpsService } from '@orrery/protocol';
import { expect } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import { MEASURED, metricOf } from '../services/memory.ts';
import { type FakeProduct, type Mood, startProduct } from '../services/product.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';

export const INTERVAL = 1000;
export const TIMEOUT = 700;
const HEALTHY = ['calm-1', 'calm-2', 'calm-3'];

export type Strangers = {
  hub: RunningHub;
  /** By slug: those that turn bad, named as they are given. */
  bad: ReadonlyMap<string, FakeProduct>;
  calm: readonly FakeProduct[];
  /** The worst gap between two visits of a healthy instance in the quiet seconds before anything went wrong, ms. */
  usualGap: number;
  /** Its event loop's p99 in those seconds, ms. */
  usualLag: number;
  services(): Promise<OpsService[]>;
  worstGap(from: number): number;
};

/** A hub, three healthy instances, and others that a test may turn bad; all of them up, and watched for some quiet seconds. */
export async function amongStrangers(slugs: readonly string[], quietMs: number): Promise<Strangers> {
  const start = (slug: string) => during(startProduct(slug), (product) => product.stop());
  const calm = await Promise.all(HEALTHY.map(start));
  const bad = new Map<string, FakeProduct>();
  for (const slug of slugs) bad.set(slug, await start(slug));
  const declared = [
    ...HEALTHY.map((slug, i) => [slug, calm[i]?.url]),
    ...[...bad].map(([slug, { url }]) => [slug, url]),
  ].map(
    ([slug, url]) => `  - slug: ${slug}
    name: ${slug}
    hubUrl: ${url}
    apiKey: key-of-${slug}-000000000000
    services: [{ name: api, probes: [{ kind: instance, interval: ${INTERVAL}ms, timeout: ${TIMEOUT}ms, failAfter: 1, recoverAfter: 1, logs: false }] }]`,
  );
  const hub = await during(
    startHub({
      env: { NODE_OPTIONS: MEASURED },
      yaml: `projects:\n${declared.join('\n')}\nnetwork: { allowPrivate: true }\n`,
    }),
    (opened) => opened.dispose(),
  );
  const services = async () => (await hub.api.read<OpsHealth>('/ops/health?history=1')).services;
  await until(async () => (await services()).every((service) => service.status === 'up'), {
    timeoutMs: 15_000,
    what: 'all are up at first',
  });
  const worstGap = (from: number) => Math.max(...calm.map((product) => longestGap(product, from)));
  // How evenly this machine runs with nothing wrong: what it cannot do in peace is not the strangers' doing.
  await loopLag(hub);
  const from = performance.now();
  await passing(quietMs);
  const usualLag = await loopLag(hub);
  return { hub, bad, calm, usualGap: worstGap(from), usualLag, services, worstGap };
}

/** p99 of the hub's event loop since the last time it was asked, ms, by its own gauge. */
export const loopLag = async (hub: RunningHub): Promise<number> =>
  (await metricOf(hub, 'orrery_nodejs_eventloop_lag_p99_seconds')) * 1000;

/** Lets time pass: what is watched needs it. */
export async function passing(ms: number, look: () => void = () => undefined): Promise<void> {
  const from = performance.now();
  await until(
    () => {
      look();
      return performance.now() - from > ms;
    },
    { timeoutMs: ms + 30_000, everyMs: 50, what: `${ms} ms pass` },
  );
}

export const turn = (products: Iterable<FakeProduct>, mood: Mood): void => {
  for (const product of products) product.mood = mood;
};

/** The longest time (ms) between two visits to /api/health. */
function longestGap({ hits }: FakeProduct, from: number): number {
  const times = hits.filter((hit) => hit.at > from && hit.path.startsWith('/api/health')).map((hit) => hit.at);
  expect(times.length).toBeGreaterThan(3);
  return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at)));
}
