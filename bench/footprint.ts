import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { requirePrograms } from '../scripts/testing/programs.ts';
import { ORRERY } from '../test/services/hub.ts';
import { probingConfig, startBlackbox, startPrometheus } from './tools/peers.ts';
import { cpuSeconds, rssMiB } from './tools/processes.ts';
import { figure, median } from './tools/report.ts';
import { startTargets } from './tools/targets.ts';

/**
 * How long a hub takes to listen, and what it needs while it watches 50 projects every 15 s and nothing happens. Start: median of five
 * fresh data folders. Rest: 60 s after 30 s of settling, memory and CPU of the whole process. The peers probe the same targets as often.
 */
requirePrograms(['prometheus', 'blackbox']);
const PROJECTS = 50;
const STARTS = 5;
const SETTLE_MS = 30_000;
const REST_MS = 60_000;

const targets = await startTargets(PROJECTS);
const projects = targets.urls.map(
  (url, i) =>
    `  - { slug: p${i}, name: Product ${i}, hubUrl: "${url}", services: [{ name: api, probes: [{ kind: http, url: "${url}", interval: 15s }] }] }`,
);
const yaml = `network: { allowPrivate: true }\nprojects:\n${projects.join('\n')}\n`;

async function start(): Promise<{ ms: number; pid: number; stop(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-bench-'));
  const file = join(dir, 'orrery.yaml');
  writeFileSync(file, yaml);
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [ORRERY, 'serve', '--json', '--port', '0', '--data', join(dir, 'data'), '--config', file],
    { stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: process.env.PATH ?? '', HOME: dir, TZ: 'UTC' } },
  );
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  await new Promise<void>((done, fail) => {
    child.stdout.once('data', () => done());
    child.once('exit', (code) => fail(new Error(`the hub ended with ${code}`)));
  });
  return {
    ms: performance.now() - began,
    pid: child.pid ?? 0,
    async stop() {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
      process.off('exit', onExit);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Memory and share of a core of processes at rest. */
async function atRest(pids: readonly number[]) {
  await wait(SETTLE_MS);
  const before = cpuSeconds(...pids);
  await wait(REST_MS);
  return { rss: rssMiB(...pids), percent: ((cpuSeconds(...pids) - before) / REST_MS) * 1000 * 100 };
}

const starts: number[] = [];
for (let i = 0; i < STARTS; i++) {
  const hub = await start();
  starts.push(hub.ms);
  await hub.stop();
}
const hub = await start();
const ours = await atRest([hub.pid]);
await hub.stop();

const began = performance.now();
const blackbox = await startBlackbox();
const prometheus = await startPrometheus(
  probingConfig({ targets: targets.urls, blackbox: blackbox.address, intervalS: 15, evaluationS: 15 }),
);
const readyMs = performance.now() - began;
const theirs = await atRest([prometheus.pid, blackbox.pid]);
await prometheus.stop();
await blackbox.stop();
targets.stop();

const name = 'Prometheus + blackbox_exporter';
figure({
  what: 'start to listening, 50 projects declared',
  unit: 's',
  ours: median(starts) / 1000,
  peer: { name, value: readyMs / 1000 },
  bar: { atMost: 1.5 },
  note: `median of ${STARTS}; worst ${(Math.max(...starts) / 1000).toFixed(2)} s`,
});
figure({
  what: 'at rest, 50 projects every 15 s: resident memory',
  unit: 'MiB',
  ours: ours.rss,
  peer: { name, value: theirs.rss },
  bar: { atMost: 120 },
});
figure({
  what: 'at rest, 50 projects every 15 s: share of a core',
  unit: '%',
  ours: ours.percent,
  peer: { name, value: theirs.percent },
  bar: { atMost: 1 },
});
