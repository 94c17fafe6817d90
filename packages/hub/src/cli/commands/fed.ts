import type {
  BlastRadius,
  EcosystemGraph,
  Fanout,
  FanoutAnswer,
  FanoutDetail,
  FanoutResult,
  FedVerification,
  RefreshResult,
} from '@orrery/protocol';
import { type Command, Option } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { type Client, type ClientOptions, createClient, hubOptions } from '../client.ts';
import { drawGraph } from '../graph.ts';
import { ago, createOutput, latency, type Paint, state, table } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

type Projects = { project?: string[] };
type RunOptions = ClientOptions & Projects & { dryRun?: boolean; param?: string[]; wait?: number };

const many = (value: string, before: string[] = []): string[] => [...before, value];

export function registerFed(program: Command, terminal: Terminal): void {
  const fed = program.command('fed').description('The federation: verify, refresh, draw, act.').helpCommand(false);
  hubOptions(fed.command('verify').description('Ask every endpoint, and whether signatures are checked.'))
    .option('--project <slug>', 'only this one; may be repeated', many)
    .action((options: ClientOptions & Projects) => verify(options, terminal));
  hubOptions(fed.command('refresh').description('Ask every project for its newest figures now.'))
    .option('--project <slug>', 'only this one; may be repeated', many)
    .action((options: ClientOptions & Projects) => refresh(options, terminal));
  hubOptions(fed.command('graph').description('The ecosystem: projects, and what they need of each other.'))
    .addOption(new Option('--format <format>', 'how it is written').choices(['json', 'dot', 'mermaid']).default('json'))
    .option('--blast <slug>', 'who is hit when this project fails')
    .option('--at <time>', 'as it was then, in RFC 3339, as far as it is kept')
    .action((options: ClientOptions & { format: 'json' | 'dot' | 'mermaid'; blast?: string; at?: string }) =>
      graph(options, terminal),
    );
  hubOptions(fed.command('run').description('Ask instances for an action, signed; only those that allow it.'))
    .argument('<action>', 'such as fed.audit.security.sweep, fed.refresh.summaries or cache.clear')
    .option('--project <slug>', 'only this one; may be repeated', many)
    .option('--param <name=value>', 'a parameter of the action; may be repeated', many)
    .option('--dry-run', 'show who would be asked, and send nothing')
    .option('--wait <seconds>', 'how long to wait for the runs to end', wholeNumber(0, 3600), 30)
    .action((action: string, options: RunOptions) => run(action, options, terminal));
  hubOptions(fed.command('actions').description('What was asked of instances, or what came of one request.'))
    .argument('[request-id]')
    .option('--limit <n>', 'how many', wholeNumber(1, 1000), 20)
    .action((id: string | undefined, options: ClientOptions & { limit: number }) => actions(id, options, terminal));
  hubOptions(fed.command('vislzr').description('Where the ecosystem is drawn: the address to open.')).action(
    (options: ClientOptions) => {
      const url = `${createClient(options, terminal).url}/ecosystem`;
      createOutput(terminal, options).answer({ url }, () => url);
    },
  );
}

async function verify(options: ClientOptions & Projects, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const client = createClient(options, terminal);
  output.progress('Asking every endpoint …');
  const answer = await client.post<FedVerification>('/api/fed/verify', { projects: options.project });
  const unwell = answer.results.filter(
    ({ endpoints, signature }) =>
      endpoints.some(({ name, status }) => name === 'health' && status !== 'ok') ||
      ['refused', 'open', 'failed'].includes(signature.status),
  );
  output.answer(answer, () => describeVerification(answer, output.paint));
  if (unwell.length > 0) process.exitCode = EXIT.failure;
}

function describeVerification({ results }: FedVerification, paint: Paint): string {
  if (results.length === 0) return 'No projects yet. Add the first: orrery project add https://your-product.example';
  const summary = table(
    ['PROJECT', 'STATUS', 'ENDPOINTS', 'LATENCY', 'SIGNATURE', 'VERSION', 'ACTIONS'],
    results.map(({ project, status, endpoints, capabilities, signature }) => [
      project,
      state(status, paint),
      `${endpoints.filter((one) => one.status === 'ok').length}/${endpoints.length} ok`,
      latency(endpoints.find(({ name }) => name === 'health')?.latencyMs ?? null),
      state(signature.status, paint),
      printable(capabilities?.version ?? '–'),
      printable(capabilities?.actions.join(', ') || '–'),
    ]),
    paint,
  );
  const complaints = results.flatMap(({ project, endpoints, signature }) => [
    ...endpoints
      .filter(({ status }) => status !== 'ok')
      .map(
        ({ name, url, reason }) =>
          `  ${project}  ${printable(name)}: ${printable(`${reason ?? 'no answer'} (${url})`)}`,
      ),
    ...(signature.status === 'ok'
      ? []
      : [`  ${project}  signature: ${printable(signature.reason ?? signature.status)}`]),
  ]);
  return complaints.length === 0 ? summary : `${summary}\n\n${complaints.join('\n')}`;
}

async function refresh(options: ClientOptions & Projects, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const client = createClient(options, terminal);
  output.progress('Asking every project …');
  // What the hub reads by itself, and what those who allow it are asked to send.
  const [pulled, asked] = await Promise.all([
    client.post<RefreshResult>('/api/fed/refresh', { projects: options.project }),
    client.post<FanoutAnswer>('/api/fed/actions', { action: 'fed.refresh.summaries', projects: options.project }),
  ]);
  const sent = new Map(asked.results.map((result) => [result.project, result]));
  const results = pulled.results.map((result) => ({
    ...result,
    summaries: sent.get(result.project)?.status ?? 'denied',
  }));
  output.answer({ requestId: asked.requestId, results }, () =>
    table(
      ['PROJECT', 'PULLED', 'SUMMARIES', ''],
      results.map(({ project, status, summaries, reason }) => [
        project,
        state(status, output.paint),
        summaries === 'sent' ? 'asked for' : summaries === 'denied' ? 'not allowed' : summaries,
        printable(reason ?? ''),
      ]),
      output.paint,
    ),
  );
  if (results.some(({ status }) => status !== 'refreshed')) process.exitCode = EXIT.failure;
}

async function graph(
  options: ClientOptions & { format: 'json' | 'dot' | 'mermaid'; blast?: string; at?: string },
  terminal: Terminal,
): Promise<void> {
  const client = createClient(options, terminal);
  const output = createOutput(terminal, options);
  if (options.blast !== undefined) {
    const blast = await client.get<BlastRadius>(`/api/fed/graph/blast/${encodeURIComponent(options.blast)}`);
    output.answer(blast, () =>
      blast.hit.length === 0
        ? `Nobody needs ${blast.slug}.`
        : table(
            ['HIT', 'STRENGTH', 'VIA'],
            blast.hit.map(({ slug, strength, via }) => [slug, strength.toFixed(2), via.join(' → ')]),
            output.paint,
          ),
    );
    return;
  }
  const drawn = await client.get<EcosystemGraph>(
    `/api/fed/graph${options.at === undefined ? '' : `?at=${encodeURIComponent(options.at)}`}`,
  );
  const { format } = options;
  output.line(format === 'json' || options.json ? JSON.stringify(drawn, null, 2) : drawGraph(drawn, format));
}

async function run(action: string, options: RunOptions, terminal: Terminal): Promise<void> {
  const client = createClient(options, terminal);
  const output = createOutput(terminal, options);
  const params = options.param?.map(readParam);
  const answer = await client.post<FanoutAnswer>('/api/fed/actions', {
    action,
    projects: options.project,
    ...(params ? { params: Object.fromEntries(params) } : {}),
    dryRun: options.dryRun === true,
  });
  const last = answer.dryRun ? answer : { ...(await awaitRuns(client, answer, options.wait ?? 0)), dryRun: false };
  output.answer(last, () => {
    const head = last.dryRun
      ? `Would ask ${last.counts.sent} of ${last.results.length} for ${printable(last.instanceAction)}; nothing was sent.`
      : `${printable(last.instanceAction)}: ${last.counts.sent} sent, ${last.counts.denied} denied, ${last.counts.failed} failed (${last.requestId})`;
    return `${head}\n\n${describeResults(last.results, output.paint, last.dryRun)}`;
  });
  // Some that do not allow it are no failure of those that do.
  const failed = last.counts.failed + last.counts.pending + last.runs.failed;
  if (failed > 0 || last.counts.sent === 0) process.exitCode = EXIT.failure;
}

/** Values are JSON where they are, and text otherwise. */
function readParam(text: string): [string, unknown] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new CliError(EXIT.usage, `--param ${text}: write name=value`);
  const value = text.slice(equals + 1);
  try {
    return [text.slice(0, equals), JSON.parse(value) as unknown];
  } catch {
    return [text.slice(0, equals), value];
  }
}

async function awaitRuns(client: Client, answer: FanoutDetail, seconds: number): Promise<FanoutDetail> {
  const end = Date.now() + seconds * 1000;
  let last = answer;
  while (last.finishedAt === null && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    last = await client.get<FanoutDetail>(`/api/fed/actions/${encodeURIComponent(answer.requestId)}`);
  }
  return last;
}

function describeResults(results: readonly FanoutResult[], paint: Paint, dryRun: boolean): string {
  return table(
    ['PROJECT', 'OUTCOME', 'RUN', 'AUDIT ID', ''],
    results.map(({ project, status, reason, auditId, run: found, runUnknown }) => [
      project,
      dryRun && status === 'sent' ? 'would be sent' : state(status, paint),
      found ? state(found.status, paint) : '–',
      auditId ?? '–',
      printable(reason ?? runUnknown ?? ''),
    ]),
    paint,
  );
}

async function actions(
  id: string | undefined,
  options: ClientOptions & { limit: number },
  terminal: Terminal,
): Promise<void> {
  const client = createClient(options, terminal);
  const output = createOutput(terminal, options);
  if (id !== undefined) {
    const detail = await client.get<FanoutDetail>(`/api/fed/actions/${encodeURIComponent(id)}`);
    output.answer(detail, () => {
      const head = `${printable(detail.action)}, asked by ${printable(detail.requestedBy)} ${ago(detail.createdAt, Date.now())}`;
      return `${head}\n\n${describeResults(detail.results, output.paint, false)}`;
    });
    return;
  }
  const items = await client.list<Fanout>('/api/fed/actions', {}, options.limit);
  output.answer({ items }, () =>
    items.length === 0
      ? 'Nothing was asked of an instance yet. Try: orrery fed run fed.audit.security.sweep --dry-run'
      : table(
          ['REQUEST', 'ACTION', 'BY', 'WHEN', 'SENT', 'DENIED', 'FAILED', 'RUNS'],
          items.map(({ requestId, action, requestedBy, createdAt, counts, runs }) => [
            requestId,
            printable(action),
            printable(requestedBy),
            ago(createdAt, Date.now()),
            String(counts.sent),
            String(counts.denied),
            String(counts.failed),
            `${runs.succeeded} ok, ${runs.failed} failed${runs.open > 0 ? `, ${runs.open} open` : ''}`,
          ]),
          output.paint,
        ),
  );
}
