import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDuration } from '@orrery/protocol';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AutohealOptions } from '../../autoheal/index.ts';
import { httpUrl, wholeNumber } from '../arguments.ts';
import { hubLog } from '../log.ts';
import { createOutput } from '../output.ts';
import { stopOnSignals } from '../stop.ts';
import { CliError, EXIT, type Terminal } from '../terminal.ts';

type Options = {
  socket?: string;
  url?: string;
  tls?: string;
  label: string;
  name: string[];
  every: number;
  mode: AutohealOptions['mode'];
  grace: number;
  timeout: number;
  cooldown: number;
  perHour: number;
  allPerHour: number;
  maxTargets: number;
  maxShare: number;
  within: number;
  stable: number;
  state: string;
  logLevel: string;
  json?: boolean;
};

const FOOTER = `
Which engine: --socket or --url with --tls, else DOCKER_HOST (unix:///… or tcp://…) with DOCKER_CERT_PATH, else /var/run/docker.sock.
Whom it tells: GRAFANA_URL with GRAFANA_API_KEY, SLACK_WEBHOOK_URL, AUTOHEAL_WEBHOOK_URL (signed with AUTOHEAL_WEBHOOK_SECRET), and a hub:
AUTOHEAL_HUB_URL, AUTOHEAL_HUB_KEY (the project's ingest key) and AUTOHEAL_HUB_PROJECT.
To stop it from acting: make the file "paused" in the folder of its state. Names in it, one a line, put those containers into maintenance.`;

const duration = (text: string): number => {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('It must be a duration: 500ms, 30s, 5m, 1h.');
  return ms;
};
const label = (text: string): string => {
  if (!/^[\w./-]{1,128}=[^\s=]{1,128}$/.test(text)) throw new InvalidArgumentError('It must be a label, key=value.');
  return text;
};
const name = (text: string, all: string[]): string[] => {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(text))
    throw new InvalidArgumentError("It must be a container's name.");
  return [...all, text];
};

export function registerAutoheal(program: Command, terminal: Terminal): void {
  const env = terminal.env;
  const of = (flags: string, text: string, variable: string, standard: string, read: (text: string) => unknown) => {
    const given = env[variable]?.trim();
    return new Option(flags, `${text} (${variable})`)
      .argParser(read)
      .default(given ? () => read(given) : read(standard), standard);
  };
  program
    .command('autoheal')
    .description('Restart containers that are unhealthy or have crashed, without a hub, until SIGTERM or SIGINT.')
    .option('--socket <path>', "the engine's socket")
    .option('--url <url>', "the engine's address, in place of a socket", httpUrl)
    .option('--tls <dir>', 'a folder with ca.pem, cert.pem and key.pem for that address')
    .addOption(
      of('--label <key=value>', 'containers that carry this label', 'AUTOHEAL_LABEL', 'orrery.heal=true', label),
    )
    .option('--name <container>', 'and this container, label or not; may be given several times', name, [] as string[])
    .addOption(of('--every <duration>', 'how often all are looked at', 'AUTOHEAL_EVERY', '2m', duration))
    .addOption(
      of('--mode <mode>', 'dryRun says what it would do, automatic does it', 'AUTOHEAL_MODE', 'dryRun', (text) => {
        if (text === 'dryRun' || text === 'automatic') return text;
        throw new InvalidArgumentError('It must be dryRun or automatic.');
      }),
    )
    .addOption(
      new Option('--grace <duration>', 'how long a container may take to stop by itself')
        .argParser(duration)
        .default(10_000, '10s'),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long a restart may take beyond that')
        .argParser(duration)
        .default(60_000, '1m'),
    )
    .addOption(of('--cooldown <duration>', 'between two restarts of a container', 'AUTOHEAL_COOLDOWN', '5m', duration))
    .option('--per-hour <n>', 'restarts of one container an hour', wholeNumber(1, 60), 3)
    .option('--all-per-hour <n>', 'restarts of all containers an hour', wholeNumber(1, 1000), 20)
    .option('--max-targets <n>', 'containers under repair at once', wholeNumber(1, 1000), 3)
    .option('--max-share <percent>', 'share of all of them that this is at most', wholeNumber(1, 100), 34)
    .addOption(
      new Option('--within <duration>', 'by then a restarted container must be well')
        .argParser(duration)
        .default(120_000, '2m'),
    )
    .addOption(new Option('--stable <duration>', 'and stay so').argParser(duration).default(15_000, '15s'))
    .addOption(of('--state <dir>', 'the folder of its state', 'AUTOHEAL_STATE', '.orrery-autoheal', (text) => text))
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent', 'info')
    .option('--json', 'first line on stdout {"watching": engine}; logs as JSON lines on stderr')
    .addHelpText('after', FOOTER)
    .action((options: Options) => autoheal(options, terminal));
}

async function autoheal(given: Options, terminal: Terminal): Promise<void> {
  const options = optionsOf(resolved(given), terminal.env);
  const log = await hubLog(given.logLevel, terminal, given.json === true);
  const [{ runAutoheal }, { createOutbound }, { systemClock }] = await Promise.all([
    import('../../autoheal/index.ts'),
    import('../../platform/outbound.ts'),
    import('../../platform/clock.ts'),
  ]);
  // The engine, and whom it tells, are named by whoever starts it on this machine.
  const outbound = createOutbound({ clock: systemClock, allowPrivate: true });
  const stopping = new AbortController();
  const running = runAutoheal(options, { outbound, clock: systemClock, log, signal: stopping.signal });
  const stopped = stopOnSignals(
    {
      async stop() {
        stopping.abort();
        await running;
        outbound.close();
      },
    },
    log,
  );
  const { url, socket } = options.engine;
  if (given.json) terminal.stdout.write(`${JSON.stringify({ watching: url ?? socket })}\n`);
  else
    createOutput(terminal, {}).line(
      options.mode === 'automatic'
        ? `Containers with ${options.label} on ${url ?? socket} are kept alive. Ctrl+C stops it.`
        : `Dry run: what would be restarted on ${url ?? socket} is told, and nothing is done. --mode automatic acts.`,
    );
  await Promise.race([stopped, running]);
}

/** A default that comes from the environment is read when the command runs: help must not fail for it. */
function resolved(given: Options): Options {
  const entries = Object.entries(given).map(([key, value]) => {
    if (typeof value !== 'function') return [key, value];
    try {
      return [key, (value as () => unknown)()];
    } catch (error) {
      throw new CliError(
        EXIT.usage,
        `AUTOHEAL_${key.toUpperCase()}: ${error instanceof Error ? error.message : error}`,
      );
    }
  });
  return Object.fromEntries(entries) as Options;
}

function optionsOf(given: Options, env: Terminal['env']): AutohealOptions {
  const { GRAFANA_URL: grafana, GRAFANA_API_KEY: token, AUTOHEAL_WEBHOOK_URL: webhook } = env;
  const { AUTOHEAL_HUB_URL: hub, AUTOHEAL_HUB_KEY: key, AUTOHEAL_HUB_PROJECT: project } = env;
  if (Boolean(grafana) !== Boolean(token))
    throw new CliError(EXIT.usage, 'GRAFANA_URL and GRAFANA_API_KEY come together.');
  if (new Set([hub, key, project].map(Boolean)).size > 1)
    throw new CliError(EXIT.usage, 'AUTOHEAL_HUB_URL, AUTOHEAL_HUB_KEY and AUTOHEAL_HUB_PROJECT come together.');
  return {
    engine: engineOf(given, env),
    label: given.label,
    names: given.name,
    everyMs: given.every,
    mode: given.mode,
    graceMs: given.grace,
    timeoutMs: given.timeout,
    cooldownMs: given.cooldown,
    perHour: given.perHour,
    allPerHour: given.allPerHour,
    maxTargets: given.maxTargets,
    maxSharePercent: given.maxShare,
    withinMs: given.within,
    stableMs: given.stable,
    stateFile: join(given.state, 'state.json'),
    pauseFile: join(given.state, 'paused'),
    tell: {
      grafana: grafana && token ? { url: grafana, token } : undefined,
      slack: env.SLACK_WEBHOOK_URL || undefined,
      webhook: webhook ? { url: webhook, secret: env.AUTOHEAL_WEBHOOK_SECRET || undefined } : undefined,
      hub: hub && key && project ? { url: hub, key, project } : undefined,
    },
  };
}

function engineOf({ socket, url, tls }: Options, env: Terminal['env']): AutohealOptions['engine'] {
  if (socket !== undefined && url !== undefined) throw new CliError(EXIT.usage, 'Give --socket or --url, not both.');
  const folder = tls ?? env.DOCKER_CERT_PATH;
  const read = (file: string) => readFileSync(join(folder ?? '', file), 'utf8');
  const secured = folder ? { tls: { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') } } : {};
  if (url !== undefined) return { url, ...secured };
  if (socket !== undefined) return { socket };
  const host = env.DOCKER_HOST?.trim();
  if (!host) return { socket: '/var/run/docker.sock' };
  if (host.startsWith('unix://')) return { socket: host.slice('unix://'.length) };
  if (!/^(tcp|https?):\/\//.test(host))
    throw new CliError(EXIT.usage, 'DOCKER_HOST must begin with unix://, tcp://, http:// or https://.');
  return { url: host.replace(/^tcp:/, folder ? 'https:' : 'http:'), ...secured };
}
