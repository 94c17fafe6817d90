import type { AiBudget, AiCall, AiForecast, AiProviderView, AiUsage, BudgetInput } from '@orrery/protocol';
import { type Command, Option } from 'commander';
import { positive, wholeNumber } from '../arguments.ts';
import { type Client, type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, latency, type Output, state, table } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

const BY = ['provider', 'model', 'tenant', 'project', 'intent', 'key'] as const;
const INTENTS = ['chat', 'extract', 'summarize', 'route'] as const;
const HOUR = 3_600_000;

export function registerAi(program: Command, terminal: Terminal): void {
  const ai = program
    .command('ai')
    .description('AI calls through the hub: providers, usage, budgets; try one.')
    .helpCommand(false);
  hubOptions(ai.command('providers').description('Providers and how they are.')).action((options: ClientOptions) =>
    providers(options, terminal),
  );
  hubOptions(ai.command('test').description('Ask each provider, or one of them, for a word. It costs a few tokens.'))
    .argument('[provider]', 'its name')
    .action((name: string | undefined, options: ClientOptions) => test(name, options, terminal));
  hubOptions(ai.command('usage').description('Calls, latency, tokens and cost.'))
    .option('--hours <n>', 'of the last so many hours', wholeNumber(1, 19_200), 24)
    .addOption(new Option('--by <what>', 'one line for each').choices(BY).default('provider'))
    .option('--project <slug>', 'only of this project')
    .action((options: UsageOptions) => usage(options, terminal));
  hubOptions(ai.command('try').description('Make one call, and show why it went where it went.'))
    .argument('<text>', 'what to ask, or the text to work on')
    .addOption(new Option('--intent <intent>', 'what to do').choices(INTENTS).default('chat'))
    .option('--model <model>', 'a model, an alias, provider/model, or auto', 'auto')
    .action((text: string, options: TryOptions) => tryOne(text, options, terminal));
  const budget = ai.command('budget').description('Budgets, and how far each is used.').helpCommand(false);
  hubOptions(budget.command('list', { isDefault: true }).description('Every budget.')).action(
    (options: ClientOptions) => listBudgets(options, terminal),
  );
  hubOptions(budget.command('set').description('Declare a budget, or change one that orrery.yaml does not declare.'))
    .argument('<name>', 'lower-case letters, digits, "-" and "_"')
    .addOption(
      new Option('--per <period>', 'for a calendar period of UTC').choices(['minute', 'day', 'month']).default('month'),
    )
    .option('--cost <usd>', 'US dollars', positive)
    .option('--tokens <n>', 'tokens', wholeNumber(1, 1e12))
    .option('--requests <n>', 'calls', wholeNumber(1, 1e12))
    .option('--tenant <tenant>', 'only calls of this tenant')
    .option('--project <slug>', 'only calls of this project')
    .option('--key <id>', 'only calls with this API key')
    .option('--user <user>', 'only calls for this end user')
    .option('--model <model>', 'only calls for this model; * stands for anything')
    .addOption(
      new Option('--each <what>', 'one such budget for each').choices(['tenant', 'project', 'key', 'user', 'model']),
    )
    .option('--local', 'beyond it ask a local model, in place of refusing')
    .action((name: string, options: SetOptions) => setBudget(name, options, terminal));
  hubOptions(budget.command('remove').description('Remove a budget that orrery.yaml does not declare.'))
    .argument('<name>', 'from `orrery ai budget`')
    .action(async (name: string, options: ClientOptions) => {
      await createClient(options, terminal).delete(`/ops/ai/budgets/${encodeURIComponent(name)}`);
      createOutput(terminal, options).answer({ removed: name }, () => `The budget ${name} is removed.`);
    });
}

type UsageOptions = ClientOptions & { hours: number; by: (typeof BY)[number]; project?: string };
type TryOptions = ClientOptions & { intent: (typeof INTENTS)[number]; model: string };
type SetOptions = ClientOptions & {
  per: 'minute' | 'day' | 'month';
  cost?: number;
  tokens?: number;
  requests?: number;
  each?: BudgetInput['each'];
  local?: boolean;
} & Partial<Record<'tenant' | 'project' | 'key' | 'user' | 'model', string>>;

const usd = (value: number | null | undefined): string =>
  value === null || value === undefined
    ? 'unpriced'
    : `$${value < 1 ? Number(value.toPrecision(3)) : value.toFixed(2)}`;

async function providers(options: ClientOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const { items } = await createClient(options, terminal).get<{ items: AiProviderView[] }>('/ops/ai/providers');
  output.answer({ items }, () => {
    if (items.length === 0) return 'No provider is declared; see `ai.providers` in docs/orchestrator.md.';
    const now = Date.now();
    return table(
      ['NAME', 'STATE', 'PRIORITY', 'LATENCY', 'NOW', 'BREAKERS', 'LAST FAILURE', 'MODELS'],
      items.map((one) => [
        one.name + (one.local ? ' (local)' : ''),
        state(one.state, output.paint),
        String(one.priority),
        latency(one.latencyMs),
        String(one.inFlight),
        one.keys.map(({ breaker }) => breaker).join(', '),
        one.lastFailureAt === null ? 'none' : `${ago(one.lastFailureAt, now)}: ${printable(one.lastFailure ?? '')}`,
        one.models.map(({ name }) => name).join(', '),
      ]),
      output.paint,
    );
  });
}

type Tested = { provider: string; ok: boolean; model: string; latencyMs: number; detail: string };

async function test(name: string | undefined, options: ClientOptions, terminal: Terminal): Promise<void> {
  const client = createClient(options, terminal);
  const output = createOutput(terminal, options);
  const { items } = await client.get<{ items: AiProviderView[] }>('/ops/ai/providers');
  const chosen = items.filter((one) => name === undefined || one.name === name);
  if (chosen.length === 0)
    throw new CliError(EXIT.usage, name === undefined ? 'no provider is declared' : `no provider "${name}"`);
  const tested: Tested[] = [];
  for (const provider of chosen) tested.push(await testOne(client, provider));
  output.answer({ items: tested }, () =>
    table(
      ['PROVIDER', 'RESULT', 'MODEL', 'TOOK', 'DETAIL'],
      tested.map((one) => [
        one.provider,
        state(one.ok ? 'ok' : 'fail', output.paint),
        one.model,
        latency(one.latencyMs),
        printable(one.detail),
      ]),
      output.paint,
    ),
  );
  if (tested.some(({ ok }) => !ok)) process.exitCode = EXIT.failure;
}

async function testOne(client: Client, provider: AiProviderView): Promise<Tested> {
  const model = provider.models[0]?.name ?? '';
  const started = performance.now();
  const took = () => Math.round(performance.now() - started);
  const tested = { provider: provider.name, model };
  if (model === '') return { ...tested, ok: false, latencyMs: 0, detail: 'no model of it is known' };
  try {
    await client.ask('/v1/chat/completions', {
      model: `${provider.name}/${model}`,
      max_tokens: 16,
      messages: [{ role: 'user', content: 'Answer with the one word: ready' }],
    });
    return { ...tested, ok: true, latencyMs: took(), detail: 'it answers' };
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === EXIT.unreachable) throw error;
    return { ...tested, ok: false, latencyMs: took(), detail: error.message };
  }
}

async function usage({ hours, by, project, ...options }: UsageOptions, terminal: Terminal): Promise<void> {
  const client = createClient(options, terminal);
  const output = createOutput(terminal, options);
  const to = Date.now();
  const query = { from: new Date(to - hours * HOUR).toISOString(), to: new Date(to).toISOString(), by, project };
  const [figures, bill] = [
    await client.get<AiUsage>('/ops/ai/usage', query),
    await client.get<AiForecast>('/ops/ai/forecast'),
  ];
  output.answer({ ...figures, forecast: bill }, () => {
    const rows = [...figures.groups, { ...figures.total, name: 'in all' }].map((one) => [
      printable(one.name || 'none'),
      String(one.calls),
      one.successRate === null ? '–' : `${one.successRate} %`,
      latency(one.p50Ms),
      latency(one.p95Ms),
      String(one.inputTokens + one.outputTokens),
      String(one.failovers),
      String(one.cacheHits),
      usd(one.costUsd) + (one.unpricedCalls > 0 ? ` and ${one.unpricedCalls} unpriced` : ''),
    ]);
    const month =
      bill.expectedUsd === null
        ? `${bill.month}: ${usd(bill.soFarUsd)} so far`
        : `${bill.month}: ${usd(bill.soFarUsd)} so far, ${usd(bill.expectedUsd)} expected (${usd(bill.lowUsd)} to ${usd(bill.highUsd)})`;
    const head = [by.toUpperCase(), 'CALLS', 'SUCCESS', 'P50', 'P95', 'TOKENS', 'FAILOVERS', 'CACHED', 'COST'];
    return `${table(head, rows, output.paint)}\n\n${month}`;
  });
}

async function tryOne(text: string, { intent, model, ...options }: TryOptions, terminal: Terminal): Promise<void> {
  const client = createClient(options, terminal);
  const output = createOutput(terminal, options);
  const { body, auditId } = await ask(client, text, intent, model);
  // The record is there before the answer is closed; a key without the right to see it gets the answer alone.
  const record = await client.get<AiCall>(`/ops/ai/calls/${encodeURIComponent(auditId)}`).catch((error: unknown) => {
    if (error instanceof CliError && error.exitCode === EXIT.denied) return undefined;
    throw error;
  });
  output.answer({ answer: body, auditId, ...(record ? { call: record } : {}) }, () => {
    const said = typeof body === 'string' ? body : JSON.stringify(body, null, 2);
    return record ? `${printable(said)}\n\n${explain(record, output)}` : printable(said);
  });
}

async function ask(client: Client, text: string, intent: TryOptions['intent'], model: string) {
  if (intent !== 'chat') {
    const payload = { raw_text: text, ...(model === 'auto' ? {} : { model }) };
    const { value } = await client.ask<{ result: unknown; auditId: string }>('/orchestrate', { intent, payload });
    return { body: value.result, auditId: value.auditId };
  }
  const { value, headers } = await client.ask<{ choices?: { message?: { content?: unknown } }[] }>(
    '/v1/chat/completions',
    { model, messages: [{ role: 'user', content: text }] },
  );
  return { body: value.choices?.[0]?.message?.content ?? value, auditId: headers['x-orrery-audit-id'] ?? '' };
}

type Decision = {
  candidates?: { provider: string; model: string }[];
  leftOut?: { provider: string; reason: string }[];
} | null;

function explain(call: AiCall, { paint }: Output): string {
  const decision = call.decision as Decision;
  const failed = new Map(call.failovers.map(({ provider, reason }) => [provider, reason]));
  const lines = [
    ...(decision?.candidates ?? []).map(({ provider, model }) => {
      const fate = failed.get(provider) ?? (provider === call.provider ? 'served' : 'was not needed');
      return [provider, model, fate];
    }),
    ...(decision?.leftOut ?? []).map(({ provider, reason }) => [provider, '', `left out: ${reason}`]),
  ].map((row) => row.map(printable));
  const { usage: used } = call;
  const figures = `${call.provider ?? 'nobody'} in ${call.latencyMs} ms (${call.overheadMs} ms the hub), ${used.inputTokens + used.outputTokens} tokens, ${usd(call.costUsd)}, audit ${call.id}`;
  return lines.length > 0 ? `${table(['PROVIDER', 'MODEL', 'DECISION'], lines, paint)}\n${figures}` : figures;
}

async function listBudgets(options: ClientOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  const { items } = await createClient(options, terminal).get<{ items: AiBudget[] }>('/ops/ai/budgets');
  output.answer({ items }, () => {
    if (items.length === 0) return 'No budget is declared; `orrery ai budget set` declares one.';
    const rows = items.flatMap(({ declaration, declaredIn, windows }) =>
      (windows.length > 0 ? windows : [undefined]).map((window) => [
        declaration.name,
        printable(window?.each ?? ''),
        declaration.per,
        allows(declaration),
        window === undefined ? 'nothing' : `${Math.round(window.share * 100)} %`,
        declaration.over === 'local' ? 'local model' : 'refused',
        declaredIn ?? 'API',
      ]),
    );
    return table(['NAME', 'EACH', 'PER', 'ALLOWS', 'USED', 'BEYOND', 'DECLARED IN'], rows, output.paint);
  });
}

const allows = ({ requests, tokens, costUsd }: AiBudget['declaration']): string =>
  [
    ...(costUsd === undefined ? [] : [usd(costUsd)]),
    ...(tokens === undefined ? [] : [`${tokens} tokens`]),
    ...(requests === undefined ? [] : [`${requests} calls`]),
  ].join(', ');

async function setBudget(name: string, options: SetOptions, terminal: Terminal): Promise<void> {
  const { per, cost, tokens, requests, each, local, tenant, project, key, user, model } = options;
  const match = Object.fromEntries(
    Object.entries({ tenant, project, key, user, model }).filter(([, value]) => value !== undefined),
  );
  const body = {
    ...{ match, per, over: local ? 'local' : 'refuse' },
    ...(each === undefined ? {} : { each }),
    ...(cost === undefined ? {} : { costUsd: cost }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(requests === undefined ? {} : { requests }),
  };
  const answer = await createClient(options, terminal).put<Pick<AiBudget, 'declaration'>>(
    `/ops/ai/budgets/${encodeURIComponent(name)}`,
    body,
  );
  createOutput(terminal, options).answer(
    answer,
    () => `The budget ${name} allows ${allows(answer.declaration)} a ${per}.`,
  );
}
