import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/**
 * How long a hub takes to listen, and what it needs while it watches 50 projects every 15 s and nothing happens.
 * Start: median of five fresh data folders. Idle: 30 s after a minute of settling; memory and CPU from /proc (Linux only).
 */
const BIN = fileURLToPath(new URL('../packages/hub/bin/orrery.mjs', import.meta.url));
const TICKS_PER_SECOND = 100;

const target = createServer((_request, response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(
    JSON.stringify({
      status: 'healthy',
      checks: { database: true },
      timestamp: new Date().toISOString(),
      version: '1',
    }),
  ),
);
await new Promise<void>((done) => target.listen(0, '127.0.0.1', done));
const port = (target.address() as AddressInfo).port;
const yaml = `network: { allowPrivate: true }\nprojects:\n${Array.from(
  { length: 50 },
  (_, i) =>
    `  - slug: p${i}\n    name: Product ${i}\n    hubUrl: http://127.0.0.1:${port}\n    services: [{ name: api, probes: [{ kind: http, url: "http://127.0.0.1:${port}/api/health", interval: 15s }] }]\n`,
).join('')}`;

async function start(): Promise<{ ms: number; pid: number; stop(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-bench-'));
  writeFileSync(join(dir, 'orrery.yaml'), yaml);
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [BIN, 'serve', '--json', '--port', '0', '--data', join(dir, 'data'), '--config', join(dir, 'orrery.yaml')],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  await new Promise<void>((done, fail) => {
    child.stdout.once('data', () => done());
    child.once('exit', (code) => fail(new Error(`the hub ended with ${code}`)));
  });
  const ms = performance.now() - began;
  return {
    ms,
    pid: child.pid ?? 0,
    async stop() {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const cpuSeconds = (pid: number) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
};
const rssMiB = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

const starts: number[] = [];
for (let i = 0; i < 5; i++) {
  const hub = await start();
  starts.push(hub.ms);
  await hub.stop();
}
starts.sort((a, b) => a - b);
console.log(`start to listening, 50 projects   median ${starts[2]?.toFixed(0)} ms   worst ${starts[4]?.toFixed(0)} ms`);

const hub = await start();
await wait(60_000);
const before = cpuSeconds(hub.pid);
await wait(30_000);
const share = ((cpuSeconds(hub.pid) - before) / 30) * 100;
console.log(`idle, 50 projects every 15 s      ${rssMiB(hub.pid).toFixed(0)} MiB   ${share.toFixed(2)} % of a core`);
await hub.stop();
target.close();
