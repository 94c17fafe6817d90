import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemCaller } from '../packages/hub/src/access/index.ts';
import { openDatabase } from '../packages/hub/src/platform/db.ts';
import { createLog } from '../packages/hub/src/platform/log.ts';
import { migrate } from '../packages/hub/src/platform/migrate.ts';
import { createSamples, type IncomingSample } from '../packages/hub/src/samples/index.ts';

/** Usage: node bench/samples.ts [millions of samples, 10]. Appends, packs and reads them on a fresh SQLite file. */
const MILLIONS = Number(process.argv[2] ?? 10);
const DAY = 86_400_000;
const SERIES = 1000;
const BATCH = 5000;
const EVERY_MS = 10_000;

const dataDir = mkdtempSync(join(tmpdir(), 'orrery-bench-'));
const url = process.env.ORRERY_DATABASE_URL;
const database = await openDatabase({ dataDir, ...(url === undefined ? {} : { url }) });
await migrate(database.db, database.kind);
let now = Date.parse('2026-03-10T00:00:00Z');
const samples = createSamples({
  db: database.db,
  clock: { now: () => now, monotonic: () => performance.now() },
  log: createLog('silent', { write: () => undefined }),
  rawRetentionMs: () => 30 * DAY,
});
const caller = systemCaller('bench');
const say = (what: string, value: string) => process.stdout.write(`${what.padEnd(64)} ${value}\n`);
const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const began = performance.now();
  const result = await work();
  return [result, performance.now() - began];
};

let appendMs = 0;
let sealMs = 0;
let sealed = 0;
let longest = 0;
let stored = 0;
const keys = Array.from({ length: SERIES }, (_, i) => `metric_${i}`);
const began = now;
for (let round = 0; stored < MILLIONS * 1e6; round++) {
  // One batch is five moments of every series, as a product's SDK pushes them.
  const batch: IncomingSample[] = [];
  for (let step = 0; step < BATCH / SERIES; step++)
    for (const [i, key] of keys.entries())
      batch.push({ key, at: now + step * EVERY_MS, value: Math.round(1e4 + 5e3 * Math.sin((round + i) / 40)) / 100 });
  now += (BATCH / SERIES) * EVERY_MS;
  const [result, ms] = await timed(() => samples.append(database.db, 'bench', batch, now));
  appendMs += ms;
  stored += result.stored;
  if (round % 6 !== 0) continue;
  const [hours, spent] = await timed(() => samples.rollup());
  sealMs += spent;
  sealed += hours;
  longest = Math.max(longest, spent);
}
say(
  'append, one transaction for 5,000 samples',
  `${Math.round((stored / appendMs) * 1000).toLocaleString('en')} samples/s`,
);
say(
  'packing hours (points, minutes, hours, sketches)',
  `${((sealMs * 1000) / Math.max(1, sealed)).toFixed(0)} µs each, ${sealed} hours`,
);
say(
  'append and packing together',
  `${Math.round((stored / (appendMs + sealMs)) * 1000).toLocaleString('en')} samples/s`,
);

const range = { project: 'bench', keys: ['metric_500'], from: now - DAY, to: now };
const reads: [string, Parameters<typeof samples.query>[1]][] = [
  [`24 h of one series among ${(stored / 1e6).toFixed(1)} M samples, for a chart`, range],
  ['the same, one point a minute, p95', { ...range, step: 60_000, stat: 'p95' }],
  ['the same, 15 min of samples themselves', { ...range, from: now - 900_000 }],
  ['all of it, one point an hour', { ...range, from: began, step: 3_600_000 }],
  ['24 series for a page, last hour', { project: 'bench', from: now - 3_600_000, to: now }],
];
for (const [what, input] of reads) {
  const times: number[] = [];
  let points = 0;
  for (let i = 0; i < 9; i++) {
    const [answer, ms] = await timed(() => samples.query(caller, input));
    points = answer.series.reduce((sum, series) => sum + series.points.length, 0);
    times.push(ms);
  }
  const [first = 0] = times;
  times.sort((a, b) => a - b);
  say(what, `${(times[4] ?? 0).toFixed(1)} ms (first ${first.toFixed(1)}), ${points} points`);
}
const [, latestMs] = await timed(() => samples.latest(['bench'], ['*']));
say(`newest value of ${SERIES} series`, `${latestMs.toFixed(1)} ms`);
if (database.kind === 'sqlite') {
  const bytes = statSync(join(dataDir, 'orrery.db')).size;
  say('on disk', `${(bytes / 1e6).toFixed(0)} MB, ${(bytes / stored).toFixed(1)} bytes a sample`);
}
say('memory', `${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB RSS`);
await database.close();
rmSync(dataDir, { recursive: true, force: true });
