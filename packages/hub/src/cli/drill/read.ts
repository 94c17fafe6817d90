import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { DrillDeclaration } from '../../drill/index.ts';
import type { Output } from '../output.ts';
import { CliError, EXIT, printable, type Terminal } from '../terminal.ts';

/** Reads drill.yaml whole or not at all; `${NAME}` takes a variable of the environment. */
export async function readDrill(file: string, { env, cwd }: Terminal): Promise<DrillDeclaration> {
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    const text = readFileSync(resolve(cwd, file), 'utf8');
    value = filled(parse(text), env);
  } catch (error) {
    throw new CliError(EXIT.usage, `${file} cannot be read: ${printable((error as Error).message)}`);
  }
  const read = DrillDeclaration.safeParse(value);
  if (read.success) return read.data;
  const fields = read.error.issues.map(({ path, message }) => ({ field: path.join('.'), reason: message }));
  throw new CliError(EXIT.usage, `${file} has ${fields.length === 1 ? 'a mistake' : `${fields.length} mistakes`}`, {
    fields,
  });
}

function filled(value: unknown, env: Terminal['env']): unknown {
  if (Array.isArray(value)) return value.map((each) => filled(each, env));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, env)]));
  if (typeof value !== 'string') return value;
  return value.replace(/\$\{([A-Z][A-Z0-9_]*)\}/g, (_, name: string) => {
    const found = env[name];
    if (found === undefined) throw new Error(`the environment has no ${name}`);
    return found;
  });
}

/** Says what will be done and goes on only with a yes: of a person at the terminal, or given before by --yes. */
export async function confirm(plan: string, yes: boolean, terminal: Terminal, output: Output): Promise<void> {
  output.progress(plan);
  if (yes) return;
  if (!terminal.stdin.isTTY)
    throw new CliError(EXIT.usage, 'this breaks things on purpose, and nobody is there to say yes', {
      hint: 'read what stands above, then add --yes',
    });
  const lines = createInterface({ input: terminal.stdin, output: terminal.stderr });
  try {
    const said = await lines.question('Go on? Type yes: ');
    if (said.trim().toLowerCase() !== 'yes') throw new CliError(EXIT.failure, 'nothing was done');
  } finally {
    lines.close();
  }
}
