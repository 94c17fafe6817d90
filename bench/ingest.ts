import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CLOUDEVENT_BATCH_TYPE } from '@orrery/protocol';
import { requirePrograms } from '../scripts/testing/programs.ts';
import { startOurs } from './tools/hub.ts';
import { startPrometheus } from './tools/peers.ts';
import { cpuSeconds } from './tools/processes.ts';
import { writeRequest } from './tools/remote-write.ts';
import { figure } from './tools/report.ts';

/**
 * Samples over HTTP, 5,000 to a message, on four kept-alive connections: four products that push a thousand series each, as the SDK
 * does (JSON, SQLite, on disk before it is acknowledged). The peer takes the same samples by its own remote write (protobuf, a journal
 * without fsync). What was acknowledged is counted in the database afterwards: nothing may be missing.
 */
requirePrograms(['prometheus']);
const CONNECTIONS = 4;
const SERIES = 1000;
const STEPS = 5;
const MESSAGES = 100;
const EVERY_MS = 5000;
const SAMPLES = CONNECTIONS * MESSAGES * SERIES * STEPS;
const keyOf = (connection: number) => `push-key-of-the-ingest-bench-00${connection}`;
const START = Math.floor(Date.now() / 1000) * 1000 - MESSAGES * STEPS * EVERY_MS;

/** What one connection sends as its n-th message. */
function points(connection: number, n: number) {
  return Array.from({ length: SERIES }, (_, i) => ({
    name: `load_c${connection}_m${i}`,
    points: Array.from({ length: STEPS }, (_, step) => ({
      at: START + (n * STEPS + step) * EVERY_MS,
      value: Math.round(1e4 + 5e3 * Math.sin((n * STEPS + step + i) / 40)) / 100,
    })),
  }));
}

function cloudEvent(connection: number, n: number): Buffer {
  const samples = points(connection, n).flatMap(({ name, points }) =>
    points.map(({ at, value }) => ({ key: name, at: new Date(at).toISOString(), value })),
  );
  const project = `load${connection}`;
  const event = { specversion: '1.0', id: `load-${n}`, source: `urn:${project}` };
  return Buffer.from(
    JSON.stringify([{ ...event, type: `${project}.mesh.metrics.samples`, data: { projectSlug: project, samples } }]),
  );
}

/** Sends the messages of every connection in order; seconds that it took. The bodies are made before the clock runs. */
async function push(
  url: string,
  make: (connection: number, n: number) => Buffer,
  headersOf: (connection: number) => Record<string, string>,
): Promise<number> {
  const bodies = Array.from({ length: CONNECTIONS }, (_, c) => Array.from({ length: MESSAGES }, (_, n) => make(c, n)));
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const post = (body: Buffer, headers: Record<string, string>) =>
    new Promise<void>((done, fail) => {
      const sent = request(url, { agent, method: 'POST', headers: { ...headers, 'content-length': body.length } });
      sent.on('error', fail);
      sent.on('response', (response) => {
        let answer = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          answer += chunk;
        });
        response.on('end', () => {
          const refused = (response.statusCode ?? 500) > 204 || answer.includes('samplesRefused');
          if (refused) fail(new Error(`${url} answered ${response.statusCode}: ${answer.slice(0, 300)}`));
          else done();
        });
      });
      sent.end(body);
    });
  const began = performance.now();
  await Promise.all(
    bodies.map(async (mine, connection) => {
      for (const body of mine) await post(body, headersOf(connection));
    }),
  );
  agent.destroy();
  return (performance.now() - began) / 1000;
}

const projects = Array.from(
  { length: CONNECTIONS },
  (_, c) =>
    `  - { slug: load${c}, name: Load ${c}, hubUrl: "http://127.0.0.1:9/", meshNs: load${c}.mesh, apiKey: ${keyOf(c)} }`,
);
const hub = await startOurs(`projects:\n${projects.join('\n')}\n`);
const before = cpuSeconds(hub.pid);
const seconds = await push(`${hub.url}/api/fed/events`, cloudEvent, (connection) => ({
  'content-type': CLOUDEVENT_BATCH_TYPE,
  'x-api-key': keyOf(connection),
}));
const cpu = cpuSeconds(hub.pid) - before;
await hub.stop();
const database = new DatabaseSync(join(hub.dataDir, 'orrery.db'), { readOnly: true });
const { stored } = database
  .prepare(
    `SELECT (SELECT COUNT(*) FROM samples JOIN series ON series.id = series_id WHERE project LIKE 'load%')
          + (SELECT COALESCE(SUM(points), 0) FROM blocks JOIN series ON series.id = series_id
             WHERE project LIKE 'load%' AND blocks.kind IN (0, 2)) AS stored`,
  )
  .get() as { stored: number };
database.close();
await hub.dispose();
if (stored !== SAMPLES) throw new Error(`${SAMPLES} samples were acknowledged and ${stored} are stored`);

const prometheus = await startPrometheus({ config: 'global: {}\n', more: ['--web.enable-remote-write-receiver'] });
const theirsBefore = cpuSeconds(prometheus.pid);
const theirSeconds = await push(
  `${prometheus.url}/api/v1/write`,
  (c, n) => writeRequest(points(c, n)),
  () => ({
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
  }),
);
const theirCpu = cpuSeconds(prometheus.pid) - theirsBefore;
await prometheus.stop();

const name = 'Prometheus remote write';
figure({
  what: 'samples taken in over HTTP, SQLite',
  unit: 'samples/s',
  ours: SAMPLES / seconds,
  peer: { name, value: SAMPLES / theirSeconds },
  bar: { atLeast: 50_000 },
  note: `${SAMPLES.toLocaleString('en')} samples, 0 lost; ours JSON and fsync, the peer protobuf and none`,
});
figure({
  what: 'CPU for a million samples taken in',
  unit: 'CPU-s',
  ours: (cpu / SAMPLES) * 1e6,
  peer: { name, value: (theirCpu / SAMPLES) * 1e6 },
});
