import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemCaller } from '../packages/hub/src/access/index.ts';
import { openDatabase } from '../packages/hub/src/platform/db.ts';
import { createLog } from '../packages/hub/src/platform/log.ts';
import { migrate } from '../packages/hub/src/platform/migrate.ts';
import { createSamples, type IncomingSample } from '../packages/hub/src/samples/index.ts';

/**
 * Usage: node bench/year.ts [series, 8]. Lives through a year of a few series, one sample a minute each, with the default retention,
 * and tells what 50 projects with 40 such metrics take on disk.
 */
const SERIES = Number(process.argv[2] ?? 8);
const FLEET = 50 * 40;
const DAYS = 365;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The kinds of numbers that products report; a quarter of them as unfriendly as doubles can be. */
const SHAPES: ((minute: number) => number)[] = [
  (m) => Math.round(4000 + 3000 * Math.sin(m / 229) + 900 * Math.random()) / 100,
  (m) => Math.floor(m * 13.7),
  () => Math.floor(Math.random() * 40),
  () => Math.random() * 100,
];

const dataDir = mkdtempSync(join(tmpdir(), 'orrery-year-'));
const { db, kind, close } = await openDatabase({ dataDir });
await migrate(db, kind);
const start = Date.parse('2026-01-01T00:00:00Z');
let now = start;
const samples = createSamples({
  db,
  clock: { now: () => now, monotonic: () => performance.now() },
  log: createLog('silent', { write: () => undefined }),
  rawRetentionMs: () => 30 * DAY,
});
const say = (what: string, value: string) => process.stdout.write(`${what.padEnd(64)} ${value}\n`);
const size = () => statSync(join(dataDir, 'orrery.db')).size;
const empty = size();
for (let hour = 0; hour < DAYS * 24; hour += 4) {
  const batch: IncomingSample[] = [];
  for (let m = hour * 60; m < (hour + 4) * 60; m++)
    for (let i = 0; i < SERIES; i++)
      batch.push({ key: `metric_${i}`, at: start + m * MINUTE, value: SHAPES[i % SHAPES.length]?.(m) ?? 0 });
  now = start + (hour + 4) * HOUR;
  await samples.append(db, 'year', batch, now);
  await samples.rollup();
  if (hour % 24 === 0) await samples.expire({ raw: 30 * DAY, minute: 90 * DAY, hour: 400 * DAY });
}
const grown = size() - empty;
say(`one series over ${DAYS} days, one sample a minute`, `${(grown / SERIES / 1e6).toFixed(2)} MB`);
say('50 projects with 40 metrics (goal: under 4 GB)', `${((grown / SERIES) * (FLEET / 1e9)).toFixed(2)} GB`);
const began = performance.now();
const year = { project: 'year', keys: ['metric_0'], from: start, to: now, step: DAY };
const { series } = await samples.query(systemCaller('bench'), year);
say(
  'the year of one series, one point a day',
  `${(performance.now() - began).toFixed(1)} ms, ${series[0]?.points.length ?? 0} points`,
);
await close();
rmSync(dataDir, { recursive: true, force: true });
