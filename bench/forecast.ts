import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { ProjectDeclaration } from '@orrery/protocol';
import { systemCaller } from '../packages/hub/src/access/index.ts';
import { crossingOf } from '../packages/hub/src/detect/forecast/crossing.ts';
import { FORECASTERS } from '../packages/hub/src/detect/forecast/forecasters/index.ts';
import { createForecasts } from '../packages/hub/src/detect/forecast/forecasts.ts';
import { type Choice, HORIZON } from '../packages/hub/src/detect/forecast/outcome.ts';
import { reckon } from '../packages/hub/src/detect/forecast/reckon.ts';
import { watch } from '../packages/hub/src/detect/gather.ts';
import { openDatabase } from '../packages/hub/src/platform/db.ts';
import { createLog } from '../packages/hub/src/platform/log.ts';
import { migrate } from '../packages/hub/src/platform/migrate.ts';
import { createSamples } from '../packages/hub/src/samples/index.ts';
import { requirePrograms } from '../scripts/testing/programs.ts';
import { hourlySeries } from './tools/hourly.ts';
import { figure } from './tools/report.ts';

/**
 * What 500 series × 72 hours cost, from the database into the database, the backtest of all forecasters with them; how long the event loop is
 * held up meanwhile; and how far off the forecasts are on hours that nobody has seen, beside Holt-Winters of Debian's statsmodels and the
 * value of a day ago. The series are made by formulas (tools/hourly.ts).
 */
requirePrograms(['statsmodels']);
const SERIES = 500;
const HOURS = 28 * 24;
const HELD_OUT = 200;
const HOUR = 3_600_000;
const PROJECT = 'bench';

const dataDir = mkdtempSync(join(tmpdir(), 'orrery-bench-'));
const { db, kind, close } = await openDatabase({ dataDir });
await migrate(db, kind);
const log = createLog('silent', { write: () => undefined });
let now = Math.floor(Date.now() / HOUR) * HOUR + HOUR / 2;
const clock = { now: () => now, monotonic: () => performance.now() };
const samples = createSamples({ db, clock, log, rawRetentionMs: () => 90 * 24 * HOUR });
const all = hourlySeries(SERIES, HOURS + 1);
const first = now - HOUR / 2 - HOURS * HOUR;
/** One hour of every series. */
const store = (hour: number) =>
  samples.append(
    db,
    PROJECT,
    all.map(({ values }, i) => ({ key: `disk.m${i}`, value: values[hour] ?? 0, at: first + hour * HOUR + 1 })),
    now,
  );
for (let hour = 0; hour < HOURS; hour++) await store(hour);
await samples.rollup();
const project = watch(
  ProjectDeclaration.parse({ slug: PROJECT, name: PROJECT, hubUrl: 'http://127.0.0.1:1', thresholds: [] }),
);
const forecasts = createForecasts({ db, clock, log, samples, watched: () => new Map([[PROJECT, project]]) });

/** CPU seconds of the whole process, its worker with it, and the delays of the event loop meanwhile (ms). */
async function measured(work: () => Promise<unknown>) {
  const delays = monitorEventLoopDelay({ resolution: 5 });
  const cpu = process.cpuUsage();
  const began = performance.now();
  delays.enable();
  await work();
  delays.disable();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuS: (user + system) / 1e6, wallS: (performance.now() - began) / 1000, p99Ms: delays.percentile(99) / 1e6 };
}

const load = () => `load ${(loadavg()[0] ?? 0).toFixed(1)}`;
const rest = await measured(() => wait(5000));
const cold = await measured(() => forecasts.run());
const { items } = await forecasts.list(systemCaller('bench'), { limit: 200 });
const ready = items.filter(({ state }) => state === 'ready').length;
if (ready < items.length) throw new Error(`${items.length - ready} of ${items.length} series have no forecast`);
figure({
  what: `${SERIES} series × ${HORIZON} h, with the backtest of every method`,
  unit: 'CPU s',
  ours: cold.cpuS,
  bar: { atMost: 60 },
  note: `${cold.wallS.toFixed(0)} s of wall time, ${load()}; read from and written to SQLite`,
});
figure({
  what: 'delay of the event loop meanwhile, p99',
  unit: 'ms',
  ours: cold.p99Ms,
  peer: { name: 'the same at rest', value: rest.p99Ms },
  bar: { atMost: 50 },
  note: 'one thread that waits for another: on busy cores the machine itself is in both',
});
now += HOUR;
await store(HOURS);
const warm = await measured(() => forecasts.run());
figure({
  what: `the same an hour later, the methods chosen already`,
  unit: 'CPU s',
  ours: warm.cpuS,
  bar: { atMost: 20 },
});
await forecasts.close();
await close();
rmSync(dataDir, { recursive: true, force: true });

// How right they are: the last 72 hours of each series are kept back.
const held = hourlySeries(HELD_OUT, HOURS + HORIZON).map(({ kind, values }) => ({
  kind,
  learned: values.subarray(0, HOURS),
  came: values.subarray(HOURS),
}));
/** The mean absolute error in units of that of "as it was a day ago" over what was learned (MASE). */
function maseOf(path: ArrayLike<number>, { learned, came }: (typeof held)[number]): number {
  let usual = 0;
  for (let i = 24; i < HOURS; i++) usual += Math.abs((learned[i] ?? 0) - (learned[i - 24] ?? 0));
  const off = came.reduce((sum, value, hour) => sum + Math.abs(value - (path[hour] ?? Number.NaN)), 0);
  return off / HORIZON / (usual / (HOURS - 24));
}
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
let inside = 0;
let promised = 0;
const cpu = process.cpuUsage();
/** Limits beyond what the last day and a half held, by these shares of the whole range, on both sides. */
const BEYOND = [0.02, 0.05, 0.1, 0.2, 0.4];
/** An alert opens from this confidence on. */
const TOLD = 0.8;
const warnings = { told: 0, right: 0, disks: 0, disksTold: 0 };

/** Sets limits around what was learned, and looks who was told of before they were crossed. */
function warn({ kind, learned, came }: (typeof held)[number], point: number[], choice: Choice): void {
  const lately = learned.subarray(-36);
  const range = Math.max(...learned) - Math.min(...learned);
  const limits = BEYOND.flatMap((share) => [
    { above: Math.max(...lately) + share * range },
    { below: Math.min(...lately) - share * range },
  ]);
  for (const limit of limits) {
    const crosses = came.some((value) =>
      limit.above !== undefined ? value > limit.above : value < (limit.below ?? Number.NaN),
    );
    const crossing = crossingOf({ point, recent: [...lately] }, choice, limit, 0);
    const told = crossing !== undefined && !crossing.known && crossing.confidence >= TOLD;
    if (told) warnings.told += 1;
    if (told && crosses) warnings.right += 1;
    if (kind !== 'growing disk' || !crosses) continue;
    warnings.disks += 1;
    if (told) warnings.disksTold += 1;
  }
}

const ours = held.map((one) => {
  const outcome = reckon(one.learned, FORECASTERS);
  if (outcome.state !== 'ready') throw new Error(outcome.reason);
  const { point, lower, upper, choice } = outcome;
  inside += one.came.filter((value, h) => value >= (lower[h] ?? 0) && value <= (upper[h] ?? 0)).length;
  promised += choice.coverage ?? 0;
  warn(one, point, choice);
  return maseOf(point, one);
});
const oursMs = process.cpuUsage(cpu).user / 1000 / HELD_OUT;
const dayAgo = held.map((one) =>
  maseOf(
    Array.from({ length: HORIZON }, (_, h) => one.learned[HOURS - 24 + (h % 24)] ?? 0),
    one,
  ),
);
const theirs: { forecasts: number[][]; seconds: number } = JSON.parse(
  execFileSync('/usr/bin/python3', [new URL('tools/holt-winters.py', import.meta.url).pathname], {
    input: JSON.stringify({ period: 24, horizon: HORIZON, series: held.map(({ learned }) => [...learned]) }),
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  }).toString(),
);
const holtWinters = held.map((one, i) => maseOf(theirs.forecasts[i] ?? [], one));
figure({
  what: `error on ${HELD_OUT} series × ${HORIZON} h that were kept back (MASE)`,
  unit: '',
  ours: mean(ours),
  peer: { name: 'Holt-Winters of statsmodels', value: mean(holtWinters) },
  note: `"as it was a day ago" ${mean(dayAgo).toFixed(2)}`,
});
figure({
  what: 'CPU of one forecast, choosing among five methods',
  unit: 'ms',
  ours: oursMs,
  peer: { name: 'Holt-Winters of statsmodels, one method', value: (theirs.seconds * 1000) / HELD_OUT },
});
figure({
  what: 'share of the hours kept back that the 90 % interval held',
  unit: '%',
  ours: (100 * inside) / (HELD_OUT * HORIZON),
  bar: { atLeast: 85 },
  note: `the backtests had said ${((100 * promised) / HELD_OUT).toFixed(0)} %`,
});
figure({
  what: 'share of "will cross" alerts that came true within the 72 h',
  unit: '%',
  ours: (100 * warnings.right) / warnings.told,
  bar: { atLeast: 80 },
  note: `${warnings.told} told, ten limits for each of ${HELD_OUT} series`,
});
figure({
  what: 'share of the limits that growing disks crossed and that were told of',
  unit: '%',
  ours: (100 * warnings.disksTold) / warnings.disks,
  note: `${warnings.disks} crossed`,
});
