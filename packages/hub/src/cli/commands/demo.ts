import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { hubLog } from '../log.ts';
import { createOutput, type Output } from '../output.ts';
import { freePort } from '../port.ts';
import { stopOnSignals } from '../stop.ts';
import { CliError, EXIT, type Terminal } from '../terminal.ts';

type DemoOptions = { port?: number; data?: string; json?: boolean };

const EMAIL = 'demo@orrery.local';
/** Says that a folder is the demo's own and may be emptied. */
const MARK = '.orrery-demo';

export function registerDemo(program: Command, terminal: Terminal): void {
  program
    .command('demo')
    .description('Run a hub that watches three example products, with data of its own that each start empties.')
    .option('--port <port>', 'port of the hub (5400, or a free one when that is taken)', wholeNumber(0, 65_535))
    .option('--data <dir>', 'folder of the demo (.orrery/demo)')
    .option('--json', 'first line on stdout {"listening", "email", "password"}; logs as JSON lines on stderr')
    .action((options: DemoOptions) => demo(options, terminal));
}

async function demo(options: DemoOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const dir = resolve(terminal.cwd, options.data ?? join('.orrery', 'demo'));
  emptyFolder(dir);
  output.progress('Starting three products and a hub …');
  const [{ choosePorts, startFleet, writeConfig }, { loadConfig }, { startHub }] = await Promise.all([
    import('../../../../../examples/fleet/src/index.ts'),
    import('../../config/index.ts'),
    import('../../hub.ts'),
  ]);
  const ports = await choosePorts();
  const port = await freePort(options.port ?? 5400, options.port === undefined);
  const apiKeys = { veria: newKey(), performia: newKey(), rollizr: newKey() };
  const file = join(dir, 'orrery.yaml');
  await writeConfig(file, { ports, apiKeys });
  const meshKey = newKey();
  const password = randomBytes(12).toString('base64url');
  // Nothing of the caller's own hub leaks in: the demo has an environment of its own.
  const config = loadConfig({
    env: {
      ORRERY_ADMIN_EMAIL: EMAIL,
      ORRERY_ADMIN_PASSWORD: password,
      MESH_HMAC_KEY: meshKey,
      ORRERY_LOG_LEVEL: 'warn',
    },
    cwd: dir,
    flags: { config: file, data: dir, port: String(port), host: '127.0.0.1' },
  });
  const log = await hubLog(config.logLevel, terminal, output.json);
  // The products first: a hub that finds nobody would begin with three alerts.
  const fleet = await startFleet({
    hubUrl: `http://127.0.0.1:${port}`,
    dir: join(dir, 'fleet'),
    apiKeys,
    ports,
    meshKey,
  });
  try {
    const hub = await startHub(config, { log });
    const stopped = stopOnSignals({ stop: () => stopBoth(fleet, hub) }, log);
    if (output.json) output.line(JSON.stringify({ listening: hub.url, email: EMAIL, password }));
    else welcome(output, hub.url, password, relative(terminal.cwd, dir));
    await stopped;
  } catch (error) {
    await fleet.stop();
    throw error;
  }
}

async function stopBoth(fleet: { stop(): Promise<void> }, hub: { stop(): Promise<void> }): Promise<void> {
  const ends = await Promise.allSettled([hub.stop(), fleet.stop()]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

function welcome({ line, paint }: Output, url: string, password: string, dir: string): void {
  line();
  line(`  ${paint('bold', 'Orrery')} watches Veria, Performia and ROLLIZR. Open`);
  line();
  line(`    ${paint('cyan', url)}`);
  line();
  line(`  and sign in as ${paint('bold', EMAIL)} with the password ${paint('bold', password)}`);
  line();
  const fault = `node --conditions=@orrery/source examples/fleet/src/fault.ts veria down --dir ${join(dir, 'fleet')}`;
  line(`  From another terminal: ${paint('cyan', `npx orrery status --data ${dir}`)}`);
  line(`  Break something: ${paint('cyan', fault)}`);
  line(`  ${paint('dim', 'Ctrl+C stops everything; the next demo starts afresh.')}`);
  line();
}

const newKey = (): string => randomBytes(24).toString('base64url');

/** Empties the demo's own folder; refuses any other that holds something, and one in use. */
function emptyFolder(dir: string): void {
  if (existsSync(dir) && readdirSync(dir).length > 0) {
    if (!existsSync(join(dir, MARK)))
      throw new CliError(EXIT.usage, `${dir} holds something that is not a demo's`, {
        hint: 'each demo empties its folder first: name a new one with --data',
      });
    const url = runningAt(dir);
    if (url !== undefined)
      throw new CliError(EXIT.failure, `the demo is running already, at ${url}`, {
        hint: 'open it, or stop it first; --data makes a second one',
      });
    rmSync(dir, { recursive: true });
  }
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, MARK), 'Made by `orrery demo`, and emptied by the next one.\n');
}

function runningAt(dir: string): string | undefined {
  try {
    const { url, pid } = JSON.parse(readFileSync(join(dir, 'local.json'), 'utf8')) as { url: string; pid: number };
    process.kill(pid, 0);
    return url;
  } catch {
    return undefined;
  }
}
