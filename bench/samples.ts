import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemCaller } from '../packages/hub/src/access/index.ts';
import { openDatabase } from '../packages/hub/src/platform/db.ts';
import { createLog } from '../packages/hub/src/platform/log.ts';
import { migrate } from '../packages/hub/src/platform/migrate.ts';
import { createSamples, type IncomingSample } from '../packages/hub/src/samples/index.ts';
import { requirePrograms } from '../scripts/testing/programs.ts';
import { askRange, ownWriteRate } from './tools/backfill.ts';
import { startPrometheus } from './tools/peers.ts';
import { writeRequest } from './tools/remote-write.ts';
import { figure, median } from './tools/report.ts';

/**
 * Appends, packs and reads ten million samples of a thousand series on a fresh SQLite file. Prometheus takes the same samples by remote
 * write and answers the same questions; ours are asked at the door of the room, the peer's over HTTP on this machine.
 */
requirePrograms(['prometheus', 'promtool']);
const MILLIONS = 10;
const DAY = 86_400_000;
const SERIES = 1000;
const BATCH = 5000;
const EVERY_MS = 10_000;

const dataDir = mkdtempSync(join(tmpdir(), 'orrery-bench-'));
const database = await openDatabase({ dataDir });
await migrate(database.db, database.kind);
let now = Date.parse('2026-03-10T00:00:00Z');
const samples = createSamples({
  db: database.db,
  clock: { now: () => now, monotonic: () => performance.now() },
  log: createLog('silent', { write: () => undefined }),
  rawRetentionMs: () => 30 * DAY,
});
const caller = systemCaller('bench');
const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const began = performance.now();
  const result = await work();
  return [result, performance.now() - began];
};

let appendMs = 0;
let sealMs = 0;
let sealed = 0;
let stored = 0;
const waveAt = (round: number, i: number) => Math.round(1e4 + 5e3 * Math.sin((round + i) / 40)) / 100;
const keys = Array.from({ length: SERIES }, (_, i) => `metric_${i}`);
const began = now;
for (let round = 0; stored < MILLIONS * 1e6; round++) {
  // One batch is five moments of every series, as a product's SDK pushes them.
  const batch: IncomingSample[] = [];
  for (let step = 0; step < BATCH / SERIES; step++)
    for (const [i, key] of keys.entries()) batch.push({ key, at: now + step * EVERY_MS, value: waveAt(round, i) });
  now += (BATCH / SERIES) * EVERY_MS;
  const [result, ms] = await timed(() => samples.append(database.db, 'bench', batch, now));
  appendMs += ms;
  stored += result.stored;
  if (round % 6 !== 0) continue;
  const [hours, spent] = await timed(() => samples.rollup());
  sealMs += spent;
  sealed += hours;
}
const range = { project: 'bench', keys: ['metric_500'], from: now - DAY, to: now };
const READS = 15;

/** The median of some reads in ms, the first one among them. */
async function reading(read: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < READS; i++) times.push((await timed(read))[1]);
  return median(times);
}
const ours = {
  day: await reading(() => samples.query(caller, range)),
  p95: await reading(() => samples.query(caller, { ...range, step: 60_000, stat: 'p95' })),
  all: await reading(() => samples.query(caller, { ...range, from: began, step: 3_600_000 })),
  page: await reading(() => samples.query(caller, { project: 'bench', from: now - 3_600_000, to: now })),
};
await database.close();
// The log is in the file once it is closed.
const bytes = statSync(join(dataDir, 'orrery.db')).size;
rmSync(dataDir, { recursive: true, force: true });

const peerDir = mkdtempSync(join(tmpdir(), 'orrery-bench-write-'));
const rate = ownWriteRate(peerDir, keys, (MILLIONS * 1e6) / SERIES);
rmSync(peerDir, { recursive: true, force: true });
const prometheus = await startPrometheus({
  config: 'storage: { tsdb: { out_of_order_time_window: 30d } }\n',
  more: ['--web.enable-remote-write-receiver'],
});
const SHIFT = Date.now() - now;
for (let at = began, round = 0; at < now; round++) {
  const from = at;
  const body = writeRequest(
    keys.map((name, i) => ({
      name,
      points: Array.from({ length: BATCH / SERIES }, (_, step) => ({
        at: from + step * EVERY_MS + SHIFT,
        value: waveAt(round, i),
      })),
    })),
  );
  const response = await fetch(`${prometheus.url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: new Uint8Array(body),
  });
  if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
  at += (BATCH / SERIES) * EVERY_MS;
}
const theirs = (query: string, from: number, step: number) =>
  askRange(prometheus, query, { from: from + SHIFT, to: now + SHIFT, step }, READS);
const name = 'Prometheus query_range, over HTTP';
const peer = {
  day: await theirs('metric_500', now - DAY, 10_000),
  p95: await theirs('quantile_over_time(0.95, metric_500[1m])', now - DAY, 60_000),
  all: await theirs('avg_over_time(metric_500[1h])', began, 3_600_000),
  page: await theirs('{__name__=~"metric_(1?[0-9]|2[0-3])"}', now - 3_600_000, 10_000),
};
await prometheus.stop();

figure({
  what: `24 h of one series among ${(stored / 1e6).toFixed(0)} M samples`,
  unit: 'ms',
  ours: ours.day,
  peer: { name, value: peer.day },
  bar: { atMost: 20 },
  note: `medians of ${READS} reads; ours at the door of its room, for a chart`,
});
figure({ what: 'the same, one p95 a minute', unit: 'ms', ours: ours.p95, peer: { name, value: peer.p95 } });
figure({ what: 'all of it, one point an hour', unit: 'ms', ours: ours.all, peer: { name, value: peer.all } });
figure({ what: '24 series for a page, last hour', unit: 'ms', ours: ours.page, peer: { name, value: peer.page } });
figure({
  what: 'samples stored, transactions of 5,000',
  unit: 'samples/s',
  ours: (stored / appendMs) * 1000,
  peer: { name: 'promtool tsdb bench write', value: rate },
  bar: { atLeast: 50_000 },
  note: `${Math.round((stored / (appendMs + sealMs)) * 1000).toLocaleString('en')} with the packing of hours, which took ${Math.round((sealMs * 1000) / Math.max(1, sealed))} µs each; ours on the disk before it says so, the peer not`,
});
figure({ what: 'on disk', unit: 'bytes a sample', ours: bytes / stored });
