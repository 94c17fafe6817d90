import type { Assigned, TenantView } from '@orrery/protocol';
import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { createOutput, type Paint, table } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

type State = { name?: string; tier?: number | false; feature?: string[] | false };

export function registerTenants(program: Command, terminal: Terminal): void {
  const tenants = program
    .command('tenants')
    .description('Customers and business units, and what is assigned to them.')
    .helpCommand(false);
  hubOptions(tenants.command('list').description('All tenants.')).action(async (options: ClientOptions) => {
    const output = createOutput(terminal, options);
    const { items } = await createClient(options, terminal).get<{ items: TenantView[] }>('/api/tenants');
    output.answer({ items }, () =>
      items.length === 0 ? 'No tenants. Make one: orrery tenants create acme' : tenantTable(items, output.paint),
    );
  });
  hubOptions(tenants.command('show').description('One tenant.'))
    .argument('<id>')
    .action(async (id: string, options: ClientOptions) => {
      const output = createOutput(terminal, options);
      const tenant = await createClient(options, terminal).get<TenantView>(pathOf(id));
      output.answer(tenant, () => tenantTable([tenant], output.paint));
    });
  stateOptions(hubOptions(tenants.command('create').description('Declare a tenant.')))
    .argument('<id>', 'its stable name: what tenant_id of a token says')
    .action(async (id: string, { name, tier, feature, ...options }: ClientOptions & State) => {
      const output = createOutput(terminal, options);
      const body = { id, name, tier: tier || undefined, features: feature || [] };
      const made = await createClient(options, terminal).post<TenantView>('/api/tenants', body);
      output.answer(made, () => `${made.id} is declared. Give it projects: orrery tenants assign ${made.id} <slug>`);
    });
  stateOptions(hubOptions(tenants.command('update').description('Change what is given; the rest stays.')))
    .option('--no-tier', 'take its tier away')
    .option('--no-feature', 'take all features away')
    .argument('<id>')
    .action(async (id: string, { name, tier, feature, ...options }: ClientOptions & State) => {
      const output = createOutput(terminal, options);
      const body = { name, tier: tier === false ? null : tier, features: feature === false ? [] : feature };
      if (Object.values(body).every((value) => value === undefined))
        throw new CliError(EXIT.usage, 'give at least one of --name, --tier and --feature');
      const tenant = await createClient(options, terminal).patch<TenantView>(pathOf(id), body);
      output.answer(tenant, () => tenantTable([tenant], output.paint));
    });
  hubOptions(tenants.command('remove').description('Remove a tenant to which nothing belongs any more.'))
    .argument('<id>')
    .action(async (id: string, options: ClientOptions) => {
      const output = createOutput(terminal, options);
      await createClient(options, terminal).delete(pathOf(id));
      output.answer({ removed: id }, () => `${printable(id)} is removed.`);
    });
  hubOptions(tenants.command('assign').description('Assign projects to a tenant: its people and keys see them.'))
    .argument('<id>')
    .argument('<slug...>')
    .action((id: string, slugs: string[], options: ClientOptions) => assign(slugs, id, options, terminal));
  hubOptions(tenants.command('unassign').description('Take projects back from whatever tenant has them.'))
    .argument('<slug...>')
    .action((slugs: string[], options: ClientOptions) => assign(slugs, null, options, terminal));
}

const pathOf = (id: string): string => `/api/tenants/${encodeURIComponent(id)}`;

const stateOptions = (command: Command): Command =>
  command
    .option('--name <name>', 'the name that people read')
    .option('--tier <n>', 'what it has bought', wholeNumber(1, 999))
    .option('--feature <name...>', 'what is switched on for it');

async function assign(slugs: readonly string[], tenant: string | null, options: ClientOptions, terminal: Terminal) {
  const output = createOutput(terminal, options);
  const client = createClient(options, terminal);
  const items: Assigned[] = [];
  for (const slug of slugs) {
    items.push(await client.put<Assigned>(`/api/fed/projects/${encodeURIComponent(slug)}/tenant`, { tenant }));
    if (!output.json)
      output.line(tenant === null ? `${slug} is the operating company's own.` : `${slug} is assigned to ${tenant}.`);
  }
  if (output.json) output.answer({ items }, () => '');
}

function tenantTable(items: readonly TenantView[], paint: Paint): string {
  const rows = items.map((tenant) => [
    tenant.id,
    printable(tenant.name),
    tenant.tier === undefined ? '' : `${tenant.tier}${tenant.platform ? ` (${printable(tenant.platform)})` : ''}`,
    tenant.projects.join(', '),
    tenant.features.join(', '),
    printable(tenant.declaredIn.ref ?? tenant.declaredIn.source),
  ]);
  return table(['ID', 'NAME', 'TIER', 'PROJECTS', 'FEATURES', 'DECLARED IN'], rows, paint);
}
