import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Figures of processes as Linux has them in /proc, and processes that end with the benchmark. */
const TICKS_PER_SECOND = 100;
const KIB = 1024;

/** CPU-seconds that processes have used, in user and system mode. */
export function cpuSeconds(...pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }, 0);
}

function memory(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / KIB;
}
/** Resident memory in MiB, now. */
export const rssMiB = (...pids: readonly number[]): number => pids.reduce((sum, pid) => sum + memory(pid, 'VmRSS'), 0);
/** The most that was ever resident, in MiB. */
export const peakMiB = (...pids: readonly number[]): number => pids.reduce((sum, pid) => sum + memory(pid, 'VmHWM'), 0);

export type Running = { pid: number; process: ChildProcess; stop(): Promise<void> };

/** Starts a program whose end is our end. */
export function run(command: string, args: readonly string[], options: { stdout?: 'pipe' } = {}): Running {
  const child = spawn(command, args, { stdio: ['pipe', options.stdout ?? 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-4000);
  });
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  let stopping = false;
  const ended = once(child, 'exit').then(([code]) => {
    process.off('exit', onExit);
    if (stopping) return;
    console.error(`${command} ended by itself with ${code}:\n${said}`);
    process.exit(1);
  });
  return {
    pid: child.pid ?? 0,
    process: child,
    async stop() {
      stopping = true;
      child.kill('SIGTERM');
      await Promise.race([ended, wait(10_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
      await ended;
    },
  };
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
