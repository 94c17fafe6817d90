import { parseDuration, type Silence } from '@orrery/protocol';
import type { Command } from 'commander';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { type MatchOptions, matchFrom, matchOptions, matchText } from '../match.ts';
import { createOutput, table } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

type CreateOptions = ClientOptions & MatchOptions & { reason: string; from?: string; until?: string; for?: string };

export function registerSilences(program: Command, terminal: Terminal): void {
  const silences = program
    .command('silences')
    .description('Tell nobody of some alerts for some time.')
    .helpCommand(false);
  hubOptions(silences.command('list').description('Silences that last or come, then those that ended.'))
    .option('--all', 'also those that ended')
    .action(({ all, ...options }: ClientOptions & { all?: boolean }) => list(options, all === true, terminal));
  matchOptions(
    hubOptions(
      silences.command('create').description('Begin a silence; it needs a reason, an end and something to match.'),
    ),
  )
    .requiredOption('--reason <text>', 'why, for the others')
    .option('--for <duration>', 'how long: 30m, 2h, 1d')
    .option('--until <time>', 'its end in place of --for: 2026-11-21T06:00:00Z')
    .option('--from <time>', 'its beginning; now when absent')
    .action((options: CreateOptions) => create(options, terminal));
  hubOptions(silences.command('end').description('End silences now; what they kept back and still fires is told.'))
    .argument('<id...>', 'ids from `orrery silences list`')
    .action(async (ids: string[], options: ClientOptions) => {
      const output = createOutput(terminal, options);
      const client = createClient(options, terminal);
      const ended: Silence[] = [];
      for (const id of ids) {
        ended.push(await client.delete<Silence>(`/ops/silences/${encodeURIComponent(id)}`));
        if (!output.json) output.line(`${id} ended.`);
      }
      if (output.json) output.answer({ items: ended }, () => '');
    });
}

async function list(options: ClientOptions, all: boolean, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const answer = await createClient(options, terminal).get<{ items: Silence[] }>('/ops/silences');
  const items = answer.items.filter(({ status }) => all || status !== 'ended');
  output.answer({ items }, () =>
    items.length === 0
      ? 'No silences.'
      : table(
          ['ID', 'STATUS', 'UNTIL', 'BY', 'MATCH', 'REASON'],
          items.map((s) => [
            s.id,
            s.status,
            s.until.slice(0, 16),
            printable(s.createdBy),
            printable(matchText(s.match)),
            printable(s.reason),
          ]),
          output.paint,
        ),
  );
}

async function create(options: CreateOptions, terminal: Terminal): Promise<void> {
  const { reason, from, until, for: lasts } = options;
  if ((until === undefined) === (lasts === undefined))
    throw new CliError(EXIT.usage, 'give exactly one of --for and --until');
  if (lasts !== undefined && parseDuration(lasts) === undefined)
    throw new CliError(EXIT.usage, `--for: "${printable(lasts)}" is no duration`, { hint: 'write 30m, 2h or 1d' });
  const output = createOutput(terminal, options);
  const body = { match: matchFrom(options), reason, from, until, for: lasts };
  const silence = await createClient(options, terminal).post<Silence>('/ops/silences', body);
  output.answer(
    silence,
    () => `${silence.id}: nobody is told of ${printable(matchText(silence.match))} until ${silence.until}.`,
  );
}
