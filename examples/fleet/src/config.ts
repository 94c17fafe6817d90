import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { DEFAULT_PORTS, type ProductSlug } from './shared/environment.ts';

export type Ports = Record<ProductSlug, number>;
export type ApiKeys = Record<ProductSlug, string>;
export const PRODUCTS: readonly ProductSlug[] = ['veria', 'performia', 'rollizr'];

/** The usual ports 5401 to 5403 where they are free, any other free one where not. `anyFree` leaves the usual ones alone. */
export async function choosePorts({ anyFree = false } = {}): Promise<Ports> {
  const choose = async (slug: ProductSlug) =>
    (anyFree ? undefined : await tryPort(DEFAULT_PORTS[slug])) ?? (await tryPort(0)) ?? DEFAULT_PORTS[slug];
  return { veria: await choose('veria'), performia: await choose('performia'), rollizr: await choose('rollizr') };
}

/** The port when it can be opened on loopback just now. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}

export type ConfigOptions = {
  ports: Ports;
  /** A key as it stands in the file: a text, or `${VERIA_API_KEY}` for one from the environment. */
  apiKeys: ApiKeys;
  /** How often health is asked and how long one answer may take; the fleet's usual 5s and 2s. */
  interval?: string;
  timeout?: string;
  /** How often metrics and logs are collected. */
  collectEvery?: string;
  /** More of the file, as YAML at the top level: channels, retention. */
  extra?: string;
};

/** The fleet's orrery.yaml. */
export function fleetConfig(options: ConfigOptions): string {
  const { interval = '5s', timeout = '2s', collectEvery = '15s', extra = '' } = options;
  const projects = PRODUCTS.map((slug) => {
    const about = ABOUT[slug];
    const url = `http://127.0.0.1:${options.ports[slug]}`;
    const dependsOn = about.dependsOn ? `\n    dependsOn: [${about.dependsOn}]` : '';
    return `  - slug: ${slug}
    name: ${about.name}
    hubUrl: ${url}
    meshNs: ${slug}.mesh
    tags: [${about.tags}]
    teams: [${about.team}]
    domain: ${about.domain}
    apiKey: ${JSON.stringify(options.apiKeys[slug])}
    allowFanout: [${about.allow}]${dependsOn}
    services:
      - name: api
        probes:
          - { kind: http, url: "${url}/api/health", interval: ${interval}, timeout: ${timeout}, slowAfter: 800ms, failAfter: 1, recoverAfter: 1 }
          - { kind: instance, interval: ${collectEvery}, timeout: ${timeout} }
    thresholds:
      - { metric: performance.error_rate, above: 5, for: 1m, severity: critical, recommendation: "Look at the newest error lines of the log" }
      - { metric: process.rss_bytes, above: 300000000, for: 30s, severity: warning, title: "${about.name} uses much memory", recommendation: "Restart the process, then look for what it keeps" }
      - ${about.threshold}`;
  });
  return `# The example fleet: Veria, Performia and ROLLIZR on this machine.
projects:
${projects.join('\n')}
rules:
  - name: large-order
    on: event
    when: event.type == "order.placed" && event.project == "rollizr"
    cooldown: 1m
    effect: { kind: event, type: order.noticed, title: "ROLLIZR sells: \${event.title}" }
maintenance:
  - { name: weekly-backup, title: Weekly backup, cron: "0 3 * * sun", timeZone: Europe/Berlin, lasts: 30m, match: { projects: [veria] } }
statusPages:
  - slug: fleet
    title: Fleet status
    description: The example fleet, as its customers may see it.
    groups:
      - name: Products
        services:
          - { service: veria/api, label: Veria payments }
          - { service: performia/api, label: Performia studio }
          - { service: rollizr/api, label: ROLLIZR shop }
network: { allowPrivate: true }
${extra}`;
}

/** Writes the fleet's configuration to `path`, readable by this user only, because keys may stand in it. */
export async function writeConfig(path: string, options: ConfigOptions): Promise<void> {
  await writeFile(path, fleetConfig(options), { mode: 0o600 });
}

const ABOUT = {
  veria: {
    name: 'Veria',
    tags: 'finance, compliance',
    team: 'payments',
    domain: 'Finance',
    dependsOn: '',
    allow: 'audit.security, graph.refresh, audit.run, cache.clear',
    threshold:
      '{ metric: queue_depth, above: 150, for: 1m, severity: warning, title: "Payments wait for reconciliation", recommendation: "See whether the reconciliation runs" }',
  },
  performia: {
    name: 'Performia',
    tags: 'creative, realtime',
    team: 'studio',
    domain: 'Creative',
    dependsOn: 'rollizr',
    allow: 'audit.security, graph.refresh, queue.clear',
    threshold:
      '{ metric: queue_depth, above: 40, for: 1m, severity: warning, title: "Renders pile up", recommendation: "Run the action queue.clear, or add a renderer" }',
  },
  rollizr: {
    name: 'ROLLIZR',
    tags: 'commerce, roll-ups',
    team: 'growth',
    domain: 'Commerce',
    dependsOn: 'veria',
    allow: 'audit.security, graph.refresh, rollup.run, stock.refill',
    threshold:
      '{ metric: orders_uninvoiced, above: 25, for: 1m, severity: warning, title: "Orders wait for an invoice", recommendation: "See whether Veria answers" }',
  },
} as const;
