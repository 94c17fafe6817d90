import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ApiKeys,
  type ConfigOptions,
  choosePorts,
  type Fleet,
  type FleetOptions,
  fleetConfig,
  startFleet,
} from '@orrery/fleet';
import { type HubOptions, type RunningHub, startHub } from './hub.ts';
import { MESH_KEY } from './instances.ts';
import { freePort } from './ports.ts';

export type FleetUnderWatch = { hub: RunningHub; fleet: Fleet; apiKeys: ApiKeys; dispose(): Promise<void> };

type Options = Omit<HubOptions, 'yaml'> & {
  config?: Partial<Omit<ConfigOptions, 'ports' | 'apiKeys'>>;
  traffic?: FleetOptions['traffic'];
  /** The products reach the hub by this NATS server. */
  natsUrl?: string | undefined;
  /** Further top-level YAML, such as channels. */
  extra?: string;
};

export const FLEET_KEYS: ApiKeys = {
  veria: 'veria-key-of-the-test-fleet-0001',
  performia: 'performia-key-of-the-test-fleet-1',
  rollizr: 'rollizr-key-of-the-test-fleet-001',
};

/** The three real products, and a hub that watches them every second. */
export async function startFleetUnderWatch(options: Options = {}): Promise<FleetUnderWatch> {
  const { config, traffic, extra, natsUrl, ...hubOptions } = options;
  const ports = await choosePorts({ anyFree: true });
  const yaml = fleetConfig({
    ports,
    apiKeys: FLEET_KEYS,
    interval: '1s',
    collectEvery: '2s',
    ...(extra === undefined ? {} : { extra }),
    ...config,
  });
  const dir = mkdtempSync(join(tmpdir(), 'orrery-fleet-'));
  // The products are there before the hub looks; what they push meanwhile waits for it.
  const port = await freePort();
  const fleet = await startFleet({
    hubUrl: `http://127.0.0.1:${port}`,
    dir,
    apiKeys: FLEET_KEYS,
    ports,
    meshKey: MESH_KEY,
    ...(natsUrl ? { natsUrl } : {}),
    traffic: traffic ?? { peak: 1.5, startHour: 14, seed: 7 },
  });
  try {
    const hub = await startHub({
      ...hubOptions,
      env: { MESH_HMAC_KEY: MESH_KEY, ...(natsUrl ? { ORRERY_NATS_URL: natsUrl } : {}), ...hubOptions.env },
      yaml,
      port,
    });
    const dispose = async () => {
      await Promise.all([fleet.stop(), hub.dispose()]);
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    };
    return { hub, fleet, apiKeys: FLEET_KEYS, dispose };
  } catch (error) {
    await fleet.stop();
    throw error;
  }
}
