import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, headers as makeHeaders, type NatsConnection } from '@nats-io/transport-node';
import type { FedProject, MeshStatus } from '@orrery/protocol';
import { type RunningHub, startHub } from '../test/services/hub.ts';
import { startNats } from '../test/services/nats.ts';
import { until } from '../test/services/until.ts';
import { cpuSeconds, rssMiB } from './tools/processes.ts';
import { figure } from './tools/report.ts';

/**
 * The mesh with a real NATS server: 1,000 project hubs, each with its presence, health and four summaries. First what waits at the server is
 * taken in by a hub that was away, as fast as it can; then the hubs speak at their own pace while a presence is timed from its publication
 * to the API. What was acknowledged is counted in the database. `MESH_MINUTES=10` lets them speak for ten minutes, each over a connection of its own.
 */
const HUBS = 1000;
const CYCLES = 8;
const MINUTES = Number(process.env.MESH_MINUTES ?? 0.25);
const AT_ONCE = 200;
const TIMED = 'p7';
const slugs = Array.from({ length: HUBS }, (_, i) => `p${i}`);
let sent = 0;

function messages(slug: string): [subject: string, data: object][] {
  const now = new Date().toISOString();
  const n = Math.floor(Math.random() * 100);
  return [
    [
      'hub.presence.h1',
      { projectSlug: slug, meshNs: `${slug}.mesh`, hubUrl: 'http://127.0.0.1:9/', version: `1.0.${n}` },
    ],
    ['hub.health.h1', { projectSlug: slug, status: 'healthy', latencyMs: n, degradedReasons: [], sampleAt: now }],
    ['graph.summary.nodes', { projectSlug: slug, counts: { files: n, symbols: n, tasks: n, audits: n }, ts: now }],
    ['audit.summary.status', { projectSlug: slug, ok: n, warn: 1, fail: 0, lastRun: now }],
    ['security.summary.status', { projectSlug: slug, vulnsCritical: 0, vulnsHigh: n, lastScan: now }],
    ['deploy.summary.status', { projectSlug: slug, envs: ['prod'], versions: ['1'], lastDeployedAt: now }],
  ];
}

async function publish(connection: NatsConnection, slug: string, subject: string, data: object): Promise<void> {
  const headers = makeHeaders();
  const id = `${slug}-${sent++}`;
  for (const name of ['Nats-Msg-Id', 'ce-id']) headers.set(name, id);
  headers.set('ce-time', new Date().toISOString());
  const answer = await connection.request(`${slug}.mesh.${subject}`, JSON.stringify(data), {
    headers,
    timeout: 30_000,
  });
  const { error } = answer.json<{ error?: { description: string } }>();
  if (error) throw new Error(error.description);
}

const pending = async (hub: RunningHub) => (await hub.api.read<MeshStatus>('/api/fed/mesh')).pending;
const versionOf = async (hub: RunningHub, slug: string) =>
  (await hub.api.read<FedProject>(`/api/fed/projects/${slug}`)).version;

const nats = await startNats();
const yaml = `projects:\n${slugs.map((slug) => `  - { slug: ${slug}, name: ${slug}, hubUrl: "http://127.0.0.1:9/" }\n`).join('')}`;
const options = { yaml, env: { ORRERY_NATS_URL: nats.url } };
let hub = await startHub(options);
await until(async () => (await pending(hub)) !== undefined, { what: 'the stream is made', timeoutMs: 60_000 });
await hub.stop();

const connection = await connect({ servers: nats.url });
const all = slugs.flatMap((slug) =>
  Array.from({ length: CYCLES }, () => messages(slug))
    .flat()
    .map((one) => [slug, ...one] as const),
);
for (let from = 0; from < all.length; from += AT_ONCE)
  await Promise.all(
    all.slice(from, from + AT_ONCE).map(([slug, subject, data]) => publish(connection, slug, subject, data)),
  );

hub = await startHub({ ...options, dataDir: hub.dataDir });
const began = performance.now();
await until(async () => (await pending(hub)) === 0, { what: 'all is taken in', timeoutMs: 300_000, everyMs: 100 });
const took = (performance.now() - began) / 1000;
// With all that the start took: how much of it was taken in before the hub listened is not known.
const used = cpuSeconds(hub.pid);
const perCore = all.length / used;
figure({
  what: 'mesh messages consumed per second of one core',
  unit: '/s',
  ours: perCore,
  bar: { atLeast: 5000 },
  note: `${all.length} of ${HUBS} hubs in ${took.toFixed(1)} s, ${used.toFixed(1)} s of CPU; each in the inbox, with its samples, before it is acknowledged`,
});

// At their own pace: presence and health once a minute, each hub over its own connection.
const own = await Promise.all(slugs.map(() => connect({ servers: nats.url })));
const end = performance.now() + MINUTES * 60_000;
const speaking = Promise.all(
  own.map(async (line, i) => {
    const slug = slugs[i] as string;
    // The one that is timed says nothing else of its version.
    if (slug === TIMED) return;
    await wait(Math.random() * Math.min(60_000, MINUTES * 60_000));
    while (performance.now() < end) {
      for (const [subject, data] of messages(slug)) await publish(line, slug, subject, data);
      await wait(Math.min(60_000 + Math.random() * 60_000, Math.max(0, end - performance.now())));
    }
  }),
);
const latencies: number[] = [];
for (let n = 0; n < 40; n++) {
  const version = `7.0.${n}`;
  const asked = performance.now();
  await publish(connection, TIMED, 'hub.presence.timed', {
    projectSlug: TIMED,
    meshNs: `${TIMED}.mesh`,
    hubUrl: 'http://127.0.0.1:9/',
    version,
  });
  await until(async () => (await versionOf(hub, TIMED)) === version, { what: `${version} is shown`, everyMs: 2 });
  latencies.push(performance.now() - asked);
  await wait(100);
}
await speaking;
await until(async () => (await pending(hub)) === 0, { what: 'nothing waits', timeoutMs: 60_000, everyMs: 100 });
latencies.sort((a, b) => a - b);
figure({
  what: 'a presence message until the API shows it, p95',
  unit: 'ms',
  ours: latencies[Math.floor(latencies.length * 0.95)] ?? Number.NaN,
  bar: { atMost: 200 },
  note: `beside ${HUBS} hubs that speak once a minute; median ${(latencies[20] ?? 0).toFixed(0)} ms`,
});
figure({ what: 'memory of a hub that hears 1,000 others', unit: 'MiB', ours: rssMiB(hub.pid) });
await Promise.all(own.map((line) => line.close()));
await connection.close();
await hub.stop();
const database = new DatabaseSync(join(hub.dataDir, 'orrery.db'), { readOnly: true });
const { kept } = database.prepare('SELECT count(*) AS kept FROM inbox').get() as { kept: number };
database.close();
figure({
  what: `mesh messages lost of those acknowledged, ${MINUTES} min`,
  unit: 'messages',
  ours: sent - kept,
  bar: { atMost: 0 },
  note: `${sent} sent`,
});
await hub.dispose();
await nats.stop();
