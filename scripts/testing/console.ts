import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';

const CONSOLE = 'packages/console';
const BUILT = join(CONSOLE, 'dist', 'index.html');

/** Builds the console when a source file is newer than what was built. */
export async function buildConsole(): Promise<void> {
  const sources = [
    join(CONSOLE, 'src'),
    'packages/protocol/src',
    join(CONSOLE, 'index.html'),
    join(CONSOLE, 'vite.config.ts'),
  ];
  const newest = Math.max(...sources.map(changedAt));
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs > newest) return;
  const { ok, output } = await run('vite', ['build', CONSOLE], 180_000);
  if (!ok) throw new Error(`The console could not be built.\n${output}`);
}

function changedAt(path: string): number {
  if (!existsSync(path)) return 0;
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => changedAt(join(path, name))));
}
