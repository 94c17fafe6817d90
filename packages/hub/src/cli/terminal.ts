/** What a command has of its surroundings; main.ts hands in the process's own. */
export type Terminal = {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
};

/** Exit codes that scripts can trust. */
export const EXIT = {
  ok: 0,
  /** It failed, or it found something: the message says what. */
  failure: 1,
  /** The command line, the environment, the configuration or the input has a mistake; nothing was done. */
  usage: 2,
  /** No hub answers. */
  unreachable: 3,
  /** The hub answers, but the key is missing, wrong, or may not do this. */
  denied: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a message, what to do next, and an exit code. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly fields: readonly { field: string; reason: string }[];
  /** The hub's status, where it answered with a refusal. */
  readonly status: number | undefined;
  constructor(
    exitCode: ExitCode,
    message: string,
    options: { hint?: string; fields?: readonly { field: string; reason: string }[]; status?: number } = {},
  ) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.hint = options.hint;
    this.fields = options.fields ?? [];
    this.status = options.status;
  }
}

/** Text from elsewhere without what would steer the terminal: control characters and reordering marks. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
  text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, ' ');

/** Reads all of stdin: a password or key that must not stand on the command line. */
export async function readStdin(stdin: NodeJS.ReadStream, maxBytes = 64 * 1024): Promise<string> {
  let text = '';
  for await (const chunk of stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.length > maxBytes) throw new CliError(EXIT.usage, 'stdin holds more than was expected');
  }
  return text.replace(/\r?\n$/, '');
}
