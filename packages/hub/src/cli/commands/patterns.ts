import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Pattern, PatternFile, type PatternImport } from '@orrery/protocol';
import type { Command } from 'commander';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, table } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

export function registerPatterns(program: Command, terminal: Terminal): void {
  const patterns = program
    .command('patterns')
    .description('What was learned of remedies: list it, take it to another hub, let one try again.')
    .helpCommand(false);
  hubOptions(patterns.command('list').description('Which remedy helped against what, where, and how sure that is.'))
    .option('--project <slug>', 'only of this project')
    .action((options: ClientOptions & { project?: string }) => list(options, terminal));
  hubOptions(patterns.command('export').description('What was learned, as JSON for another hub. It holds no secrets.'))
    .option('--names', 'name projects and services')
    .option('--out <file>', 'write it into this file instead of printing it')
    .action(async ({ names, out, ...options }: ClientOptions & { names?: boolean; out?: string }) => {
      const file = await createClient(options, terminal).get<PatternFile>('/api/patterns/export', {
        names: names === true,
      });
      const text = `${JSON.stringify(file, null, 2)}\n`;
      if (out === undefined) terminal.stdout.write(text);
      else {
        writeFileSync(resolve(terminal.cwd, out), text);
        createOutput(terminal, options).answer(
          { id: file.id, patterns: file.patterns.length, file: out },
          () => `${count(file.patterns.length)} are in ${out}.`,
        );
      }
    });
  hubOptions(
    patterns
      .command('import')
      .description(
        'Take in what another hub learned: whole or not at all, and once. It weighs less than what was seen here.',
      ),
  )
    .argument('<file>', 'from `orrery patterns export`')
    .action(async (path: string, options: ClientOptions) => {
      const taken = await createClient(options, terminal).post<PatternImport>(
        '/api/patterns/import',
        read(path, terminal),
      );
      createOutput(terminal, options).answer(taken, () =>
        taken.again
          ? `${taken.id} had been taken in before; nothing was changed.`
          : `${count(taken.patterns)} of ${taken.id} were taken in.`,
      );
    });
  hubOptions(patterns.command('allow').description('Let a remedy that has not helped at a service try again there.'))
    .argument('<id>', 'an id from `orrery patterns list`')
    .option('--reason <text>', 'why, for the others', '')
    .action(async (id: string, { reason, ...options }: ClientOptions & { reason: string }) => {
      const path = `/api/patterns/${encodeURIComponent(id)}/allow`;
      const pattern = await createClient(options, terminal).post<Pattern>(path, { reason });
      createOutput(terminal, options).answer(
        pattern,
        () => `"${printable(pattern.remedy.form)}" may try again at ${placeOf(pattern)}.`,
      );
    });
}

const count = (n: number) => (n === 1 ? '1 pattern' : `${n} patterns`);
const placeOf = ({ where }: Pattern) => (where ? `${where.project}/${where.service}` : 'everywhere');
const percent = (share: number) => `${Math.round(share * 100)} %`;

async function list({ project, ...options }: ClientOptions & { project?: string }, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const { items } = await createClient(options, terminal).get<{ items: Pattern[] }>('/api/patterns', { project });
  const now = Date.now();
  output.answer({ items }, () =>
    items.length === 0
      ? 'Nothing was learned yet: a pattern begins with the first verified attempt. See `orrery heal list`.'
      : table(
          ['ID', 'AGAINST', 'REMEDY', 'WHERE', 'HELPED', 'BELIEVED', 'LAST', ''],
          items.map((pattern) => [
            pattern.id,
            printable(againstOf(pattern)),
            printable(pattern.remedy.form),
            placeOf(pattern),
            `${pattern.successes} of ${pattern.tries}`,
            `${percent(pattern.belief.mean)} (${percent(pattern.belief.low)} to ${percent(pattern.belief.high)})`,
            ago(pattern.lastSeenAt, now),
            pattern.suppressed ? 'suppressed' : pattern.allowed ? `allowed by ${printable(pattern.allowed.by)}` : '',
          ]),
          output.paint,
        ),
  );
}

const againstOf = ({ symptom: { severity, check, failure, cause } }: Pattern) =>
  `${severity}: ${check} is ${failure}${cause ? `, because of ${cause}` : ''}`;

/** A mistake in the file is told before anything is sent. */
function read(path: string, terminal: Terminal): PatternFile {
  let said: unknown;
  try {
    said = JSON.parse(readFileSync(resolve(terminal.cwd, path), 'utf8'));
  } catch (error) {
    throw new CliError(
      EXIT.usage,
      `${printable(path)} is no JSON that can be read: ${printable((error as Error).message)}`,
    );
  }
  const file = PatternFile.safeParse(said);
  if (file.success) return file.data;
  throw new CliError(EXIT.usage, `${printable(path)} is no file of patterns`, {
    fields: file.error.issues.slice(0, 20).map(({ path: at, message }) => ({ field: at.join('.'), reason: message })),
  });
}
