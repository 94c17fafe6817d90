import { mkdir } from 'node:fs/promises';
import { startChild } from './child.ts';
import { type ApiKeys, choosePorts, type Ports, PRODUCTS } from './config.ts';
import { type Product, startProduct } from './process.ts';
import type { ProductSlug } from './shared/environment.ts';

export { type ApiKeys, type ConfigOptions, choosePorts, fleetConfig, type Ports, writeConfig } from './config.ts';
export type { Product } from './process.ts';
export type { ProductSlug } from './shared/environment.ts';
export type { Fault } from './shared/faults.ts';
export { type Supervisor, startSupervisor } from './supervisor.ts';

export type Fleet = {
  products: readonly Product[];
  product(slug: ProductSlug): Product;
  /** So many visitors more at one path of a product, until they are sent home. */
  crowd(slug: ProductSlug, path: string, visitors: number): Promise<{ stop(): Promise<void> }>;
  stop(): Promise<void>;
};

export type FleetOptions = {
  /** Where the products push presence, summaries and events; absent, they are only asked. */
  hubUrl?: string;
  /** Databases and control files. */
  dir: string;
  /** Each product's own key: what the hub presents to it, and it to the hub. */
  apiKeys: ApiKeys;
  ports?: Ports;
  /** A NATS server by which the products reach the hub, in place of HTTP. */
  natsUrl?: string;
  /** MESH_HMAC_KEY, from which the products derive what signs their actions. */
  meshKey?: string;
  veriaDatabaseUrl?: string;
  /** Health tells of the product that one needs, too: an outage spreads. */
  deepChecks?: boolean;
  /** When the release that is started was deployed, RFC 3339; now, unless told otherwise. */
  deployedAt?: string;
  /** Requests a second that a product answers; without it as many as come. */
  capacity?: number;
  /** False leaves the visitors out. Their day has 40 minutes and begins at nine, unless told otherwise: `dayMs` is the length of their day, `peak` the visitors a second at its busiest. */
  traffic?: false | { dayMs?: number; startHour?: number; peak?: number; seed?: number };
};

/** Starts the three products and their visitors as children of this process. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { dir, apiKeys } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const ports = options.ports ?? (await choosePorts());
  const urls = { veria: url(ports.veria), performia: url(ports.performia), rollizr: url(ports.rollizr) };
  const shared = {
    FLEET_DIR: dir,
    VERIA_URL: urls.veria,
    ROLLIZR_URL: urls.rollizr,
    ...(options.hubUrl ? { ORRERY_HUB_URL: options.hubUrl } : {}),
    ...(options.meshKey ? { MESH_HMAC_KEY: options.meshKey } : {}),
    ...(options.natsUrl ? { ORRERY_NATS_URL: options.natsUrl } : {}),
    ...(options.deepChecks ? { FLEET_DEEP_CHECKS: 'true' } : {}),
    ...(options.capacity ? { FLEET_CAPACITY: String(options.capacity) } : {}),
    ...(options.veriaDatabaseUrl ? { VERIA_DATABASE_URL: options.veriaDatabaseUrl } : {}),
  };
  const running: { stop(): Promise<void> }[] = [];
  const stop = async () => void (await Promise.all(running.map((child) => child.stop())));
  try {
    const products = await Promise.all(
      PRODUCTS.map(async (slug) => {
        const own = { ...shared, PORT: String(ports[slug]), FLEET_API_KEY: apiKeys[slug] };
        const spawn = (release: Record<string, string>) => startChild(`./${slug}.ts`, { ...own, ...release });
        const product = await startProduct(slug, urls[slug], spawn, options.deployedAt ?? new Date().toISOString());
        running.push(product);
        return product;
      }),
    );
    if (options.traffic !== false) running.push(await startTraffic(urls, options.traffic));
    const product = (slug: ProductSlug) => {
      const found = products.find((one) => one.slug === slug);
      if (!found) throw new Error(`the fleet has no product ${slug}`);
      return found;
    };
    return {
      products,
      product,
      async crowd(slug, path, visitors) {
        const env = { FLEET_CROWD_URL: `${urls[slug]}${path}`, FLEET_CROWD: String(visitors) };
        const crowd = await startChild('./crowd.ts', env);
        running.push(crowd);
        return crowd;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Sends visitors to the products at these addresses, as a child of this process. */
export const startTraffic = (
  urls: Record<string, string>,
  options: Exclude<FleetOptions['traffic'], false> = QUICK_DAY,
): Promise<{ stop(): Promise<void> }> => startChild('./traffic.ts', trafficEnv(urls, options ?? QUICK_DAY));

/** A day of 40 minutes that begins in the morning: life at once, whatever the hour. */
const QUICK_DAY = { dayMs: 40 * 60_000, startHour: 9 };

const url = (port: number) => `http://127.0.0.1:${port}`;

function trafficEnv(urls: Record<string, string>, given: Exclude<FleetOptions['traffic'], false | undefined>) {
  const env: Record<string, string> = { FLEET_URLS: JSON.stringify(urls) };
  if (given.dayMs !== undefined) env.FLEET_DAY_MS = String(given.dayMs);
  if (given.startHour !== undefined) env.FLEET_START_HOUR = String(given.startHour);
  if (given.peak !== undefined) env.FLEET_PEAK = String(given.peak);
  if (given.seed !== undefined) env.FLEET_SEED = String(given.seed);
  return env;
}
