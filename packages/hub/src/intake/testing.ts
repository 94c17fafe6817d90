import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { ProjectDeclaration } from '@orrery/protocol';
import { systemCaller } from '../access/index.ts';
import { createEvents } from '../events/index.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { createOutbound } from '../platform/outbound.ts';
import { createSecrets } from '../platform/secrets.ts';
import { silentLog, temporaryDatabase } from '../platform/testing.ts';
import { createSamples } from '../samples/index.ts';
import type { Facts, StoreEdges, StoreWindows } from './facts.ts';
import type { Hubs } from './hubs/hubs.ts';
import { createIntake } from './intake.ts';
import type { opsHealth } from './opsHealth.ts';

/** For tests: an intake on a database, with real samples and events behind it. */
export function testIntake(
  db: Db,
  options: {
    clock?: Clock;
    hubs?: Hubs;
    nameServers?: readonly string[];
    storeEdges?: StoreEdges;
    storeWindows?: StoreWindows;
    inMaintenance?: (project: string, service: string, at: number) => boolean;
  } = {},
) {
  const clock = options.clock ?? systemClock;
  const samples = createSamples({
    db,
    clock,
    log: silentLog,
    rawRetentionMs: () => 30 * 86_400_000,
  });
  const events = createEvents({ db, clock, log: silentLog });
  const outbound = createOutbound({
    clock: systemClock,
    allowPrivate: true,
    ...(options.nameServers ? { nameServers: options.nameServers } : {}),
  });
  const intake = createIntake({
    db,
    clock,
    log: silentLog,
    outbound,
    secrets: createSecrets('a master key of more than 32 bytes'),
    publicUrl: 'http://hub.test',
    apiKeyOf: async (slug) => `key-of-${slug}`,
    storeSamples: samples.append,
    storeEdges: options.storeEdges ?? (async () => ({ refused: {}, events: [] })),
    storeWindows: options.storeWindows ?? (async () => undefined),
    appendEvents: events.append,
    ...(options.hubs ? { hubs: options.hubs } : {}),
    ...(options.inMaintenance ? { inMaintenance: options.inMaintenance } : {}),
  });
  const facts: Facts[] = [];
  intake.onFacts((some) => facts.push(some));
  const me = systemCaller('test');
  return {
    intake,
    facts,
    me,
    outbound,
    events: async () => (await events.recent(me, { limit: 500 })).items,
    service: async (project: string, history = 50) =>
      (await intake.opsHealth(me, { project, history })).services[0] as Awaited<
        ReturnType<typeof opsHealth>
      >['services'][number],
    latest: async (project: string, key: string) => (await samples.latest([project], [key]))[0]?.value,
    async stop() {
      await intake.stop();
      outbound.close();
    },
  };
}

/** A declared project whose one service `api` has these probes; `every` overrides their interval with less than people may declare. */
export function project(
  slug: string,
  hubUrl: string,
  probes: Record<string, unknown>[],
  every?: string,
): ProjectDeclaration {
  const declared = ProjectDeclaration.parse({ slug, name: slug, hubUrl, services: [{ name: 'api', probes }] });
  if (every !== undefined) for (const probe of declared.services[0]?.probes ?? []) probe.interval = every;
  return declared;
}

/** A web server on loopback, with when it was asked. */
export async function target(listener: RequestListener) {
  const hits: { at: number; path: string }[] = [];
  let answer = listener;
  const server = createServer((request, response) => {
    hits.push({ at: performance.now(), path: request.url ?? '' });
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    hits,
    become(next: RequestListener) {
      answer = next;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What one test needs: a database of its own, servers, and an intake; all gone when it ends. */
export async function room(finish: (step: () => Promise<void> | void) => void) {
  const database = await temporaryDatabase();
  finish(() => database.close());
  return {
    database,
    async watched(listener = ok) {
      const server = await target(listener);
      finish(server.stop);
      return server;
    },
    opened(options?: Parameters<typeof testIntake>[1]) {
      const kit = testIntake(database.db, options);
      finish(kit.stop);
      return kit;
    },
  };
}

export const ok: RequestListener = (_, response) => void response.end('ok');
export const broken: RequestListener = (_, response) => void response.writeHead(500).end();
export const hanging: RequestListener = () => undefined;
