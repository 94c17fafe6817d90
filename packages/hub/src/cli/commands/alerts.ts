import type { Alert } from '@orrery/protocol';
import { type Command, Option } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, state, table } from '../output.ts';
import { printable, type Terminal } from '../terminal.ts';

const VERBS = [
  ['ack', 'acknowledge', 'Say that somebody looks after it.', 'acknowledged'],
  ['resolve', 'resolve', 'Say that it is over.', 'resolved'],
  ['ignore', 'ignore', 'Hear no more of it until it is over.', 'ignored'],
] as const;

type ListOptions = ClientOptions & { status: string; severity?: string; project?: string; limit: number };

export function registerAlerts(program: Command, terminal: Terminal): void {
  const alerts = program
    .command('alerts')
    .description('List alerts; acknowledge, resolve or ignore them.')
    .helpCommand(false);
  hubOptions(alerts.command('list').description('Alerts, newest first.'))
    .option(
      '--status <list>',
      'open, acknowledged, resolved, ignored, separated by commas, or all',
      'open,acknowledged',
    )
    .addOption(new Option('--severity <severity>', 'only this severity').choices(['critical', 'warning', 'info']))
    .option('--project <slug>', 'only of this project')
    .option('--limit <n>', 'at most so many', wholeNumber(1, 10_000), 100)
    .action((options: ListOptions) => list(options, terminal));
  for (const [name, path, summary, done] of VERBS)
    hubOptions(alerts.command(name).description(summary))
      .argument('<id...>', 'ids from `orrery alerts list`')
      .action(async (ids: string[], options: ClientOptions) => {
        const client = createClient(options, terminal);
        const output = createOutput(terminal, options);
        const changed: Alert[] = [];
        for (const id of ids) {
          const alert = await client.post<Alert>(`/api/fed/alerts/${encodeURIComponent(id)}/${path}`);
          changed.push(alert);
          if (!output.json) output.line(`${alert.id} ${done}: ${printable(alert.title)}`);
        }
        if (output.json) output.answer({ items: changed }, () => '');
      });
}

async function list({ status, severity, project, limit, ...options }: ListOptions, terminal: Terminal): Promise<void> {
  const client = createClient(options, terminal);
  const output = createOutput(terminal, options);
  const wanted = { status: status === 'all' ? undefined : status, severity, project };
  const items = await client.list<Alert>('/api/fed/alerts', wanted, limit);
  output.answer({ items }, () => {
    if (items.length === 0) return 'No such alerts.';
    const now = Date.now();
    return table(
      ['ID', 'SEVERITY', 'STATUS', 'PROJECT', 'SINCE', 'TIMES', 'TITLE'],
      items.map((alert) => [
        alert.id,
        state(alert.severity, output.paint),
        state(alert.status, output.paint),
        alert.service ? `${alert.project}/${alert.service}` : alert.project,
        ago(alert.createdAt, now),
        String(alert.occurrences),
        printable(alert.title),
      ]),
      output.paint,
    );
  });
}
