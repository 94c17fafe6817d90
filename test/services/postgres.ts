import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { sql } from 'kysely';
import { openDatabase } from '../../packages/hub/src/platform/db.ts';
import { freePort } from './ports.ts';
import { until } from './until.ts';

const PACKAGE = 'postgresql-15';

/** Where a system keeps initdb and postgres: Debian per version, Homebrew per keg, or simply on the PATH. */
function findBinaries(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const kegs = ['/opt/homebrew/opt', '/usr/local/opt'].flatMap((root) =>
    ['17', '16', '15', '14'].map((version) => join(root, `postgresql@${version}`, 'bin')),
  );
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
    ...kegs,
  ];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => isExecutable(join(folder, name))));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const isRoot = () => process.getuid?.() === 0;

function requireBinaries(): string {
  const found = findBinaries();
  if (found) return found;
  if (process.env.CI === 'true' && isRoot() && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'inherit' });
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', PACKAGE], { env, stdio: 'inherit' });
    const installed = findBinaries();
    if (installed) return installed;
  }
  throw new Error(
    `The storage suites need PostgreSQL's server: apt-get install -y --no-install-recommends ${PACKAGE} (macOS: brew install postgresql@15)`,
  );
}

/** PostgreSQL refuses to run as root: then it runs as the account that its package made, and dies with a test run that is killed. */
function unprivileged(): { prefix: string[]; uid?: number; gid?: number } {
  if (!isRoot()) return { prefix: [] };
  const number = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim());
  const uid = number('-u');
  const gid = number('-g');
  return { prefix: ['setpriv', '--pdeathsig', 'KILL', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'], uid, gid };
}

export type RunningPostgres = {
  url: string;
  pid: number;
  /** Ends it at once, without a checkpoint, as an immediate shutdown does. */
  crash(): Promise<void>;
  /** Starts it again on the same data and port, and waits until it takes connections. */
  again(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts a private PostgreSQL on 127.0.0.1: own folder, own socket, free port, gone without a trace after `stop`. `settings` are as in postgresql.conf. */
export async function startPostgres({
  settings = [],
}: {
  settings?: readonly string[];
} = {}): Promise<RunningPostgres> {
  const binaries = requireBinaries();
  const { prefix, uid, gid } = unprivileged();
  const root = mkdtempSync(join(tmpdir(), 'orrery-pg-'));
  const data = join(root, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (uid !== undefined && gid !== undefined) for (const folder of [root, data]) chownSync(folder, uid, gid);
  const start = (name: string, args: string[]) => {
    const [command = '', ...rest] = [...prefix, join(binaries, name), ...args];
    return { command, args: rest };
  };
  const remove = () => rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  let server: ChildProcess | undefined;
  try {
    const init = start('initdb', ['-D', data, '-U', 'orrery', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']);
    execFileSync(init.command, init.args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
    const port = await freePort();
    const url = `postgres://orrery@127.0.0.1:${port}/postgres`;
    const run = start('postgres', [
      ...['-D', data, '-p', String(port), '-k', root],
      ...[
        'listen_addresses=127.0.0.1',
        'fsync=off',
        'full_page_writes=off',
        'max_connections=200',
        ...settings,
      ].flatMap((setting) => ['-c', setting]),
    ]);
    const launch = async () => {
      server = spawn(run.command, run.args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
      await untilReady(server, url);
      return server;
    };
    let running = await launch();
    return {
      url,
      pid: running.pid ?? 0,
      crash: () => end(running, 'SIGQUIT'),
      async again() {
        running = await launch();
      },
      async stop() {
        await end(running, 'SIGINT');
        remove();
      },
    };
  } catch (error) {
    server?.kill('SIGKILL');
    remove();
    throw error;
  }
}

async function untilReady(server: ChildProcess, url: string): Promise<void> {
  let said = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  // A test run that is killed must not leave its server behind.
  const onExit = () => server.kill('SIGKILL');
  process.once('exit', onExit);
  server.once('exit', () => process.off('exit', onExit));
  await until(
    async () => {
      if (server.exitCode !== null) return true;
      const { db, close } = await openDatabase({ dataDir: '', url });
      try {
        await sql`select 1`.execute(db);
        return true;
      } finally {
        await close();
      }
    },
    { timeoutMs: 20_000, everyMs: 50, what: 'PostgreSQL accepts connections' },
  );
  if (server.exitCode !== null) throw new Error(`PostgreSQL stopped at once: ${said}`);
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  server.kill(signal);
  const patience = setTimeout(() => server.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(patience);
}
