import type { InvitationCreated, UserPatch, UserView } from '@orrery/protocol';
import { type Command, Option } from 'commander';
import type { z } from 'zod';
import { wholeNumber } from '../arguments.ts';
import { type Client, type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, table } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

type Invited = z.infer<typeof InvitationCreated>;
type InviteOptions = ClientOptions & { role: string; tenant?: string; expiresInDays?: number };

const ROLES = ['viewer', 'agent', 'operator', 'admin'];

export function registerUsers(program: Command, terminal: Terminal): void {
  const users = program.command('users').description('List, invite or shut out people.').helpCommand(false);
  hubOptions(users.command('list').description('Everybody who may sign in.')).action(async (options: ClientOptions) => {
    const output = createOutput(terminal, options);
    const { items } = await createClient(options, terminal).get<{ items: UserView[] }>('/api/users');
    output.answer({ items }, () => userTable(items, output.paint));
  });
  hubOptions(users.command('invite').description('Make a link by which somebody makes an account; it is shown once.'))
    .argument('<address>', 'their e-mail address')
    .addOption(new Option('--role <role>', 'what they may do').choices(ROLES).default('viewer'))
    .option('--tenant <id>', 'the tenant they belong to; staff when absent')
    .option('--expires-in-days <n>', 'how long the link is good', wholeNumber(1, 30))
    .action(async (email: string, { role, tenant, expiresInDays, ...options }: InviteOptions) => {
      const output = createOutput(terminal, options);
      const body = { email, role, tenant, expiresInDays };
      const made = await createClient(options, terminal).post<Invited>('/api/invitations', body);
      output.answer(made, () => {
        if (!terminal.stdout.isTTY) return made.link;
        const mail = made.mailed ? ' A mail with a link of its own is on its way.' : '';
        return `${made.link}\n\nGood until ${made.expiresAt.slice(0, 10)}, for one account.${mail}`;
      });
    });
  const change = (name: string, about: string) =>
    hubOptions(users.command(name).description(about)).argument('<who>', 'an e-mail address or an id');
  change('disable', 'Shut somebody out; their sessions end at once.').action((who: string, options: ClientOptions) =>
    patch(who, { disabled: true }, options, terminal),
  );
  change('enable', 'Let somebody in again.').action((who: string, options: ClientOptions) =>
    patch(who, { disabled: false }, options, terminal),
  );
  change('role', 'Give somebody another role; their sessions end at once.')
    .argument('<role>', ROLES.join(', '))
    // The hub says which roles there are, after it has seen who asks.
    .action((who: string, role: string, options: ClientOptions) =>
      patch(who, { role: role as NonNullable<UserPatch['role']> }, options, terminal),
    );
}

async function patch(who: string, change: UserPatch, options: ClientOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const client = createClient(options, terminal);
  const { id } = await find(client, who);
  const user = await client.patch<UserView>(`/api/users/${encodeURIComponent(id)}`, change);
  output.answer(user, () => `${printable(user.email)}: ${user.role}${user.disabledAt ? ', disabled' : ''}.`);
}

async function find(client: Client, who: string): Promise<UserView> {
  const { items } = await client.get<{ items: UserView[] }>('/api/users');
  const found = items.find(({ id, email }) => id === who || email === who.toLowerCase());
  if (!found)
    throw new CliError(EXIT.failure, `nobody has the address or id "${printable(who)}"`, { hint: 'orrery users list' });
  return found;
}

function userTable(items: readonly UserView[], paint: Parameters<typeof table>[2]): string {
  const now = Date.now();
  const rows = items.map((user) => [
    printable(user.email),
    printable(user.name),
    user.role,
    printable(user.tenant ?? 'staff'),
    [...user.signIn, ...(user.secondFactor ? ['code'] : [])].join(', '),
    user.disabledAt ? `disabled ${ago(user.disabledAt, now)}` : ago(user.lastSeenAt, now),
  ]);
  return table(['E-MAIL', 'NAME', 'ROLE', 'TENANT', 'COMES BY', 'SEEN'], rows, paint);
}
