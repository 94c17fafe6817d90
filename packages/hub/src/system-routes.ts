import { sql } from 'kysely';
import type { Caller } from './access/index.ts';
import { agentRoutes, createSystem, type SevenAgents, type SystemDeps } from './agents/index.ts';
import type { Alerts } from './alerts/index.ts';
import type { Catalog } from './catalog/index.ts';
import type { Detect } from './detect/index.ts';
import type { Hubs, Intake } from './intake/index.ts';
import type { Learning } from './learning/index.ts';
import type { Clock } from './platform/clock.ts';
import type { Db } from './platform/db.ts';
import type { Route } from './platform/http/route.ts';
import type { Jobs } from './platform/jobs.ts';
import type { Repair } from './repair/index.ts';
import type { Samples } from './samples/index.ts';
import { VERSION } from './version.ts';

type Rooms = {
  agents: SevenAgents;
  alerts: Pick<Alerts, 'list' | 'measures'>;
  catalog: Pick<Catalog, 'list'>;
  clock: Clock;
  db: Db;
  detect: { forecasts: Pick<Detect['forecasts'], 'first'>; security: Pick<Detect['security'], 'list'> };
  kind: string;
  health: SystemDeps['health'];
  hubs: Pick<Hubs, 'members'>;
  intake: Pick<Intake, 'opsHealth' | 'states'>;
  jobs: Pick<Jobs, 'leading'>;
  learning: Pick<Learning, 'patterns'>;
  repair: Pick<Repair, 'list'>;
  /** Platforms that tiers name. */
  tiers(): readonly string[];
  samples: Pick<Samples, 'latest' | 'tagged'>;
};

/** `/admin/system/*`, from what every room tells. */
export function systemRoutes(rooms: Rooms): Route<Caller>[] {
  const { agents, alerts, catalog, clock, db, detect, intake, learning, repair, samples } = rooms;
  const started = clock.monotonic();
  const lists = {
    alerts: async (caller: Caller, limit: number) =>
      (await alerts.list(caller, { status: ['open', 'acknowledged'], limit })).items,
    repairs: async (caller: Caller, limit: number) => (await repair.list(caller, { limit })).items,
    patterns: async (caller: Caller, limit: number) => (await learning.patterns(caller)).slice(0, limit),
    predictions: (caller: Caller, limit: number) => detect.forecasts.first(caller, limit),
    security: async (caller: Caller, limit: number) => (await detect.security.list(caller, { limit })).items,
  };
  const system = createSystem({
    ...lists,
    agents: agents.list,
    projects: (caller) => catalog.list(caller),
    countAlerts: async () =>
      (await alerts.measures.living()).map(({ labels, value }) => ({ severity: labels.severity ?? '', count: value })),
    newest: (projects, keys = ['*']) => samples.latest(projects, keys),
    tagged: (platform) => samples.tagged('platform', platform),
    tiers: rooms.tiers,
    services: async (caller) => (await intake.opsHealth(caller, { history: 0 })).services,
    checked: async () =>
      new Set((await intake.states()).filter(({ status }) => status !== 'unknown').map(({ project }) => project)),
    health: rooms.health,
    inside: async () => {
      const asked = clock.monotonic();
      await sql`SELECT 1`.execute(db);
      const latencyMs = Math.round((clock.monotonic() - asked) * 100) / 100;
      const { user, system: kernel } = process.cpuUsage();
      return {
        status: rooms.health(),
        leader: rooms.jobs.leading(),
        hubs: rooms.hubs.members().length,
        memoryBytes: process.memoryUsage.rss(),
        cpuSeconds: Math.round((user + kernel) / 10_000) / 100,
        database: { kind: rooms.kind, latencyMs },
      };
    },
    uptimeMs: () => Math.round(clock.monotonic() - started),
    version: VERSION,
  });
  return agentRoutes({ agents, system, lists });
}
