import type { FedProject, ProjectAdded, ProjectDetail } from '@orrery/protocol';
import type { Command } from 'commander';
import { httpUrl } from '../arguments.ts';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, latency, state, table } from '../output.ts';
import { CliError, EXIT, printable, readStdin, type Terminal } from '../terminal.ts';

type AddOptions = ClientOptions & { slug?: string; name?: string; apiKey?: string; dryRun?: boolean };

export function registerProject(program: Command, terminal: Terminal): void {
  const project = program.command('project').description('Add, list, show or remove projects.').helpCommand(false);
  hubOptions(project.command('add').description('Add a project by its URL; the rest is discovered.'))
    .argument('<hub-url>', 'where the product answers', httpUrl)
    .option('--slug <slug>', 'its stable name (discovered when absent)')
    .option('--name <name>', 'the name that people read')
    .option('--api-key <key>', 'what the hub presents as x-api-key; `-` reads it from stdin')
    .option('--dry-run', 'show what would be added, and store nothing')
    .action((url: string, options: AddOptions) => add(url, options, terminal));
  hubOptions(project.command('list').description('All projects.')).action(async (options: ClientOptions) => {
    const projects = await createClient(options, terminal).get<FedProject[]>('/api/fed/projects');
    const output = createOutput(terminal, options);
    output.answer({ items: projects }, () =>
      projects.length === 0
        ? 'No projects yet. Add the first: orrery project add https://your-product.example'
        : table(
            ['SLUG', 'NAME', 'STATUS', 'SEEN', 'URL', 'DECLARED IN'],
            projects.map((one) => [
              one.slug,
              printable(one.name),
              state(one.status, output.paint),
              ago(one.lastSeenAt, Date.now()),
              printable(one.hubUrl),
              printable(one.declaredIn.ref ?? one.declaredIn.source),
            ]),
            output.paint,
          ),
    );
  });
  hubOptions(project.command('show').description('One project with its services and endpoints.'))
    .argument('<slug>')
    .action((slug: string, options: ClientOptions) => show(slug, options, terminal));
  hubOptions(project.command('remove').description('Remove a project that was not declared in the file.'))
    .argument('<slug>')
    .action(async (slug: string, options: ClientOptions) => {
      const output = createOutput(terminal, options);
      await createClient(options, terminal).delete(`/api/fed/projects/${encodeURIComponent(slug)}`);
      output.answer({ removed: slug }, () => `${slug} is removed.`);
    });
}

async function add(hubUrl: string, options: AddOptions, terminal: Terminal): Promise<void> {
  const client = createClient(options, terminal);
  const output = createOutput(terminal, options);
  const apiKey = options.apiKey === '-' ? await readStdin(terminal.stdin) : options.apiKey;
  if (apiKey === '') throw new CliError(EXIT.usage, '--api-key: stdin holds no key');
  output.progress(`Looking at ${hubUrl} …`);
  const body = { hubUrl, slug: options.slug, name: options.name, apiKey };
  const added = await client.post<ProjectAdded>('/api/fed/projects', body, { dryRun: options.dryRun });
  output.answer(added, () => {
    const { slug, name, status } = added.project;
    const lines = [
      added.dryRun ? `${slug} would be added (nothing was stored).` : `${slug} is added.`,
      `  name      ${printable(name)}`,
      `  status    ${state(status, output.paint)}`,
      `  services  ${added.declaration.services.map((service) => service.name).join(', ') || 'none'}`,
      ...(added.discovered.length > 0 ? [`  found     ${printable(added.discovered.join(', '))}`] : []),
      ...added.warnings.map((warning) => `  ${output.paint('yellow', 'warning')}   ${printable(warning)}`),
    ];
    if (added.ingestKey) {
      lines.push(`  key       ${added.ingestKey}`);
      lines.push(
        'The product presents this key to the hub (x-api-key), and accepts it from the hub. It is shown only now.',
      );
    }
    if (!added.dryRun) lines.push(`See it: orrery project show ${slug}`);
    return lines.join('\n');
  });
}

async function show(slug: string, options: ClientOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const project = await createClient(options, terminal).get<ProjectDetail>(
    `/api/fed/projects/${encodeURIComponent(slug)}`,
  );
  output.answer(project, () => {
    const { paint } = output;
    const facts = [
      ['status', state(project.status, paint)],
      ['url', printable(project.hubUrl)],
      ['seen', ago(project.lastSeenAt, Date.now())],
      ['version', printable(project.version ?? '–')],
      ['latency', latency(project.kpis.healthLatencyMs)],
      ['tags', printable(project.tags.join(', ') || '–')],
      ['declared', printable(project.declaredIn.ref ?? project.declaredIn.source)],
    ];
    const services = project.services.map(({ name, probes }) => [
      printable(name),
      probes.map((probe) => `${probe.kind} every ${probe.interval}`).join(', ') || 'not probed',
    ]);
    const endpoints = project.endpoints.map(({ name, status, latencyMs, url, reason }) => [
      printable(name),
      state(status, paint),
      latency(latencyMs),
      printable(reason ? `${url} (${reason})` : url),
    ]);
    return [
      `${paint('bold', printable(project.name))} (${project.slug})`,
      facts.map(([label = '', value = '']) => `  ${label.padEnd(9)} ${value}`).join('\n'),
      ...(services.length > 0 ? [table(['SERVICE', 'PROBES'], services, paint)] : []),
      ...(endpoints.length > 0 ? [table(['ENDPOINT', 'STATUS', 'LATENCY', 'URL'], endpoints, paint)] : []),
    ].join('\n\n');
  });
}
