#!/usr/bin/env node
// Starts src/main.ts on Node 24, whatever Node runs this file, and becomes it where the system can.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const WANTED = 24;
const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, '..', 'src', 'main.ts');

/** The nearest node_modules that satisfies `test`, from this file upwards. */
function nearest(test) {
  for (let folder = here; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules');
    if (test(found)) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

function runtime() {
  if (Number(process.versions.node.split('.')[0]) >= WANTED) return process.execPath;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const folder = nearest((modules) => existsSync(join(modules, 'node', 'bin', name)));
  return folder && join(folder, 'node', 'bin', name);
}

const node = runtime();
if (!node) {
  process.stderr.write(
    `orrery: this is Node ${process.versions.node}; Orrery needs Node ${WANTED}. Run \`npm ci\` in the repository, which brings its own, or install Node ${WANTED}.\n`,
  );
  process.exit(1);
}

const modules = nearest(existsSync);
const env = { ...process.env };
// One heap for the few threads that share it: glibc's heap for each thread keeps what none of them needs any more.
env.MALLOC_ARENA_MAX ??= '1';
env.MALLOC_TRIM_THRESHOLD_ ??= '131072';
const plain = pathToFileURL(join(here, 'plain.mjs'));
if (modules) plain.searchParams.set('kept', join(modules, '.cache', 'orrery'));
const args = [
  // A young generation of up to 24 MiB: V8's own 48 are never given back, and in a small one all that a check needs grows old. What has grown
  // old is collected when it has grown by three fifths, not by twice or more.
  '--max-semi-space-size=8',
  '--heap-growing-percent=60',
  '--expose-gc',
  '--conditions=@orrery/source',
  '--disable-warning=ExperimentalWarning',
  '--disable-proto=delete',
  ...(modules ? ['--import', plain.href] : []),
  main,
  ...process.argv.slice(2),
];

if (process.execve && process.platform !== 'win32') process.execve(node, [node, ...args], env);

// Older Node cannot be replaced. The channel tells the child that this process is gone, even when it was killed outright.
const child = spawn(node, args, {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { ...env, ORRERY_LAUNCHED: '1' },
});
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'])
  process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`orrery: ${node} could not be started (${error.message})\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)));
