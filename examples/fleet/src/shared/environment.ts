import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Fault } from './faults.ts';

export type Environment = {
  slug: string;
  port: number;
  /** Where databases and the control file stand. */
  dir: string;
  /** What a caller presents as x-api-key, and what the product presents to the hub. */
  apiKey: string;
  /** Opens the control server. */
  token: string;
  hubUrl: string | undefined;
  meshKey: string | undefined;
  /** Where the mesh is, for products that reach the hub by NATS and not over HTTP. */
  natsUrl: string | undefined;
  databaseUrl: string | undefined;
  /** Where the other products stand. */
  peers: Record<string, string>;
  /** Whether health tells of the product that this one needs, too: then an outage spreads as it does in most federations. */
  deepChecks: boolean;
  /** Requests that it answers in a second; more of them wait in line. */
  capacity: number | undefined;
  /** What runs, since when, and whether it has just come; one that is bad shows its fault from the start. */
  release: Release | undefined;
};
/** Without a version it is the one that came first. */
export type Release = { version?: string; at: string; isNew: boolean; fault?: Fault };

export const DEFAULT_PORTS = { veria: 5401, performia: 5402, rollizr: 5403 } as const;
export type ProductSlug = keyof typeof DEFAULT_PORTS;
export const DEFAULT_DIR = join('.orrery', 'fleet');
/** Where `orrery demo` keeps its fleet. */
export const DEMO_DIR = join('.orrery', 'demo', 'fleet');

/** Reads what one product process is told. Alone and without any of it, it runs on its usual port with a key of its own. */
export function readEnvironment(slug: ProductSlug, env: NodeJS.ProcessEnv): Environment {
  const portText = env.PORT ?? String(DEFAULT_PORTS[slug]);
  const port = Number(portText);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`PORT must be 0 to 65535, not "${portText}"`);
  return {
    slug,
    port,
    dir: env.FLEET_DIR ?? DEFAULT_DIR,
    apiKey: env.FLEET_API_KEY ?? randomBytes(24).toString('base64url'),
    token: randomBytes(24).toString('base64url'),
    hubUrl: env.ORRERY_HUB_URL,
    meshKey: env.MESH_HMAC_KEY,
    natsUrl: env.ORRERY_NATS_URL,
    databaseUrl: slug === 'veria' ? env.VERIA_DATABASE_URL : undefined,
    peers: {
      veria: env.VERIA_URL ?? `http://127.0.0.1:${DEFAULT_PORTS.veria}`,
      rollizr: env.ROLLIZR_URL ?? `http://127.0.0.1:${DEFAULT_PORTS.rollizr}`,
    },
    deepChecks: env.FLEET_DEEP_CHECKS === 'true',
    capacity: env.FLEET_CAPACITY ? Number(env.FLEET_CAPACITY) : undefined,
    release: env.FLEET_RELEASE ? JSON.parse(env.FLEET_RELEASE) : undefined,
  };
}
