import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type Child = {
  pid: number;
  readonly isRunning: boolean;
  ready: Ready;
  stop(): Promise<void>;
  kill(): Promise<void>;
};
export type Ready = { port?: number; controlPort?: number; token?: string };

const START_MS = 20_000;
const STOP_MS = 3000;

/** Runs one file of the fleet as a child that dies with this process, and waits until it says that it is ready. */
export async function startChild(file: string, env: Record<string, string>): Promise<Child> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    execArgv: ['--conditions=@orrery/source', '--disable-warning=ExperimentalWarning'],
    env: { ...inherited(), ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  const ready = await new Promise<Ready>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${file} ${why}\n${errors}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`was not ready within ${START_MS} ms`);
    }, START_MS);
    child.once('message', (message) => {
      clearTimeout(timer);
      resolve(readyOf(message));
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with code ${code} before it was ready`);
    });
  });
  return {
    pid: child.pid ?? 0,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    ready,
    stop: () => end(child),
    kill: () => end(child, 'SIGKILL'),
  };
}

/** SIGTERM, and SIGKILL for one that does not listen; done when the process is gone. */
function end(child: ChildProcess, how: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill(how);
  });
}

/** A product gets what a process needs, never the hub's own secrets. */
function inherited(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'TZ', 'LANG', 'TMPDIR', 'NODE_COMPILE_CACHE', 'VERIA_DATABASE_URL']) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

function readyOf(message: unknown): Ready {
  const ready: unknown = typeof message === 'object' && message !== null ? Reflect.get(message, 'ready') : undefined;
  return typeof ready === 'object' && ready !== null ? ready : {};
}
