import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

const BINARY = fileURLToPath(new URL('../../packages/hub/bin/orrery.mjs', import.meta.url));

export type Ran = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };
export type Running = {
  process: ChildProcessByStdio<Writable, Readable, Readable>;
  stdout(): string;
  stderr(): string;
  ended: Promise<Ran>;
  /** The first line of stdout as JSON: `serve --json` and `demo --json` begin with one. */
  firstLine<T>(timeoutMs?: number): Promise<T>;
};
export type OrreryOptions = {
  cwd?: string;
  env?: Record<string, string>;
  stdin?: string;
  launcher?: readonly string[];
};

/** An empty folder to run the command in. */
export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'orrery-cli-'));

/** Starts the real `orrery` command with nothing of this process's environment but the path. */
export function startOrrery(args: readonly string[], options: OrreryOptions = {}): Running {
  const { cwd = emptyFolder(), env = {}, stdin = '', launcher = [process.execPath] } = options;
  const [command = process.execPath, ...before] = launcher;
  const child = spawn(command, [...before, BINARY, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    async firstLine<T>(timeoutMs = 20_000) {
      await until(() => stdout.includes('\n') || child.exitCode !== null, {
        timeoutMs,
        what: 'a first line on stdout',
      });
      if (!stdout.includes('\n')) throw new Error(`orrery ${args.join(' ')} ended with ${child.exitCode}: ${stderr}`);
      return JSON.parse(stdout.slice(0, stdout.indexOf('\n'))) as T;
    },
  };
}

/** Runs the real `orrery` command to its end. */
export const orrery = (args: readonly string[], options: OrreryOptions = {}): Promise<Ran> =>
  startOrrery(args, options).ended;
