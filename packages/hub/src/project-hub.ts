import { deriveProjectKey } from '@orrery/protocol/signing';
import { systemCaller } from './access/index.ts';
import type { Catalog } from './catalog/index.ts';
import type { Config, FileConfig } from './config/index.ts';
import { createAnnouncer, createInstanceDoor, healthOf, type Intake, type ProjectSpeaker } from './intake/index.ts';
import { type Clock, iso } from './platform/clock.ts';
import { defineJob, type JobDefinition } from './platform/jobs.ts';
import type { Log } from './platform/log.ts';
import type { Outbound } from './platform/outbound.ts';
import type { Samples } from './samples/index.ts';

type Deps = {
  config: Config;
  file(): FileConfig;
  clock: Clock;
  log: Log;
  outbound: Outbound;
  self: { url: string; name: string; version: string };
  catalog: Catalog;
  intake(): Intake;
  samples: Samples;
  hubStatus(): 'healthy' | 'degraded' | 'unhealthy';
};

/** What a hub with `--scope=project` is beside a hub: the voice of one project towards its meta hub. */
export function createProjectHub(
  deps: Deps,
): ProjectSpeaker & { project: ReturnType<typeof createAnnouncer>['speaker']; jobs: JobDefinition[] } {
  const { config, clock, log, outbound, catalog, samples } = deps;
  const me = systemCaller('mesh');
  const meshKeys = [config.meshKey, config.previousMeshKey].flatMap((key) => (key ? [key.reveal()] : []));
  const manifestOf = async (slug: string) =>
    (await catalog.targets()).find((target) => target.slug === slug)?.capabilities ?? null;
  const states = async (slug: string) => (await deps.intake().states()).filter(({ project }) => project === slug);

  const announcer = createAnnouncer({
    clock,
    log,
    outbound,
    self: { ...deps.self, id: deps.self.name.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 64) },
    settings() {
      const { project, meta, everyMs } = deps.file().mesh;
      return { project, everyMs, meta: meta && { url: meta.url, key: meta.key.reveal() } };
    },
    projects: () => deps.intake().projects(),
    states,
    hubStatus: deps.hubStatus,
    said: (kinds, project) => deps.intake().meshStates(kinds, project),
    async figures(project, keys) {
      const latest = await samples.latest([project], keys);
      return Object.fromEntries(
        latest.filter(({ service }) => service === undefined).map(({ key, value, at }) => [key, { value, at }]),
      );
    },
    edges: async () => (await catalog.graph(me)).edges,
    capabilities: async (slug) => (await manifestOf(slug))?.actions ?? [],
    connection: () => deps.intake().mesh.connection(),
    natsConfigured: config.nats !== undefined,
  });
  const door = createInstanceDoor({
    clock,
    log,
    outbound,
    project: announcer.speaker,
    signingKeys: (slug) => meshKeys.map((key) => deriveProjectKey(key, slug)),
    apiKeyOf: catalog.apiKeyOf,
    capabilities: manifestOf,
    version: deps.self.version,
    onRefused: (slug, why) => deps.intake().refuse(slug, why),
    announce: () => announcer.announce(),
  });
  return {
    ...door,
    project: announcer.speaker,
    announce: (what) => announcer.announce(what),
    async health() {
      const { slug } = announcer.speaker();
      const known = await states(slug);
      const { status, sampleAt } = healthOf(known, deps.hubStatus(), iso(clock.now()));
      const checks = Object.fromEntries(known.map((state) => [state.service, state.status !== 'down']));
      return { status, checks, timestamp: sampleAt, version: deps.self.version };
    },
    jobs: [
      defineJob({
        name: 'mesh.announce',
        agent: 'Monitor',
        schedule: { everyMs: 1000 },
        timeoutMs: 30_000,
        run: ({ signal }) => announcer.tick(signal),
      }),
    ],
  };
}
