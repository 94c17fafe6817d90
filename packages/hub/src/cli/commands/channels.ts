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
  hubOptions(channels.command('deliveries').description('What was sent through a channel, newest first.'))
    .argument('<name>', 'from `orrery channels list`')
    .option('--limit <n>', 'how many', wholeNumber(1, 10_000), 20)
    .action(async (name: string, { limit, ...options }: ClientOptions & { limit: number }) => {
      const output = createOutput(terminal, options);
      const items = await createClient(options, terminal).list<Delivery>(`${pathOf(name)}/deliveries`, {}, limit);
      const now = Date.now();
      output.answer({ items }, () =>
        items.length === 0
          ? 'Nothing was sent through it yet.'
          : table(
              ['WHEN', 'TYPE', 'STATUS', 'TRIES', 'TITLE', 'TROUBLE'],
              items.map((d) => [
                ago(d.createdAt, now),
                d.type,
                state(d.status, output.paint),
                String(d.attempts),
                printable(d.title),
                d.lastError ? printable(d.lastError) : '–',
              ]),
              output.paint,
            ),
      );
    });
}
