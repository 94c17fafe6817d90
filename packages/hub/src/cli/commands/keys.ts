import type { KeyCreated, KeyView } from '@orrery/protocol';
import { type Command, Option } from 'commander';
import type { z } from 'zod';
import { wholeNumber } from '../arguments.ts';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, table } from '../output.ts';
import { printable, type Terminal } from '../terminal.ts';

type CreateOptions = ClientOptions & {
  name: string;
  role: string;
  project?: string[];
  tenant?: string;
  expiresInDays?: number;
};
type Created = z.infer<typeof KeyCreated>;

export function registerKeys(program: Command, terminal: Terminal): void {
  const keys = program.command('keys').description('Create, list, rotate or revoke API keys.').helpCommand(false);
  hubOptions(keys.command('create').description('Make an API key; it is shown once.'))
    .requiredOption('--name <name>', 'what it is for')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['viewer', 'agent', 'operator', 'admin'])
        .default('operator'),
    )
    .option('--project <slug...>', 'only these projects; all when absent')
    .option('--tenant <id>', "whose key it is; its maker's tenant when absent")
    .option('--expires-in-days <n>', 'when it ends by itself', wholeNumber(1, 3650))
    .action(async ({ name, role, project, tenant, expiresInDays, ...options }: CreateOptions) => {
      const output = createOutput(terminal, options);
      const body = { name, role, projects: project, tenant, expiresInDays };
      const created = await createClient(options, terminal).post<Created>('/api/keys', body);
      output.answer(created, () => {
        if (!terminal.stdout.isTTY) return created.key;
        return `${created.key}\n\nThis is the only time it is shown. Pass it as x-api-key, in a --key-file, or as ORRERY_API_KEY.\nRevoke it: orrery keys revoke ${created.id}`;
      });
    });
  hubOptions(keys.command('list').description('All API keys; never the keys themselves.')).action(
    async (options: ClientOptions) => {
      const output = createOutput(terminal, options);
      const { items } = await createClient(options, terminal).get<{ items: KeyView[] }>('/api/keys');
      output.answer({ items }, () =>
        items.length === 0 ? 'No keys. Make one: orrery keys create --name ci' : keyTable(items, output.paint),
      );
    },
  );
  hubOptions(keys.command('rotate').description('Give a key a new secret; it is shown once.'))
    .argument('<id>', 'from `orrery keys list`')
    .option('--overlap-hours <n>', 'how long the old secret still counts; 0 ends it at once', wholeNumber(0, 720), 24)
    .action(async (id: string, { overlapHours, ...options }: ClientOptions & { overlapHours: number }) => {
      const output = createOutput(terminal, options);
      const path = `/api/keys/${encodeURIComponent(id)}/rotate`;
      const made = await createClient(options, terminal).post<Created>(path, { overlapHours });
      output.answer(made, () => {
        if (!terminal.stdout.isTTY) return made.key;
        const until = made.previousUntil ? `counts until ${made.previousUntil}` : 'is refused from now on';
        return `${made.key}\n\nThis is the only time it is shown. The old secret ${until}.`;
      });
    });
  hubOptions(keys.command('revoke').description('End a key at once.'))
    .argument('<id>', 'from `orrery keys list`')
    .action(async (id: string, options: ClientOptions) => {
      const output = createOutput(terminal, options);
      const revoked = await createClient(options, terminal).delete<KeyView>(`/api/keys/${encodeURIComponent(id)}`);
      output.answer(revoked, () => `${id} is revoked.`);
    });
}

function keyTable(items: readonly KeyView[], paint: Parameters<typeof table>[2]): string {
  const now = Date.now();
  const life = ({ revokedAt, expiresAt }: KeyView): string => {
    if (revokedAt) return `revoked ${ago(revokedAt, now)}`;
    if (!expiresAt) return 'no end';
    return Date.parse(expiresAt) < now ? 'expired' : `until ${expiresAt.slice(0, 10)}`;
  };
  const rows = items.map((key) => [
    key.id,
    printable(key.name),
    key.role,
    key.projects === 'all' ? 'all' : key.projects.join(', '),
    printable(key.tenant ?? 'staff'),
    life(key),
    ago(key.lastUsedAt, now),
  ]);
  return table(['ID', 'NAME', 'ROLE', 'PROJECTS', 'TENANT', 'LIFE', 'USED'], rows, paint);
}
