import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseDuration } from '@orrery/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import type { Ground } from '../../drill/index.ts';
import { wholeNumber } from '../arguments.ts';
import { type ClientOptions, hubOptions } from '../client.ts';
import { createOutput } from '../output.ts';
import { freePort } from '../port.ts';
import { CliError, EXIT, type Terminal } from '../terminal.ts';

type DrillOptions = ClientOptions & {
  faults?: number;
  seed: number;
  only?: string[];
  interval: number;
  quietMinutes: number;
  settle: number;
};

export function registerDrill(program: Command, terminal: Terminal): void {
  hubOptions(
    program
      .command('drill')
      .description(
        'Break one thing after the other and see what the hub makes of it: detected, diagnosed, repaired, or not.',
      ),
  )
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
  const { choose, NotSettled, runDrill } = await import('../../drill/index.ts');
  const { printReport } = await import('../drill/print.ts');
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
  const dir = mkdtempSync(join(tmpdir(), 'orrery-drill-'));
  let ground: Ground | undefined;
  try {
    ground = await groundOf(options, terminal, dir, output.progress);
    const named = ground.faults.filter(({ name }) => options.only?.some((text) => name.includes(text)) ?? true);
    if (named.length === 0)
      throw new CliError(EXIT.usage, `no fault of ${ground.name} has such a name`, {
        hint: `there are: ${ground.faults.map(({ name }) => name).join('; ')}`,
      });
    const report = await runDrill({
      ground,
      faults: choose(named, { count: options.faults, seed: options.seed }),
      seed: options.seed,
      quietMinutes: options.quietMinutes,
      settleMs: options.settle,
      pace: { now: Date.now, wait: (ms) => wait(ms, undefined, { signal: stopping.signal }), signal: stopping.signal },
      told: output.progress,
    });
    output.answer(report, () => printReport(report, output.paint));
    if (!report.passed) process.exitCode = EXIT.failure;
  } catch (error) {
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

async function groundOf(
  options: DrillOptions,
  terminal: Terminal,
  dir: string,
  progress: (text: string) => void,
): Promise<Ground> {
  const [{ fleetGround }, { ownHub }] = await Promise.all([
    import('../../drill/index.ts'),
    import('../drill/own-hub.ts'),
  ]);
  progress('Starting three products and a hub …');
  return fleetGround({
    dir,
    intervalMs: options.interval,
    startHub: ownHub(terminal, output(options)),
    hubPort: await freePort(0, true),
  });
}

const output = ({ json }: DrillOptions): boolean => json === true;

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
