import { randomBytes } from 'node:crypto';
import type { HubView, OpsService } from '@orrery/protocol';
import pg from 'pg';
import { inject } from 'vitest';
import { type RunningHub, startHub } from './hub.ts';
import { until } from './until.ts';

export type SeveralHubs = { hubs: RunningHub[]; databaseUrl: string; dispose(): Promise<void> };

/** A database of its own inside the shared PostgreSQL. */
export async function freshDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const url = new URL(inject('postgresUrl'));
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const name = `hubs_${randomBytes(6).toString('hex')}`;
  await client.query(`CREATE DATABASE ${name}`);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async drop() {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await client.end();
    },
  };
}

/** Real hubs on one fresh PostgreSQL, one for each configuration, settled: they share `probes` probes. */
export async function startHubs(yamls: readonly string[], probes: number): Promise<SeveralHubs> {
  const database = await freshDatabase();
  const env = { ORRERY_SECRET: randomBytes(32).toString('base64') };
  const hubs: RunningHub[] = [];
  try {
    for (const yaml of yamls) hubs.push(await startHub({ yaml, databaseUrl: database.url, env }));
    await until(async () => isShared(hubs, probes), { timeoutMs: 30_000, what: `${probes} probes are shared` });
  } catch (error) {
    for (const hub of hubs) await hub.dispose();
    await database.drop();
    throw error;
  }
  return {
    hubs,
    databaseUrl: database.url,
    async dispose() {
      for (const hub of hubs) {
        wake(hub);
        await hub.dispose();
      }
      await database.drop();
    },
  };
}

/** Lets a hub that was stopped go on; one that is gone stays gone. */
function wake(hub: RunningHub): void {
  try {
    process.kill(hub.pid, 'SIGCONT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** What one hub says of all of them. */
export const hubsAt = async (hub: RunningHub): Promise<HubView[]> =>
  (await hub.api.read<{ items: HubView[] }>('/ops/hubs')).items;

/** Whether all of these hubs see each other, and no others, and have all probes between them. */
export async function isShared(hubs: readonly RunningHub[], probes: number): Promise<boolean> {
  for (const hub of hubs) {
    const seen = await hubsAt(hub);
    if (seen.length !== hubs.length) return false;
    if (seen.reduce((sum, { probes: own }) => sum + own, 0) !== probes) return false;
  }
  return true;
}

/** The hub that judges and tells. */
export async function leaderOf(hubs: readonly RunningHub[]): Promise<RunningHub> {
  return until(
    async () => {
      for (const hub of hubs) if ((await hubsAt(hub)).some(({ self, leader }) => self && leader)) return hub;
      return undefined;
    },
    { what: 'one of the hubs leads' },
  );
}

export const servicesAt = async (hub: RunningHub, history = 1): Promise<OpsService[]> =>
  (await hub.api.read<{ services: OpsService[] }>(`/ops/health?history=${history}`)).services;
