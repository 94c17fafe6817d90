import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseDuration } from '@orrery/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import type { DrillDeclaration, Ground } from '../../drill/index.ts';
import { wholeNumber } from '../arguments.ts';
import { type ClientOptions, hubOptions } from '../client.ts';
import { createOutput, type Output } from '../output.ts';
import { freePort } from '../port.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

type DrillOptions = ClientOptions & {
  faults?: number;
  seed: number;
  only?: string[];
  interval: number;
  quietMinutes: number;
  settle: number;
  config?: string;
  docker?: string | true;
  image: string;
  bindNode?: boolean;
  yes?: boolean;
};

export function registerDrill(program: Command, terminal: Terminal): void {
  hubOptions(
    program
      .command('drill')
      .description(
        'Break one thing after the other and see what the hub makes of it: detected, diagnosed, repaired, or not.',
      ),
  )
    .option('--config <file>', 'a ground of your own: drill.yaml names its hub, and its faults as pairs of commands')
    .option('--docker [socket]', 'the fleet as containers of this engine (/var/run/docker.sock), restarted through it')
    .option('--image <name>', 'an image with Node 24 that the engine has', 'node:24-slim')
    .option('--bind-node', "mount this machine's Node into an image that has none")
    .option('--yes', 'go on without being asked')
    .option('--faults <n>', 'so many faults at random, in place of each in turn', wholeNumber(1, 1000))
    .option('--seed <n>', 'repeats a random choice', wholeNumber(0, 2 ** 31), 1)
    .option('--only <text...>', 'only faults whose name holds one of these texts')
    .option('--interval <duration>', 'how often the services are checked', duration('200ms', '10m'), 5000)
    .option('--quiet-minutes <n>', 'so long healthy, noisy traffic is watched for false heals afterwards', minutes, 60)
    .option(
      '--settle <duration>',
      'how long all may take to be well again between two faults',
      duration('1s', '1h'),
      300_000,
    )
    .action((options: DrillOptions) => drill(options, terminal));
}

async function drill(options: DrillOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const { choose, NotMended, NotSettled, runDrill } = await import('../../drill/index.ts');
  const { printReport } = await import('../drill/print.ts');
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());
  const dir = mkdtempSync(join(tmpdir(), 'orrery-drill-'));
  let ground: Ground | undefined;
  try {
    ground = await groundOf(options, terminal, dir, output);
    const chosen = ground.faults.filter(({ name }) => named(name, options.only));
    if (chosen.length === 0)
      throw new CliError(EXIT.usage, `no fault of ${ground.name} has such a name`, {
        hint: `there are: ${ground.faults.map(({ name }) => name).join('; ')}`,
      });
    const report = await runDrill({
      ground,
      faults: choose(chosen, { count: options.faults, seed: options.seed }),
      seed: options.seed,
      quietMinutes: options.quietMinutes,
      settleMs: options.settle,
      pace: { now: Date.now, wait: (ms) => wait(ms, undefined, { signal: stopping.signal }), signal: stopping.signal },
      told: output.progress,
    });
    output.answer(report, () => printReport(report, output.paint));
    if (!report.passed) process.exitCode = EXIT.failure;
  } catch (error) {
    if (error instanceof NotMended)
      throw new CliError(EXIT.failure, printable(error.message), { hint: 'do by hand what its clear would have done' });
    if (stopping.signal.aborted) throw new CliError(EXIT.failure, 'the drill was stopped; what it broke is mended');
    if (error instanceof NotSettled)
      throw new CliError(EXIT.failure, `not well again within ${options.settle / 1000} s: ${error.message}`, {
        hint: 'figures of further faults would say nothing, so the drill ends here',
      });
    throw error;
  } finally {
    await ground?.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function groundOf(options: DrillOptions, terminal: Terminal, dir: string, output: Output): Promise<Ground> {
  const [
    { checkGround, declaredGround, dockerGround, fleetGround, Refused },
    { drillApi, ownHub },
    { confirm, readDrill },
  ] = await Promise.all([import('../../drill/index.ts'), import('../drill/own-hub.ts'), import('../drill/read.ts')]);
  if (options.config !== undefined) {
    const declared = await readDrill(options.config, terminal);
    const api = drillApi(options, terminal);
    try {
      await checkGround(declared, api);
      await confirm(planOf(declared, options), options.yes === true, terminal, output);
      return await declaredGround(declared, { api, env: terminal.env });
    } catch (error) {
      if (error instanceof Refused) throw new CliError(EXIT.usage, `${options.config}: ${error.message}`);
      throw error;
    }
  }
  const own = {
    ...{ dir, intervalMs: options.interval, startHub: ownHub(terminal, output.json) },
    hubPort: await freePort(0, true),
  };
  if (options.docker !== undefined) {
    const socket = options.docker === true ? '/var/run/docker.sock' : resolve(terminal.cwd, options.docker);
    const plan = `Three containers of ${options.image}, labelled orrery.drill=true, will be started on ${socket}, broken on purpose, and removed. Nothing else of the engine is touched.`;
    await confirm(plan, options.yes === true, terminal, output);
    const { image, bindNode = false } = options;
    return dockerGround({ ...own, socket, image, bindNode });
  }
  output.progress('Starting three products and a hub …');
  return fleetGround(own);
}

/** What will be done, letter by letter. */
const planOf = ({ hub, faults }: DrillDeclaration, { only, faults: count, quietMinutes }: DrillOptions): string =>
  [
    `What is watched by ${hub} will be broken on purpose, ${count === undefined ? 'each of these in turn' : `${count} times at random`}:`,
    ...faults
      .filter(({ name }) => named(name, only))
      .flatMap(({ name, project, service, inject, clear }) => [
        `  ${printable(name)} (${project}/${service})`,
        `    by   ${printable(inject.join(' '))}`,
        `    then ${printable(clear.join(' '))}`,
      ]),
    `Afterwards it is left alone for ${quietMinutes} minutes.`,
  ].join('\n');

const named = (name: string, only: readonly string[] | undefined): boolean =>
  only?.some((text) => name.includes(text)) ?? true;

const duration =
  (least: string, most: string) =>
  (text: string): number => {
    const ms = parseDuration(text);
    if (ms === undefined || ms < (parseDuration(least) ?? 0) || ms > (parseDuration(most) ?? 0))
      throw new InvalidArgumentError(`It must be a duration from ${least} to ${most}.`);
    return ms;
  };

function minutes(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0 || value > 10_000)
    throw new InvalidArgumentError('It must be a number of minutes from 0.');
  return value;
}
