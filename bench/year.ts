import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemCaller } from '../packages/hub/src/access/index.ts';
import { openDatabase } from '../packages/hub/src/platform/db.ts';
import { createLog } from '../packages/hub/src/platform/log.ts';
import { createSamples, type IncomingSample } from '../packages/hub/src/samples/index.ts';
import { requirePrograms } from '../scripts/testing/programs.ts';
import { startHub } from '../test/services/hub.ts';
import { askRange, backfill, sizeOf } from './tools/backfill.ts';
import { startPrometheus } from './tools/peers.ts';
import { figure, median } from './tools/report.ts';

/**
 * What a year of 50 projects with 40 metrics of one sample a minute takes. Eight series live through the whole year, hour by hour packed,
 * expired by the default retention; each series has rows of its own, so that 2,000 take 250 times as much. Then all 2,000 series get
 * their last day, and a real hub on that folder answers what the overview asks, over HTTP. Prometheus gets the same eight series in blocks
 * of a month, and the same last day of 2,000, and answers over HTTP too. It rolls nothing up: its year is all of it raw.
 */
requirePrograms(['prometheus', 'promtool']);
const SERIES = 8;
const PROJECTS = 50;
const METRICS = 40;
const DAYS = 365;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const READS = 15;
/** How much of the day one point of a small picture stands for. */
const SPARK_MS = HOUR;

/** The kinds of numbers that products report; a quarter of them as unfriendly as doubles can be. */
const SHAPES: ((minute: number) => number)[] = [
  (m) => Math.round(4000 + 3000 * Math.sin(m / 229) + 900 * Math.random()) / 100,
  (m) => Math.floor(m * 13.7),
  () => Math.floor(Math.random() * 40),
  () => Math.random() * 100,
];

const projects = Array.from({ length: PROJECTS }, (_, i) => `p${i}`);
const yaml = `projects:\n${projects.map((slug) => `  - { slug: ${slug}, name: Project ${slug}, hubUrl: "http://127.0.0.1:9/" }`).join('\n')}\n`;
// The folder is a hub's own from the start.
const first = await startHub({ yaml });
await first.stop();
const { dataDir } = first;
const file = join(dataDir, 'orrery.db');
const empty = statSync(file).size;
const end = Math.floor(Date.now() / HOUR) * HOUR;
const start = end - DAYS * DAY;

/** The rooms' own samples on that folder, at a time that is set. */
async function open() {
  const { db, close } = await openDatabase({ dataDir });
  const clock = { at: start };
  const samples = createSamples({
    db,
    clock: { now: () => clock.at, monotonic: () => performance.now() },
    log: createLog('silent', { write: () => undefined }),
    rawRetentionMs: () => 30 * DAY,
  });
  return { db, close, clock, samples };
}

async function liveThroughTheYear(): Promise<{ bytes: number; readMs: number }> {
  const { db, close, clock, samples } = await open();
  for (let hour = 0; hour < DAYS * 24; hour += 4) {
    const batch: IncomingSample[] = [];
    for (let m = hour * 60; m < (hour + 4) * 60; m++)
      for (let i = 0; i < SERIES; i++)
        batch.push({ key: `year_${i}`, at: start + m * MINUTE, value: SHAPES[i % SHAPES.length]?.(m) ?? 0 });
    clock.at = start + (hour + 4) * HOUR;
    await samples.append(db, 'p0', batch, clock.at);
    await samples.rollup();
    if (hour % 24 === 0) await samples.expire({ raw: 30 * DAY, minute: 90 * DAY, hour: 400 * DAY });
  }
  const year = { project: 'p0', keys: ['year_0'], from: start, to: end, step: DAY };
  const times: number[] = [];
  for (let i = 0; i < READS; i++) {
    const began = performance.now();
    const { series } = await samples.query(systemCaller('bench'), year);
    times.push(performance.now() - began);
    if ((series[0]?.points.length ?? 0) < DAYS) throw new Error('the year has fewer days than it should');
  }
  await close();
  return { bytes: statSync(file).size - empty, readMs: median(times) };
}

async function liveThroughTheLastDay(): Promise<void> {
  const { db, close, clock, samples } = await open();
  for (let hour = 0; hour < 24; hour += 2) {
    clock.at = end - DAY + (hour + 2) * HOUR;
    for (const [p, project] of projects.entries()) {
      const batch: IncomingSample[] = [];
      for (let m = hour * 60; m < (hour + 2) * 60; m++)
        for (let i = 0; i < METRICS; i++)
          batch.push({
            key: `metric_${i}`,
            at: end - DAY + m * MINUTE,
            value: SHAPES[i % SHAPES.length]?.(m + p) ?? 0,
          });
      await samples.append(db, project, batch, clock.at);
    }
    await samples.rollup();
  }
  await close();
}

/** What Prometheus makes of the same numbers, its index and all; and how long it takes to read the year of one of them, a point a day. */
async function theirYear(): Promise<{ bytes: number; readMs: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-bench-year-'));
  const series = Array.from({ length: SERIES }, (_, i) => ({
    name: `year_${i}`,
    *points() {
      for (let m = 0; m < DAYS * 24 * 60; m++)
        yield { at: start + m * MINUTE, value: SHAPES[i % SHAPES.length]?.(m) ?? 0 };
    },
  }));
  const data = await backfill(dir, series, '744h');
  const bytes = sizeOf(data);
  const prometheus = await startPrometheus({ config: '', dataDir: data });
  const readMs = await askRange(prometheus, 'avg_over_time(year_0[1d])', { from: start, to: end, step: DAY }, READS);
  await prometheus.stop();
  rmSync(dir, { recursive: true, force: true });
  return { bytes, readMs };
}

/** The same last day of 2,000 series, and the small pictures of one metric of every project. */
async function theirSparklines(): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-bench-day-'));
  const series = Array.from({ length: METRICS }, (_, i) =>
    projects.map((project, p) => ({
      name: `metric_${i}`,
      labels: `{project="${project}"}`,
      *points() {
        for (let m = 0; m < 24 * 60; m++)
          yield { at: end - DAY + m * MINUTE, value: SHAPES[i % SHAPES.length]?.(m + p) ?? 0 };
      },
    })),
  ).flat();
  const data = await backfill(dir, series, '24h');
  const prometheus = await startPrometheus({ config: '', dataDir: data });
  const span = { from: end - DAY, to: end, step: SPARK_MS };
  const ms = await askRange(prometheus, `avg_over_time(metric_0[${SPARK_MS / 1000}s])`, span, READS);
  await prometheus.stop();
  rmSync(dir, { recursive: true, force: true });
  return ms;
}

const { bytes, readMs } = await liveThroughTheYear();
await liveThroughTheLastDay();
const hub = await startHub({ dataDir });
const slowest: { path: string; ms: number }[] = [];
for (const path of [
  '/api/fed/projects',
  `/api/fed/sparklines?key=metric_0&from=${new Date(end - DAY).toISOString()}&to=${new Date(end).toISOString()}`,
  '/api/fed/metrics/p7?from=1h',
  '/ops/health?history=50',
  '/ops/events/recent?limit=50',
  '/api/fed/alerts?limit=100',
]) {
  const times: number[] = [];
  for (let i = 0; i < READS; i++) {
    const began = performance.now();
    await hub.api.read(path);
    times.push(performance.now() - began);
  }
  slowest.push({ path, ms: median(times) });
}
await hub.dispose();
slowest.sort((a, b) => b.ms - a.ms);
const peer = { name: 'Prometheus', ...(await theirYear()), sparklinesMs: await theirSparklines() };
const portfolio = (bytesOfAll: number) => ((bytesOfAll / SERIES) * PROJECTS * METRICS) / 1e9;

figure({
  what: 'a year of 50 projects × 40 metrics × 60 s on disk',
  unit: 'GB',
  ours: portfolio(bytes),
  peer: { name: 'Prometheus, raw, blocks of a month', value: portfolio(peer.bytes) },
  bar: { atMost: 4 },
  note: `${SERIES} series really lived through it: ${(bytes / SERIES / 1e6).toFixed(2)} MB each, a quarter of them random doubles; extrapolated; ours keeps 30 days raw, 90 by the minute, the rest by the hour`,
});
figure({
  what: 'the year of one series, one point a day',
  unit: 'ms',
  ours: readMs,
  peer: { name: 'Prometheus query_range, over HTTP', value: peer.readMs },
  bar: { atMost: 50 },
});
figure({
  what: 'the slowest query of the overview, 2,000 series, over HTTP',
  unit: 'ms',
  ours: slowest[0]?.ms ?? Number.NaN,
  peer: { name: 'Prometheus, a day of one metric of 50 projects', value: peer.sparklinesMs },
  bar: { atMost: 50 },
  note: slowest.map(({ path, ms }) => `${path.split('?')[0]} ${ms.toFixed(1)}`).join(', '),
});
