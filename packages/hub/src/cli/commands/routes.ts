import type { RouteTestResult, RouteView } from '@orrery/protocol';
import { type Command, Option } from 'commander';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { matchText } from '../match.ts';
import { createOutput, table } from '../output.ts';
import { printable, type Terminal } from '../terminal.ts';

type TestOptions = ClientOptions & {
  project: string;
  service?: string;
  severity: string;
  category: string;
  title?: string;
  at?: string;
};

export function registerRoutes(program: Command, terminal: Terminal): void {
  const routes = program.command('routes').description('Who hears of what.').helpCommand(false);
  hubOptions(routes.command('list').description('The declared routes, in their order.')).action(
    (options: ClientOptions) => list(options, terminal),
  );
  hubOptions(routes.command('test').description('Say who would be told of an alert, when and why; nothing is sent.'))
    .requiredOption('--project <slug>', "the alert's project")
    .option('--service <name>', 'its service')
    .addOption(
      new Option('--severity <severity>', 'its severity').choices(['critical', 'warning', 'info']).default('critical'),
    )
    .addOption(
      new Option('--category <category>', 'its category')
        .choices(['availability', 'performance', 'security', 'cost', 'opportunity'])
        .default('availability'),
    )
    .option('--title <text>', 'its title')
    .option('--at <time>', 'when it opens; now when absent: 2026-11-21T03:00:00Z')
    .action((options: TestOptions) => test(options, terminal));
}

async function list(options: ClientOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const { items } = await createClient(options, terminal).get<{ items: RouteView[] }>('/ops/routes');
  output.answer({ items }, () =>
    items.length === 0
      ? 'No routes: every channel is told by its own filter. docs/routing.md shows how to declare some.'
      : table(
          ['NAME', 'MATCH', 'CHANNELS', 'QUIET', 'AGAIN', 'ESCALATES', 'DECLARED'],
          items.map((route) => [
            route.name,
            printable(matchText(route.match)),
            `${route.channels.join(', ') || 'nobody'}${route.continue ? ' …' : ''}`,
            route.quietHours.map(({ from, to }) => `${from}–${to}`).join(', ') || '–',
            route.repeatEvery ?? '–',
            route.escalate.map(({ after, channels }) => `${after}: ${channels.join(', ')}`).join('; ') || '–',
            printable(route.declaredIn),
          ]),
          output.paint,
        ),
  );
}

async function test(options: TestOptions, terminal: Terminal): Promise<void> {
  const { project, service, severity, category, title, at } = options;
  const output = createOutput(terminal, options);
  const result = await createClient(options, terminal).post<RouteTestResult>('/ops/routes/test', {
    project,
    service,
    severity,
    category,
    title,
    at,
  });
  output.answer(result, () =>
    [
      printable(result.summary),
      ...(result.told.length === 0
        ? []
        : [
            '',
            table(
              ['WHEN', 'CHANNEL', 'WHAT', 'ROUTE'],
              result.told.map((one) => [
                one.at,
                one.channel,
                one.every === undefined ? WHAT[one.type] : `${WHAT[one.type]}, every ${one.every}`,
                one.route ?? '–',
              ]),
              output.paint,
            ),
          ]),
      ...(result.routes.length === 0
        ? []
        : [
            '',
            table(
              ['ROUTE', 'TAKEN', 'WHY'],
              result.routes.map(({ route, taken, reason }) => [route, taken ? 'yes' : 'no', printable(reason)]),
              output.paint,
            ),
          ]),
    ].join('\n'),
  );
}

const WHAT: Record<RouteTestResult['told'][number]['type'], string> = {
  'alert.opened': 'opening',
  'alert.reminder': 'reminder',
  'alert.escalated': 'escalation',
};
