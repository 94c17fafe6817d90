import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FedProject, MeshStatus } from '@orrery/protocol';
import type { Command } from 'commander';
import type { MeshCredentials } from '../../intake/index.ts';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { createOutput } from '../output.ts';
import { CliError, EXIT, type Terminal } from '../terminal.ts';

type ConfigOptions = ClientOptions & {
  out: string;
  config?: string;
  fromHub?: boolean;
  listen: string;
  rotate?: string;
  revoke?: string;
  reload?: boolean;
};

export function registerMesh(program: Command, terminal: Terminal): void {
  const mesh = program.command('mesh').description('How hubs and projects talk over NATS.').helpCommand(false);
  hubOptions(
    mesh
      .command('config')
      .description(
        'Write the configuration of nats-server: one user for each project, who may speak for that one alone.',
      )
      .requiredOption('--out <dir>', 'the folder for nats.conf, users.conf and credentials.json')
      .option('--config <file>', 'the projects of this file (ORRERY_CONFIG, else orrery.yaml)')
      .option('--from-hub', 'the projects of the running hub, those that no file declares too')
      .option('--listen <address>', 'where the server listens, and what the URLs name', '127.0.0.1:4222')
      .option('--rotate <slug>', 'give this project a second credential beside its first')
      .option('--revoke <slug>', 'leave this project its newest credential alone')
      .option('--reload', 'have the running server take it up (SIGHUP); nobody else is cut off'),
  ).action((options: ConfigOptions) => config(options, terminal));
  hubOptions(mesh.command('status').description('What carries the mesh, what waits, what was not taken in.')).action(
    async (options: ClientOptions) => {
      const status = await createClient(options, terminal).get<MeshStatus>('/api/fed/mesh');
      createOutput(terminal, options).answer(status, () => describe(status));
    },
  );
}

async function config(options: ConfigOptions, terminal: Terminal): Promise<void> {
  const { nextCredentials, serverText, usersText } = await import('../../intake/index.ts');
  const out = resolve(terminal.cwd, options.out);
  if (!/^[^\s:]+:\d{1,5}$/.test(options.listen)) throw new CliError(EXIT.usage, '--listen must be host:port');
  const projects = await projectsOf(options, terminal);
  for (const flag of ['rotate', 'revoke'] as const)
    if (options[flag] !== undefined && !projects.some(({ slug }) => slug === options[flag]))
      throw new CliError(EXIT.usage, `--${flag}: there is no project "${options[flag]}"`);
  const file = join(out, 'credentials.json');
  const newPassword = () => randomBytes(24).toString('base64url');
  const credentials = nextCredentials(readCredentials(file), projects, newPassword, options);
  let users: string;
  try {
    users = usersText(projects, credentials);
  } catch (error) {
    throw new CliError(EXIT.failure, error instanceof Error ? error.message : String(error));
  }
  mkdirSync(out, { recursive: true, mode: 0o700 });
  const pidFile = join(out, 'nats.pid');
  const server = join(out, 'nats.conf');
  // The credentials first: a server that knows a password which nobody has kept would be of no use.
  write(file, `${JSON.stringify({ ...withUrls(credentials, options.listen) }, null, 2)}\n`);
  write(join(out, 'users.conf'), users);
  if (!existsSync(server)) write(server, serverText({ listen: options.listen, store: join(out, 'store'), pidFile }));
  const reloaded = options.reload === true ? reload(pidFile) : false;
  const answer = { out, projects: projects.map(({ slug }) => slug), credentials: file, reloaded };
  createOutput(terminal, options).answer(answer, () =>
    [
      `${projects.length === 1 ? '1 project' : `${projects.length} projects`} may speak, each below its own namespace.`,
      `  nats-server -c ${server}`,
      `  ${file} has the URL of the hub (ORRERY_NATS_URL) and of each project.`,
      ...(reloaded ? ['The running server has been told.'] : []),
    ].join('\n'),
  );
}

async function projectsOf(options: ConfigOptions, terminal: Terminal): Promise<{ slug: string; meshNs?: string }[]> {
  if (options.fromHub) {
    const found = await createClient(options, terminal).get<FedProject[]>('/api/fed/projects');
    return found.map(({ slug, meshNs }) => ({ slug, ...(meshNs === undefined ? {} : { meshNs }) }));
  }
  const { loadConfig } = await import('../../config/index.ts');
  const { file } = loadConfig({ env: terminal.env, cwd: terminal.cwd, flags: { config: options.config } });
  return file.projects.map(({ declaration: { slug, meshNs } }) => ({
    slug,
    ...(meshNs === undefined ? {} : { meshNs }),
  }));
}

function readCredentials(file: string): MeshCredentials | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { hub, projects } = JSON.parse(readFileSync(file, 'utf8')) as MeshCredentials;
    if (typeof hub?.password !== 'string' || typeof projects !== 'object' || projects === null)
      throw new Error('shape');
    return { hub, projects };
  } catch {
    throw new CliError(EXIT.failure, `${file} is no file of credentials; move it away to have all of them made anew`);
  }
}

/** The same with the URLs by which hub and projects connect. */
function withUrls({ hub, projects }: MeshCredentials, listen: string) {
  const withUrl = (one: MeshCredentials['hub']) => ({
    user: one.user,
    password: one.password,
    url: `nats://${encodeURIComponent(one.user)}:${encodeURIComponent(one.password)}@${listen}`,
  });
  return {
    hub: withUrl(hub),
    projects: Object.fromEntries(Object.entries(projects).map(([slug, own]) => [slug, own.map(withUrl)])),
  };
}

/** Whole or not at all, and for nobody else to read. */
function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}

function reload(pidFile: string): true {
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8').trim()) : Number.NaN;
  if (!Number.isInteger(pid) || pid <= 1)
    throw new CliError(EXIT.failure, `--reload: ${pidFile} names no server; is it running on this folder's nats.conf?`);
  try {
    process.kill(pid, 'SIGHUP');
  } catch (error) {
    throw new CliError(
      EXIT.failure,
      `--reload: the server (process ${pid}) cannot be told: ${(error as Error).message}`,
    );
  }
  return true;
}

function describe(status: MeshStatus): string {
  const { nats, pending, refusals, strangers, conflicts } = status;
  return [
    nats
      ? `NATS ${nats.version ?? ''} at ${nats.server}: ${nats.connected ? 'connected' : `away${nats.lastError ? ` (${nats.lastError})` : ''}`}`
      : 'no NATS server is configured; projects push over HTTP',
    ...(nats?.warnings ?? []).map((warning) => `warning: ${warning}`),
    `${status.heard} messages heard${pending === undefined ? '' : `, ${pending} wait`}`,
    ...refusals.map(({ project, reason, count }) => `refused: ${project} ${reason} ${count}`),
    ...strangers.map(({ meshNs, messages }) => `stranger: ${meshNs}, ${messages} messages`),
    ...conflicts.map(({ slug, reason }) => `not heard: ${slug}: ${reason}`),
  ].join('\n');
}
