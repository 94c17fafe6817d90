import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { requirePrograms } from '../scripts/testing/programs.ts';
import { probing, startOurs } from './tools/hub.ts';
import { probingConfig, startBlackbox, startPrometheus } from './tools/peers.ts';
import { cpuSeconds, peakMiB } from './tools/processes.ts';
import { figure } from './tools/report.ts';
import { startTargets } from './tools/targets.ts';

/**
 * What a thousand web targets every 5 s cost, on fresh connections, results stored and rules evaluated: CPU of whole processes for a
 * thousand checks, and the most memory that they ever held. Ours first, then Prometheus with blackbox_exporter on the same targets, then a
 * bare prober that keeps nothing: what of ours is the machine's price of a connection, and what is our own.
 */
requirePrograms(['prometheus', 'blackbox']);
const TARGETS = 1000;
const SETTLE_MS = 15_000;
const MEASURE_MS = 60_000;

async function measured(pids: readonly number[], served: () => Promise<number>) {
  await wait(SETTLE_MS);
  const [cpuBefore, before] = [cpuSeconds(...pids), await served()];
  await wait(MEASURE_MS);
  const checks = (await served()) - before;
  return { perThousand: ((cpuSeconds(...pids) - cpuBefore) / checks) * 1000, peak: peakMiB(...pids), checks };
}

const targets = await startTargets(TARGETS);
const hub = await startOurs(probing(targets.urls, '5s'));
const ours = await measured([hub.pid], targets.served);
await hub.dispose();

const blackbox = await startBlackbox();
const prometheus = await startPrometheus(
  probingConfig({ targets: targets.urls, blackbox: blackbox.address, intervalS: 5, evaluationS: 5 }),
);
const peer = await measured([prometheus.pid, blackbox.pid], targets.served);
await prometheus.stop();
await blackbox.stop();

const folder = mkdtempSync(join(tmpdir(), 'orrery-bench-'));
const list = join(folder, 'urls.json');
writeFileSync(list, JSON.stringify(targets.urls));
const bareProber = fork(fileURLToPath(new URL('./tools/bare.process.ts', import.meta.url)), [list, '5000'], {
  execArgv: process.execArgv,
});
const bare = await measured([bareProber.pid ?? 0], targets.served);
bareProber.disconnect();
rmSync(folder, { recursive: true });
targets.stop();

const name = 'Prometheus + blackbox_exporter';
const note = `${ours.checks} checks in 60 s, the peer ${peer.checks}`;
figure({
  what: '1,000 HTTP targets every 5 s: CPU for 1,000 checks',
  unit: 'CPU-s',
  ours: ours.perThousand,
  peer: { name, value: peer.perThousand },
  bar: { atMost: 0.4 },
  note,
});
figure({
  what: 'the same, beside what connections alone cost on this machine',
  unit: 'CPU-s',
  ours: ours.perThousand,
  peer: { name: 'a bare node:http prober that keeps nothing', value: bare.perThousand },
});
figure({
  what: '1,000 HTTP targets every 5 s: peak resident memory',
  unit: 'MiB',
  ours: ours.peak,
  peer: { name, value: peer.peak },
  bar: { atMost: 200 },
});
