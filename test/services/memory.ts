import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RunningHub } from './hub.ts';
import { until } from './until.ts';

/** Resident memory of a process, in bytes. */
export function memoryOf(pid: number): number {
  const status = `/proc/${pid}/status`;
  if (existsSync(status)) return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1]) * 1024;
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()) * 1024;
}

/** NODE_OPTIONS of a hub that can be asked what it holds; with little heap the engine cannot hide it behind what it has not collected. */
export const MEASURED = `--max-old-space-size=128 --import=${fileURLToPath(new URL('./collect.mjs', import.meta.url))}`;

export type Held = { asked: number; rss: number; heapUsed: number; external: number; prototype: string[] };

/** What a hub started with MEASURED holds once it has collected what nobody needs: bytes, and the names on Object.prototype. */
export async function heldBy(hub: RunningHub): Promise<Held> {
  const answers = () => [...hub.stderr().matchAll(/^\{"collected":(\{.*\})\}$/gm)].map(([, json]) => json ?? '');
  const before = JSON.parse(answers().at(-1) ?? '{"asked":0}') as Pick<Held, 'asked'>;
  process.kill(hub.pid, 'SIGUSR2');
  return until(
    () => {
      const held = JSON.parse(answers().at(-1) ?? '{"asked":0}') as Held;
      return held.asked > before.asked ? held : undefined;
    },
    { what: 'the hub says what it holds' },
  );
}

/** One value of the hub's own metrics, summed over the series that have these labels. */
export async function metricOf(hub: RunningHub, name: string, labels: Record<string, string> = {}): Promise<number> {
  const { text } = await hub.api.get('/metrics');
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines
    .filter((line) => wanted.every((part) => line.includes(part)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
