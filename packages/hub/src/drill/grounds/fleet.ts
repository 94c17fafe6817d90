import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { DrillApi, Ground } from '../ground.ts';
import { startPager } from '../pages.ts';
import { fleetFaults } from './fleet-faults.ts';
import type { OwnHub } from './own-hub.ts';
import { longAgo } from './release.ts';

export type FleetGroundOptions = {
  /** An empty folder. */
  dir: string;
  intervalMs: number;
  startHub: OwnHub;
  /** A free port, which every hub of the drill has in turn. */
  hubPort: number;
};

const SLUGS = ['veria', 'performia', 'rollizr'] as const;
/** Enough for thirty faults within the hour, and limits all the same. */
const BUDGET = { cooldownMs: 10_000, perHour: 12, projectPerHour: 20, hubPerHour: 60 };
/** A product at rest holds about half of it. */
const MUCH_MEMORY = 240_000_000;
const CAPACITY = 40;
/** So many values of a metric make a history that something can stand out of. */
const HISTORY = 5;

/** The three products of the example fleet as processes of this machine, each with its remedy, and a hub that watches them. */
export async function fleetGround({ dir, intervalMs, startHub, hubPort }: FleetGroundOptions): Promise<Ground> {
  const { choosePorts, fleetConfig, startFleet, startSupervisor } = await import(
    '../../../../../examples/fleet/src/index.ts'
  );
  const fleetDir = join(dir, 'fleet');
  mkdirSync(fleetDir, { recursive: true, mode: 0o700 });
  const ports = await choosePorts({ anyFree: true });
  const [apiKeys, secret, pagerSecret, meshKey] = [
    { veria: newKey(), performia: newKey(), rollizr: newKey() },
    newKey(),
    newKey(),
    newKey(),
  ];
  const pager = await startPager({ port: 0, secret: pagerSecret });
  const stops: (() => Promise<unknown>)[] = [() => pager.stop()];
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    const fleet = await startFleet({
      ...{ dir: fleetDir, apiKeys, ports, meshKey, deepChecks: true, capacity: CAPACITY, deployedAt: longAgo() },
      hubUrl: `http://127.0.0.1:${hubPort}`,
      traffic: { peak: 1.5, startHour: 14, dayMs: 8 * 3_600_000 },
    });
    stops.push(() => fleet.stop());
    const supervisor = await startSupervisor(fleet.products, { dir: fleetDir, secret });
    stops.push(() => supervisor.stop());
    const yaml = configure(fleetConfig({ ports, apiKeys, interval: `${intervalMs}ms`, collectEvery: '5s' }), {
      ...{ intervalMs, pager: { url: pager.url, secret: pagerSecret } },
      supervisor: { url: supervisor.url, secret, dir: fleetDir },
    });
    let hub: { api: DrillApi; stop(): Promise<void> } | undefined;
    stops.push(async () => hub?.stop());
    let round = 0;
    return {
      name: 'fleet',
      intervalMs,
      budget: BUDGET,
      faults: fleetFaults(fleet, supervisor),
      targets: SLUGS.map((project) => ({ project, service: 'api' })),
      hasOwnHub: true,
      async begin() {
        await hub?.stop();
        const dataDir = join(dir, `hub-${++round}`);
        hub = await startHub({ yaml, dataDir, port: hubPort, env: { MESH_HMAC_KEY: meshKey } });
        return hub.api;
      },
      async isReady(api) {
        const now = new Date();
        const from = new Date(now.getTime() - 600_000);
        const counts = await Promise.all(
          SLUGS.map(async (slug) => {
            const query = `key=performance.requests&from=${from.toISOString()}&to=${now.toISOString()}`;
            const { series } = await api.get<{ series: { points: unknown[] }[] }>(`/api/fed/metrics/${slug}?${query}`);
            return Math.max(0, ...series.map(({ points }) => points.length));
          }),
        );
        return counts.every((count) => count >= HISTORY);
      },
      pages: () => pager.pages,
      noise: async (on) => {
        for (const product of fleet.products) await product.noise(on);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const newKey = (): string => randomBytes(24).toString('base64url');
const RESTART = fileURLToPath(new URL('../../../../../examples/fleet/src/restart.ts', import.meta.url));

type Wiring = {
  intervalMs: number;
  pager: { url: string; secret: string };
  supervisor: { url: string; secret: string; dir: string };
};

/** The fleet's own declaration with what a drill adds: policies that may act, limits that suit it, and somebody who is told. */
function configure(yaml: string, { intervalMs, pager, supervisor }: Wiring): string {
  const file = parse(yaml) as {
    projects: { slug: (typeof SLUGS)[number]; services: { heal?: unknown }[]; thresholds: { metric: string }[] }[];
  };
  const call = (what: string) => ({ kind: 'webhook', url: `${supervisor.url}/${what}`, secret: supervisor.secret });
  const run = (...args: string[]) => ({ kind: 'command', run: [process.execPath, RESTART, supervisor.dir, ...args] });
  const remedies = {
    veria: { restart: call('rollback/veria'), memory: { kind: 'action', action: 'cache.clear' } },
    performia: { restart: run('performia'), memory: run('performia') },
    rollizr: { restart: call('rollback/rollizr'), memory: call('restart/rollizr') },
  };
  const policy = (name: string, when: object, remedy: object) => ({
    ...{ name, when, remedy, mode: 'automatic' },
    limits: { cooldown: `${BUDGET.cooldownMs}ms`, perHour: BUDGET.perHour },
    verify: { within: '60s', stableFor: `${intervalMs}ms` },
  });
  const projects = file.projects.map((project) => ({
    ...project,
    services: project.services.map((service) => ({
      ...service,
      heal: [
        policy('restart', { severity: ['critical'] }, remedies[project.slug].restart),
        policy('memory', { severity: ['warning'], metric: 'process.rss_bytes' }, remedies[project.slug].memory),
      ],
    })),
    thresholds: project.thresholds.map((threshold) =>
      threshold.metric === 'process.rss_bytes' ? { ...threshold, above: MUCH_MEMORY, for: '10s' } : threshold,
    ),
  }));
  return stringify({
    projects,
    network: { allowPrivate: true },
    repair: { enabled: true, perHour: BUDGET.hubPerHour, projectPerHour: BUDGET.projectPerHour },
    channels: [{ name: 'drill', kind: 'webhook', ...pager }],
  });
}
