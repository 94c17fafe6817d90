import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { DrillApi, Ground } from '../ground.ts';
import { startPager } from '../pages.ts';
import { type Container, startContainer } from './container.ts';
import { dockerFaults } from './docker-faults.ts';
import { engineAt } from './engine.ts';
import type { OwnHub } from './own-hub.ts';
import { longAgo } from './release.ts';

export type DockerGroundOptions = {
  /** An empty folder. */
  dir: string;
  intervalMs: number;
  startHub: OwnHub;
  hubPort: number;
  socket: string;
  /** An image that the engine has. */
  image: string;
  /** The image has no Node: this machine's is mounted into it, with its libraries. */
  bindNode: boolean;
};

const NEEDS = { veria: [], performia: ['rollizr'], rollizr: ['veria'] } as const;
const SLUGS = ['veria', 'performia', 'rollizr'] as const;
const BUDGET = { cooldownMs: 10_000, perHour: 12, projectPerHour: 20, hubPerHour: 60 };

/** The products of the example fleet as containers of a real engine, each restarted through it, and a hub that watches them. */
export async function dockerGround(options: DockerGroundOptions): Promise<Ground> {
  const { dir, intervalMs, startHub, hubPort, socket, image, bindNode } = options;
  const { choosePorts, startTraffic } = await import('../../../../../examples/fleet/src/index.ts');
  const ports = await choosePorts({ anyFree: true });
  const engine = engineAt(socket);
  const run = randomBytes(4).toString('hex');
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    const secret = newKey();
    const pager = await startPager({ port: 0, secret });
    stops.push(() => pager.stop());
    const root = fileURLToPath(new URL('../../../../../', import.meta.url));
    const url = (slug: (typeof SLUGS)[number]) => `http://127.0.0.1:${ports[slug]}`;
    const containers = await Promise.all(
      SLUGS.map(async (slug): Promise<Container> => {
        const folder = join(dir, slug);
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        const apiKey = newKey();
        const container = await startContainer(engine, {
          ...{ name: `orrery-drill-${run}-${slug}`, slug, folder, root, image, bindNode, url: url(slug), apiKey },
          healthEveryMs: Math.max(1000, intervalMs / 2),
          env: {
            ...{ PORT: String(ports[slug]), FLEET_DIR: folder, FLEET_API_KEY: apiKey, FLEET_DEEP_CHECKS: 'true' },
            ...{ VERIA_URL: url('veria'), ROLLIZR_URL: url('rollizr'), NODE_COMPILE_CACHE: join(folder, 'cache') },
            FLEET_RELEASE: JSON.stringify({ at: longAgo(), isNew: false }),
            ORRERY_HUB_URL: `http://127.0.0.1:${hubPort}`,
          },
        });
        stops.push(() => container.remove());
        return container;
      }),
    );
    const traffic = await startTraffic(Object.fromEntries(SLUGS.map((slug) => [slug, url(slug)])), {
      ...{ peak: 1.5, startHour: 14, dayMs: 8 * 3_600_000 },
    });
    stops.push(() => traffic.stop());
    const yaml = stringify({
      projects: containers.map((container) => projectOf(container, socket, intervalMs)),
      network: { allowPrivate: true },
      repair: { enabled: true, perHour: BUDGET.hubPerHour, projectPerHour: BUDGET.projectPerHour },
      channels: [{ name: 'drill', kind: 'webhook', url: pager.url, secret }],
    });
    let hub: { api: DrillApi; stop(): Promise<void> } | undefined;
    stops.push(async () => hub?.stop());
    let round = 0;
    return {
      name: 'docker',
      intervalMs,
      budget: BUDGET,
      faults: dockerFaults(containers),
      targets: SLUGS.map((project) => ({ project, service: 'api' })),
      hasOwnHub: true,
      async begin() {
        await hub?.stop();
        hub = await startHub({ yaml, dataDir: join(dir, `hub-${++round}`), port: hubPort });
        return hub.api;
      },
      pages: () => pager.pages,
      noise: async (on) => {
        for (const container of containers) await container.tell({ noisy: on });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const newKey = (): string => randomBytes(24).toString('base64url');

function projectOf({ name, slug, url, apiKey }: Container, socket: string, intervalMs: number) {
  const timing = { interval: `${intervalMs}ms`, timeout: '2s', failAfter: 1 };
  return {
    ...{ slug, name: slug, hubUrl: url, meshNs: `${slug}.mesh`, apiKey, dependsOn: NEEDS[slug] },
    services: [
      {
        name: 'api',
        probes: [
          { kind: 'docker', container: name, socket, ...timing },
          { kind: 'http', url: `${url}/api/health`, slowAfter: '800ms', ...timing },
          { kind: 'instance', interval: '15s', timeout: '2s' },
        ],
        heal: [
          {
            ...{ name: 'restart', mode: 'automatic', remedy: { kind: 'docker', container: name, socket, grace: '1s' } },
            limits: { cooldown: `${BUDGET.cooldownMs}ms`, perHour: BUDGET.perHour },
            verify: { within: '60s', stableFor: `${intervalMs}ms` },
          },
        ],
      },
    ],
  };
}
