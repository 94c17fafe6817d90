import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createOutput, state, table } from '../output.ts';
import { EXIT, type Terminal } from '../terminal.ts';

type Row = {
  name: string;
  state: 'set' | 'default' | 'unset' | 'invalid' | 'missing';
  /** Never there for a secret. */
  value?: string;
  reason?: string;
  reserved?: boolean;
};

export function registerEnv(program: Command, terminal: Terminal): void {
  const env = program.command('env').description('Look at the environment.').helpCommand(false);
  env
    .command('check')
    .description('Which variables are set, valid and missing; secrets are never printed.')
    .option(
      '--config <file>',
      'a file whose references to variables are looked at too (ORRERY_CONFIG, else orrery.yaml)',
    )
    .option('--all', 'also those that nothing asks for')
    .option('--json', 'print JSON')
    .action(async (options: { config?: string; all?: boolean; json?: boolean }) => {
      const output = createOutput(terminal, options);
      const rows = await look(terminal, options.config);
      const bad = rows.filter((row) => row.state === 'invalid' || row.state === 'missing');
      const shown = rows.filter(
        (row) => options.all || (row.state !== 'unset' && (row.state !== 'default' || !row.reserved)),
      );
      output.answer({ ok: bad.length === 0, variables: rows }, () => {
        const cells = shown.map((row) => [row.name, state(row.state, output.paint), row.reason ?? row.value ?? '']);
        const end =
          bad.length === 0
            ? `All is well.${options.all ? '' : ` ${rows.length - shown.length} more are unset: orrery env check --all`}`
            : `${bad.length} to correct.`;
        return `${table(['VARIABLE', 'STATE', 'VALUE'], cells, output.paint)}\n\n${end}`;
      });
      if (bad.length > 0) process.exitCode = EXIT.failure;
    });
}

async function look({ env, cwd }: Terminal, config: string | undefined): Promise<Row[]> {
  const { isLoopback, readConfigFile, readEnvironment, VARIABLE_NAMES, VARIABLES } = await import(
    '../../config/index.ts'
  );
  const production = env.NODE_ENV === 'production' || !isLoopback(env.ORRERY_HOST?.trim() || '127.0.0.1');
  const reading = readEnvironment(env, { production });
  const reasons = new Map([...reading.warnings, ...reading.issues].map(({ field, reason }) => [field, reason]));
  const wrong = new Set(reading.issues.map(({ field }) => field));
  const rows = VARIABLE_NAMES.map((name): Row => {
    const variable: { secret?: boolean; default?: string; reserved?: boolean } = VARIABLES[name];
    const set = reading.set.has(name);
    const value = set ? env[name]?.trim() : variable.default;
    const reason =
      reasons.get(name) ?? (set && variable.reserved ? 'checked, but this version does not use it yet' : undefined);
    const known = set ? 'set' : variable.default === undefined ? 'unset' : 'default';
    return {
      name,
      state: wrong.has(name) ? (set ? 'invalid' : 'missing') : known,
      ...(value === undefined ? {} : variable.secret ? { value: '(secret)' } : { value }),
      ...(reason === undefined ? {} : { reason }),
      ...(variable.reserved ? { reserved: true } : {}),
    };
  });
  for (const { field, reason } of reading.issues)
    if (!rows.some((row) => row.name === field)) rows.push({ name: field, state: 'invalid', reason });
  const file = resolve(cwd, config ?? (env.ORRERY_CONFIG || 'orrery.yaml'));
  if (!existsSync(file)) return rows;
  const { references, issues } = readConfigFile(file, env);
  for (const name of references) {
    if (rows.some((row) => row.name === name)) continue;
    // A reference with a default is fine without its variable.
    const needed = issues.find((issue) => issue.reason.startsWith(`the environment variable ${name} `));
    if (needed)
      rows.push({ name, state: 'missing', reason: `${needed.source}:${needed.line} ${needed.field} asks for it` });
    else rows.push({ name, state: env[name] ? 'set' : 'default', value: env[name] ? '(named in the file)' : '' });
  }
  return rows;
}
