import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { createOutput } from '../output.ts';
import { EXIT, printable, type Terminal } from '../terminal.ts';

export function registerConfig(program: Command, terminal: Terminal): void {
  const config = program
    .command('config')
    .description('Check, export or describe the configuration.')
    .helpCommand(false);
  config
    .command('check')
    .description('Read environment and file as a start would, and list every mistake.')
    .argument('[file]', 'the file (ORRERY_CONFIG, else orrery.yaml)')
    .option('--config <file>', 'the same')
    .option('--json', 'print JSON')
    .action((file: string | undefined, options: { config?: string; json?: boolean }) =>
      check(file ?? options.config, options, terminal),
    );
  hubOptions(
    config
      .command('export')
      .description('Everything that the running hub watches, as one orrery.yaml with secrets masked.'),
  ).action(async (options: ClientOptions) => {
    const yaml = await createClient(options, terminal).text('/api/config/export');
    if (options.json) createOutput(terminal, options).answer({ yaml }, () => yaml);
    else terminal.stdout.write(yaml);
  });
  config
    .command('schema')
    .description('JSON Schema of orrery.yaml, for editors.')
    .option('--out <file>', 'write it there instead of to stdout')
    .option('--json', 'print JSON (it always is)')
    .action(async ({ out }: { out?: string }) => {
      const { fileSchema } = await import('../../config/index.ts');
      const text = `${JSON.stringify(fileSchema(), null, 2)}\n`;
      if (out === undefined) terminal.stdout.write(text);
      else writeFileSync(resolve(terminal.cwd, out), text);
    });
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

async function check(file: string | undefined, options: { json?: boolean }, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const { ConfigError, describeIssue, loadConfig } = await import('../../config/index.ts');
  try {
    const { env, cwd } = terminal;
    const { file: read, warnings, additions } = loadConfig({ env, cwd, flags: { config: file } });
    const counts = { projects: read.projects.length, channels: read.channels.length };
    output.answer({ ok: true, file: read.path, ...counts, issues: [], warnings, additions }, () =>
      [
        ...warnings.map((warning) => `${output.paint('yellow', 'warning:')} ${describeIssue(warning)}`),
        ...additions.map(({ variable, adds }) => `${variable} adds ${printable(adds)}`),
        `${output.paint('green', 'ok')}: ${read.path ?? 'no file'}, ${counted(counts.projects, 'project')}, ${counted(counts.channels, 'channel')}`,
      ].join('\n'),
    );
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { issues } = error;
    output.answer({ ok: false, issues, warnings: [] }, () =>
      [
        ...issues.map((issue) => `${output.paint('red', 'mistake:')} ${describeIssue(issue)}`),
        issues.length === 1 ? 'One mistake.' : `${issues.length} mistakes.`,
      ].join('\n'),
    );
    process.exitCode = EXIT.failure;
  }
}
