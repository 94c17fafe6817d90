import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

export type Running = { pid: number; stop(): Promise<void> };

/** A folder of its own for one server; `remove` takes it away. */
export function temporaryFolder(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `orrery-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Starts a program and waits until it is ready; throws with the end of what it said when it ends before. It dies with the test run. */
export async function startProgram(asked: {
  command: string;
  args: readonly string[];
  cwd: string;
  what: string;
  /** Environment beside the path; nothing else of ours is passed on. */
  env?: Readonly<Record<string, string>>;
  ready(): Promise<unknown>;
  timeoutMs?: number;
  stopSignal?: 'SIGTERM' | 'SIGINT';
}): Promise<Running> {
  const child = spawn(asked.command, [...asked.args], {
    cwd: asked.cwd,
    env: { PATH: process.env.PATH, ...asked.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    });
  let missing: Error | undefined;
  child.once('error', (error) => {
    missing = error;
  });
  const ended = () => missing !== undefined || child.exitCode !== null || child.signalCode !== null;
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  const stop = async () => {
    process.off('exit', onExit);
    if (ended()) return;
    const gone = once(child, 'exit');
    child.kill(asked.stopSignal ?? 'SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(patience);
  };
  try {
    await until(async () => ended() || (await asked.ready()), {
      timeoutMs: asked.timeoutMs ?? 30_000,
      everyMs: 50,
      what: `${asked.what} is ready`,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  if (ended()) throw new Error(`${asked.what} stopped at once: ${said}`, { cause: missing });
  return { pid: child.pid ?? 0, stop };
}
