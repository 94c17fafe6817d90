import type { ChannelTest, ChannelView, Delivery } from '@orrery/protocol';
import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, state, table } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

const pathOf = (name: string) => `/api/channels/${encodeURIComponent(name)}`;

export function registerChannels(program: Command, terminal: Terminal): void {
  const channels = program
    .command('channels')
    .description('List channels, try one, see what was delivered.')
    .helpCommand(false);
  hubOptions(channels.command('list').description('All channels, what waits for them and their last trouble.')).action(
    async (options: ClientOptions) => {
      const output = createOutput(terminal, options);
      const { items } = await createClient(options, terminal).get<{ items: ChannelView[] }>('/api/channels');
      const now = Date.now();
      output.answer({ items }, () =>
        items.length === 0
          ? 'No channels. Declare one under `channels:` in orrery.yaml; docs/configuration.md shows each kind.'
          : table(
              ['NAME', 'KIND', 'TARGET', 'WAITING', 'DELIVERED', 'TROUBLE'],
              items.map((c) => [
                c.name,
                c.kind,
                printable(c.target),
                String(c.pending),
                ago(c.lastDeliveredAt, now),
                c.lastError ? printable(c.lastError) : '–',
              ]),
              output.paint,
            ),
      );
    },
  );
  hubOptions(
    channels
      .command('test')
      .description('Send a test notification now and say what the receiver answered; exits 1 when it failed.'),
  )
    .argument('<name>', 'from `orrery channels list`')
    .action(async (name: string, options: ClientOptions) => {
      const output = createOutput(terminal, options);
      const result = await createClient(options, terminal).post<ChannelTest>(`${pathOf(name)}/test`);
      if (!result.ok)
        throw new CliError(EXIT.failure, `${name} did not take it: ${printable(result.detail)}`, {
          hint: 'correct the channel in orrery.yaml, then try again',
        });
      output.answer(result, () => `${name} took it: ${printable(result.detail)}`);
    });
  hubOptions(channels.command('deliveries').description('What was told, or not and why, newest first.'))
    .argument('[name]', 'from `orrery channels list`; all of them when absent')
    .option('--status <list>', 'pending, sending, delivered, failed, suppressed, separated by commas')
    .option('--alert <id>', 'only of this alert')
    .option('--project <slug>', 'only of this project')
    .option('--limit <n>', 'how many', wholeNumber(1, 10_000), 20)
    .action((name: string | undefined, options: DeliveryOptions) => deliveries(name, options, terminal));
}

type DeliveryOptions = ClientOptions & { status?: string; alert?: string; project?: string; limit: number };

async function deliveries(
  channel: string | undefined,
  { limit, status, alert, project, ...options }: DeliveryOptions,
  terminal: Terminal,
): Promise<void> {
  const output = createOutput(terminal, options);
  const query = { channel, status, alert, project };
  const items = await createClient(options, terminal).list<Delivery>('/ops/deliveries', query, limit);
  const now = Date.now();
  output.answer({ items }, () =>
    items.length === 0
      ? 'Nothing of that was sent yet.'
      : table(
          ['WHEN', 'CHANNEL', 'ROUTE', 'TYPE', 'STATUS', 'TRIES', 'TITLE', 'WHY'],
          items.map((d) => [
            ago(d.createdAt, now),
            d.channel,
            d.route ?? '–',
            d.type,
            state(d.status, output.paint),
            String(d.attempts),
            printable(d.title),
            printable(d.reason ?? d.lastError ?? '–'),
          ]),
          output.paint,
        ),
  );
}
