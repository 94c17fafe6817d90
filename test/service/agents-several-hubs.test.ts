import { Agents } from '@orrery/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { RunningHub } from '../services/hub.ts';
import { type SeveralHubs, startHubs } from '../services/several-hubs.ts';
import { until } from '../services/until.ts';

const YAML = `
network: { allowPrivate: true }
projects:
  - slug: veria
    name: Veria
    hubUrl: http://127.0.0.1:1
    services: [{ name: api, probes: [{ kind: http, url: "http://127.0.0.1:1/", interval: 1s }] }]
`;
let several: SeveralHubs;
beforeAll(async () => {
  several = await startHubs([YAML, YAML], 1);
}, 60_000);
afterAll(() => several?.dispose());

const Told = z.object({ success: z.literal(true), data: Agents });
const agentsAt = async (hub: RunningHub) => Told.parse(await hub.api.read('/admin/system/agents')).data;
const restartAt = (hub: RunningHub) =>
  hub.api.post<{ data: { restarts: number } }>('/admin/system/agents/Monitor/restart');
/** The hub that runs the jobs, and one that does not. */
async function sides(): Promise<{ leader: RunningHub; other: RunningHub }> {
  const inside = z.object({ data: z.object({ hub: z.object({ leader: z.boolean() }) }) });
  const leads = await Promise.all(
    several.hubs.map(async (hub) => inside.parse(await hub.api.read('/admin/system/health/detailed')).data.hub.leader),
  );
  expect(leads.filter(Boolean)).toHaveLength(1);
  const [leader, other] = leads[0] ? several.hubs : several.hubs.toReversed();
  return { leader, other } as { leader: RunningHub; other: RunningHub };
}
const jobRestarts = async (hub: RunningHub) =>
  (await agentsAt(hub)).Monitor.jobs.find(({ name }) => name === 'detect.sweep')?.restarts ?? 0;

it('is done by the hub that runs the jobs, whichever is asked, and both tell the same of it', async () => {
  const { leader, other } = await sides();
  await until(async () => (await agentsAt(other)).Monitor.runs > 0, { what: 'the other hub tells of runs' });
  expect((await agentsAt(other)).Monitor).toMatchObject({ running: true, state: 'well' });

  const before = await jobRestarts(leader);
  const asked = performance.now();
  expect(await restartAt(other)).toMatchObject({ status: 200, body: { data: { restarts: 1 } } });
  await until(async () => (await jobRestarts(leader)) === before + 1, { what: 'the leader restarts it' });
  // By the word between hubs; the sweep that finds what was lost comes every ten seconds.
  expect(performance.now() - asked).toBeLessThan(5000);
  expect(await restartAt(leader)).toMatchObject({ status: 200, body: { data: { restarts: 2 } } });
  await until(async () => (await jobRestarts(leader)) === before + 2, { what: 'the leader restarts it again' });
  for (const hub of [leader, other])
    await until(
      async () => {
        const { restarts, reason } = (await agentsAt(hub)).Monitor;
        return restarts === 2 && reason === undefined;
      },
      { what: 'it tells of two, both done' },
    );
}, 60_000);

it('outlives the hub that runs the jobs: what was counted goes on, and what is asked for meanwhile is done', async () => {
  const { leader, other } = await sides();
  const known = (await agentsAt(leader)).Monitor.runs;
  await until(async () => (await agentsAt(other)).Monitor.runs >= known, { timeoutMs: 20_000, what: 'it is stored' });
  await leader.kill();
  expect((await restartAt(other)).status).toBe(200);
  await until(
    async () => {
      const { state, reason, runs } = (await agentsAt(other)).Monitor;
      return state === 'well' && reason === undefined && runs > known;
    },
    { timeoutMs: 20_000, what: 'the other one leads, and has done it' },
  );
}, 60_000);
