import type { ConfigError } from '../config/index.ts';
import { ERROR_CODES, HubError } from '../platform/errors.ts';
import { painter } from './output.ts';
import { CliError, EXIT, printable, type Terminal } from './terminal.ts';

type Failure = {
  error: string;
  exitCode: number;
  hint?: string;
  fields?: readonly { field: string; reason: string }[];
  lines?: readonly string[];
};

/** Says on stderr what went wrong and what to do next (with `--json` as one JSON line), and answers the exit code. */
export async function reportFailure(error: unknown, terminal: Terminal, json: boolean): Promise<number> {
  const failure = await describe(error);
  if (json) {
    const { lines, ...rest } = failure;
    const issues = isConfigError(error) ? { issues: error.issues } : {};
    terminal.stderr.write(`${JSON.stringify({ ...rest, ...issues })}\n`);
    return failure.exitCode;
  }
  const paint = painter(terminal.stderr, terminal.env);
  const lines = [
    `${paint('red', 'error:')} ${failure.error}`,
    ...(failure.lines ?? []).map((line) => `  ${line}`),
    ...(failure.fields ?? []).map(({ field, reason }) => `  ${printable(field)}: ${printable(reason)}`),
    ...(failure.hint ? [`${paint('cyan', 'next:')} ${failure.hint}`] : []),
  ];
  terminal.stderr.write(`${lines.join('\n')}\n`);
  return failure.exitCode;
}

/** Known by name: loading the configuration room would slow down every command that fails for another reason. */
const isConfigError = (error: unknown): error is ConfigError => error instanceof Error && error.name === 'ConfigError';

async function describe(error: unknown): Promise<Failure> {
  if (error instanceof CliError) {
    const { exitCode, message, hint, fields } = error;
    return { error: message, exitCode, ...(hint ? { hint } : {}), ...(fields.length > 0 ? { fields } : {}) };
  }
  if (isConfigError(error)) {
    const { describeIssue } = await import('../config/index.ts');
    return {
      error: error.message.split('\n', 1)[0] ?? '',
      exitCode: EXIT.usage,
      lines: error.issues.map(describeIssue),
      hint: 'correct them and try again; `orrery config check` looks without starting',
    };
  }
  if (error instanceof HubError) {
    const [status] = ERROR_CODES[error.code];
    const exitCode = status === 400 ? EXIT.usage : status === 401 || status === 403 ? EXIT.denied : EXIT.failure;
    // The detail may say them all already.
    const fields = error.fields?.filter(({ reason }) => !error.message.includes(reason)) ?? [];
    return { error: error.message, exitCode, ...(fields.length > 0 ? { fields } : {}) };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return {
      error: 'the port is taken by another program',
      exitCode: EXIT.failure,
      hint: 'choose another with --port or ORRERY_PORT (0 takes a free one), or stop what uses it',
    };
  if (code === 'EACCES' || code === 'EPERM')
    return {
      error: `not permitted: ${message}`,
      exitCode: EXIT.failure,
      hint: 'give this user the right to it, or choose another folder or port',
    };
  return { error: error instanceof Error ? message : String(error), exitCode: EXIT.failure };
}
