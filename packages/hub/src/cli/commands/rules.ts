import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type RuleDeclaration, RuleTestInput, type RuleTestResult, type RuleView } from '@orrery/protocol';
import type { Command } from 'commander';
import { type ClientOptions, createClient, hubOptions } from '../client.ts';
import { ago, createOutput, table } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

type TestOptions = ClientOptions & { event?: string; sample?: string; config?: string };

export function registerRules(program: Command, terminal: Terminal): void {
  const rules = program
    .command('rules')
    .description('List rules over events and samples, try one, print some to begin with.')
    .helpCommand(false);
  hubOptions(
    rules.command('list').description('All rules, and how often each has matched since the hub began.'),
  ).action(async (options: ClientOptions) => {
    const output = createOutput(terminal, options);
    const { items } = await createClient(options, terminal).get<{ items: RuleView[] }>('/ops/rules');
    const now = Date.now();
    output.answer({ items }, () =>
      items.length === 0
        ? 'No rules. `orrery rules examples` prints five to begin with.'
        : table(
            ['NAME', 'ON', 'DOES', 'MATCHES', 'LAST', 'ERRORS', 'TROUBLE'],
            items.map((rule) => [
              rule.name,
              rule.on,
              rule.enabled ? rule.effect.kind : 'off',
              String(rule.matches),
              ago(rule.lastMatchAt, now),
              String(rule.errors),
              rule.lastError ? printable(rule.lastError) : '–',
            ]),
            output.paint,
          ),
    );
  });
  hubOptions(
    rules
      .command('test')
      .description('What a rule would do with an event or a sample; nothing is done. Exits 1 when it does not match.'),
  )
    .argument('<name>', 'from `orrery rules list`, or of the file')
    .option(
      '--event <json>',
      'the event: {"type": "deploy.finished", "project": "veria", "data": {…}}; @file reads one',
    )
    .option(
      '--sample <json>',
      'the sample: {"project": "veria", "key": "ai.cost_usd_24h", "value": 71}; @file reads one',
    )
    .option('--config <file>', 'take the rule from this file, without a hub')
    .action((name: string, options: TestOptions) => test(name, options, terminal));
  rules
    .command('examples')
    .description('Five rules to begin with, as YAML for orrery.yaml.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const { RULE_EXAMPLES } = await import('../../alerts/index.ts');
      if (options.json) createOutput(terminal, options).answer({ yaml: RULE_EXAMPLES }, () => RULE_EXAMPLES);
      else terminal.stdout.write(RULE_EXAMPLES);
    });
}

async function test(name: string, options: TestOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal, options);
  if ((options.event === undefined) === (options.sample === undefined))
    throw new CliError(EXIT.usage, 'give one of --event and --sample');
  const rule =
    options.config === undefined
      ? await ruleOfHub(name, options, terminal)
      : await ruleOfFile(name, options.config, terminal);
  const subject =
    options.event === undefined
      ? { sample: json('--sample', options.sample, terminal) }
      : { event: json('--event', options.event, terminal) };
  const input = RuleTestInput.safeParse({ rule, ...subject });
  if (!input.success) {
    const [issue] = input.error.issues;
    throw new CliError(EXIT.usage, `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const result =
    options.config === undefined
      ? await createClient(options, terminal).post<RuleTestResult>('/ops/rules/test', input.data)
      : (await import('../../alerts/index.ts')).tryRule(input.data, Date.now());
  if (!result.matched) {
    const why = result.error ?? result.problems?.map(({ field, reason }) => `${field}: ${reason}`).join('; ');
    throw new CliError(EXIT.failure, `${name} does not match${why ? `: ${printable(why)}` : ''}`);
  }
  output.answer(result, () => [`${name} matches; ${result.effect?.kind}:`, ...lines(result.effect)].join('\n'));
}

const lines = (effect: RuleTestResult['effect']): string[] =>
  (['project', 'service', 'title', 'description', 'recommendation'] as const).flatMap((field) =>
    effect?.[field] ? [`  ${field}: ${printable(effect[field])}`] : [],
  );

async function ruleOfHub(name: string, options: ClientOptions, terminal: Terminal): Promise<RuleDeclaration> {
  const { items } = await createClient(options, terminal).get<{ items: RuleView[] }>('/ops/rules');
  const found = items.find((rule) => rule.name === name);
  if (!found) throw missing(name, items);
  const { declaredIn: _, matches: __, errors: ___, lastMatchAt: ____, lastError: _____, ...rule } = found;
  return rule;
}

async function ruleOfFile(name: string, file: string, terminal: Terminal): Promise<RuleDeclaration> {
  const { ConfigError, readConfigFile } = await import('../../config/index.ts');
  const { file: read, issues } = readConfigFile(resolve(terminal.cwd, file), terminal.env);
  if (!read) throw new ConfigError(issues);
  const rules = read.rules.map(({ declaration }) => declaration);
  const found = rules.find((rule) => rule.name === name);
  if (!found) throw missing(name, rules);
  return found;
}

const missing = (name: string, rules: readonly { name: string }[]): CliError =>
  new CliError(EXIT.usage, `there is no rule ${printable(name)}`, {
    hint: rules.length > 0 ? `there are ${rules.map((rule) => rule.name).join(', ')}` : 'none is declared',
  });

function json(option: string, text = '', terminal: Terminal): unknown {
  try {
    return JSON.parse(text.startsWith('@') ? readFileSync(resolve(terminal.cwd, text.slice(1)), 'utf8') : text);
  } catch (error) {
    throw new CliError(EXIT.usage, `${option} is no JSON: ${printable((error as Error).message)}`);
  }
}
