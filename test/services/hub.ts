import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ORRERY = fileURLToPath(new URL('../../packages/hub/bin/orrery.mjs', import.meta.url));
const START_MS = 20_000;

export type HubOptions = {
  /** The whole orrery.yaml; an empty one when absent. */
  yaml?: string;
  env?: Record<string, string>;
  /** A folder of an earlier hub; a fresh one when absent. */
  dataDir?: string;
  databaseUrl?: string;
  /** A fixed port, for a hub that is started again in the same place. */
  port?: number;
  /** A command that becomes the hub, with limits of its own. */
  wrap?: readonly string[];
};

export type RunningHub = {
  url: string;
  pid: number;
  dataDir: string;
  configFile: string;
  /** The key of the machine's owner, from the data folder. */
  key: string;
  api: ApiClient;
  /** The one-time link for the first administrator, once it was written. */
  setupUrl(): string | undefined;
  /** What the hub wrote to stderr so far. */
  stderr(): string;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Asks it to end; the exit code and how long that took. */
  stop(): Promise<{ code: number | null; ms: number }>;
  /** Removes the data folder too. */
  dispose(): Promise<void>;
};

/** Starts the real command on a free port and waits for the line that says where it listens. */
export async function startHub(options: HubOptions = {}): Promise<RunningHub> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'orrery-hub-'));
  const configFile = join(dataDir, 'orrery.yaml');
  if (options.yaml !== undefined || options.dataDir === undefined) writeFileSync(configFile, options.yaml ?? '');
  const run = runOrrery(
    ['serve', '--json', '--port', String(options.port ?? 0), '--data', dataDir, '--config', configFile],
    { ...(options.databaseUrl ? { ORRERY_DATABASE_URL: options.databaseUrl } : {}), ...options.env },
    options.wrap,
  );
  const url = await run.listening();
  const local: { key: string } = JSON.parse(readFileSync(join(dataDir, 'local.json'), 'utf8'));
  const stop = async () => {
    const started = performance.now();
    run.child.kill('SIGTERM');
    const code = await run.exited;
    return { code, ms: performance.now() - started };
  };
  return {
    url,
    pid: run.child.pid ?? 0,
    dataDir,
    configFile,
    key: local.key,
    api: createApi(url, { 'x-api-key': local.key }),
    setupUrl: () => /\{"setup":"([^"]+)"\}/.exec(run.stdout())?.[1],
    stderr: run.stderr,
    async kill() {
      run.child.kill('SIGKILL');
      await run.exited;
    },
    stop,
    async dispose() {
      if (run.child.exitCode === null && run.child.signalCode === null) await stop();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** One run of the command, with nothing of our own environment that could steer it. */
export function runOrrery(args: readonly string[], env: Record<string, string> = {}, wrap: readonly string[] = []) {
  const [command = process.execPath, ...rest] = [...wrap, process.execPath, ORRERY, ...args];
  const child: ChildProcess = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', TZ: 'UTC', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk).slice(-2_000_000);
  });
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  const exited = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      process.off('exit', onExit);
      resolve(code);
    });
  });
  const listening = () =>
    new Promise<string>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`orrery ${args.join(' ')} ${why}\n${stdout}\n${stderr}`));
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        fail(`did not listen within ${START_MS} ms`);
      }, START_MS);
      const look = () => {
        const end = stdout.indexOf('\n');
        if (end === -1) return;
        clearTimeout(timer);
        child.stdout?.off('data', look);
        try {
          resolve(JSON.parse(stdout.slice(0, end)).listening);
        } catch {
          fail('wrote something else on its first line');
        }
      };
      child.stdout?.on('data', look);
      void exited.then((code) => {
        clearTimeout(timer);
        fail(`ended with code ${code}`);
      });
    });
  return { child, listening, exited, stdout: () => stdout, stderr: () => stderr };
}

export type ApiAnswer<T> = { status: number; body: T; headers: Headers; text: string };
export type ApiClient = ReturnType<typeof createApi>;

/** A client of one hub with one credential. */
export function createApi(url: string, headers: Record<string, string> = {}) {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<ApiAnswer<T>> => {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
      redirect: 'manual',
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      body: (isJson ? JSON.parse(text) : undefined) as T,
      headers: response.headers,
      text,
    };
  };
  return {
    call,
    get: <T>(path: string) => call<T>('GET', path),
    post: <T>(path: string, body?: unknown) => call<T>('POST', path, body),
    /** The body of a GET that must succeed. */
    async read<T>(path: string): Promise<T> {
      const answer = await call<T>('GET', path);
      if (answer.status !== 200) throw new Error(`GET ${path} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
      return answer.body;
    },
  };
}
