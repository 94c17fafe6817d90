import type { MaintenanceView } from '@orrery/protocol';
import type { Command } from 'commander';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { type MatchOptions, matchFrom, matchOptions, matchText } from '../match.ts';
import { createOutput, table } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

type CreateOptions = ClientOptions &
  MatchOptions & {
    title?: string;
    from?: string;
    until?: string;
    cron?: string;
    timeZone?: string;
    lasts?: string;
    public: boolean;
  };

export function registerMaintenance(program: Command, terminal: Terminal): void {
  const maintenance = program
    .command('maintenance')
    .description('Times in which trouble is expected: nobody is told, and uptime does not suffer.')
    .helpCommand(false);
  hubOptions(maintenance.command('list').description('All maintenance, what is open or comes next first.')).action(
    (options: ClientOptions) => list(options, terminal),
  );
  matchOptions(
    hubOptions(maintenance.command('create').description('Declare maintenance: once, or again and again.')),
    ['project', 'service', 'tag'],
  )
    .argument('<name>', 'a name for it: lower-case letters, digits, "-" and "_"')
    .option('--title <text>', 'what people read; the name when absent')
    .option('--from <time>', 'when it begins: 2026-11-21T02:00:00Z')
    .option('--until <time>', 'when it ends')
    .option('--cron <expression>', 'when it begins again and again: "0 2 * * sun"')
    .option('--time-zone <zone>', 'whose clock the expression means: Europe/Berlin; UTC when absent')
    .option('--lasts <duration>', 'how long each time: 2h')
    .option('--no-public', 'not shown on status pages')
    .action((name: string, options: CreateOptions) => create(name, options, terminal));
  hubOptions(maintenance.command('end').description('Take maintenance away that was declared here or in the console.'))
    .argument('<name>', 'from `orrery maintenance list`')
    .action(async (name: string, options: ClientOptions) => {
      const output = createOutput(terminal, options);
      await createClient(options, terminal).delete(`/ops/maintenance/${encodeURIComponent(name)}`);
      output.answer({ ended: name }, () => `${printable(name)} is over.`);
    });
}

async function list(options: ClientOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const { items } = await createClient(options, terminal).get<{ items: MaintenanceView[] }>('/ops/maintenance');
  output.answer({ items }, () =>
    items.length === 0
      ? 'No maintenance. Declare some under `maintenance:` in orrery.yaml, or with `orrery maintenance create`.'
      : table(
          ['NAME', 'NOW', 'FROM', 'UNTIL', 'MATCH', 'DECLARED', 'TITLE'],
          items.map((m) => [
            m.name,
            m.active ? 'open' : m.window ? 'planned' : 'over',
            m.window?.from.slice(0, 16) ?? '–',
            m.window?.until.slice(0, 16) ?? '–',
            printable(matchText(m.match)),
            printable(m.declaredIn),
            printable(m.title),
          ]),
          output.paint,
        ),
  );
}

async function create(name: string, options: CreateOptions, terminal: Terminal): Promise<void> {
  const { title = name, from, until, cron, timeZone, lasts } = options;
  const once = from !== undefined && until !== undefined;
  if (once === (cron !== undefined && lasts !== undefined))
    throw new CliError(EXIT.usage, 'give either --from and --until, or --cron and --lasts');
  const { title: _title, ...narrowing } = options;
  const output = createOutput(terminal, options);
  const made = await createClient(options, terminal).post<MaintenanceView>('/ops/maintenance', {
    name,
    title,
    match: matchFrom(narrowing),
    public: options.public,
    ...(once ? { from, until } : { cron, timeZone, lasts }),
  });
  output.answer(made, () =>
    made.window
      ? `${made.name}: ${made.active ? 'open' : 'next'} from ${made.window.from} until ${made.window.until}.`
      : `${made.name} is declared.`,
  );
}
