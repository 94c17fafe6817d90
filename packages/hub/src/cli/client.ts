import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Problem } from '@orrery/protocol';
import type { Command } from 'commander';
import type { OutboundTls } from '../platform/outbound.ts';
import { CliError, EXIT, printable, type Terminal } from './terminal.ts';
import { send } from './transport.ts';

export type ClientOptions = { url?: string; keyFile?: string; data?: string; json?: boolean };

/** The options of every command that talks to a hub. */
export const hubOptions = (command: Command): Command =>
  command
    .option('--url <url>', 'the hub (ORRERY_URL; else the one that runs on the data folder)')
    .option('--key-file <file>', 'a file that holds an API key (ORRERY_API_KEY; else the local key of the data folder)')
    .option('--data <dir>', 'the data folder that the hub runs on (ORRERY_DATA_DIR)')
    .option('--json', 'print JSON');

type Query = Record<string, string | number | boolean | undefined>;
export type Client = {
  url: string;
  get<T>(path: string, query?: Query): Promise<T>;
  /** The answer as it is, for what is no JSON. */
  text(path: string, query?: Query): Promise<string>;
  post<T>(path: string, body?: unknown, query?: Query): Promise<T>;
  /** A call to a model, which may take minutes; what tells of it stands in the headers. */
  ask<T>(path: string, body: unknown): Promise<{ value: T; headers: Readonly<Record<string, string>> }>;
  put<T>(path: string, body: unknown): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
  delete<T>(path: string): Promise<T>;
  /** Every item of a paged list, up to `limit`. */
  list<T>(path: string, query: Query, limit: number): Promise<T[]>;
};

/** As long as the gateway gives a provider at most. */
const ASK_MS = 600_000;

type Local = { url: string; key: string; cert?: string };

/** The one client of the hub's API. A key from the data folder is only ever sent to the hub that wrote it. */
export function createClient(options: ClientOptions, terminal: Terminal): Client {
  const { env, cwd } = terminal;
  const local = readLocal(resolve(cwd, options.data ?? (env.ORRERY_DATA_DIR || '.orrery')));
  const given = options.url ?? (env.ORRERY_URL || undefined);
  const url = (given ?? local?.url)?.replace(/\/+$/, '');
  if (url === undefined)
    throw new CliError(EXIT.unreachable, 'no hub runs on this data folder', {
      hint: 'start one with `orrery serve`, or name one with --url or ORRERY_URL (and --data for another folder)',
    });
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw new CliError(
      EXIT.usage,
      `${given === options.url ? '--url' : 'ORRERY_URL'} must be an http:// or https:// URL`,
    );
  const key = options.keyFile
    ? readKeyFile(resolve(cwd, options.keyFile))
    : env.ORRERY_API_KEY?.trim() || (local && sameOrigin(local.url, url) ? local.key : undefined);

  const tls = tlsOf(env, cwd, local?.cert !== undefined && sameOrigin(local.url, url) ? local.cert : undefined);

  async function call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    query: Query = {},
    body?: unknown,
    timeoutMs?: number,
  ) {
    const target = new URL(`${url}${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) target.searchParams.set(name, String(value));
    const headers: Record<string, string> = { accept: 'application/json', ...(key ? { 'x-api-key': key } : {}) };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const exchange = {
      url: target.href,
      method,
      headers,
      ...(tls ? { tls } : {}),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const answer = await send(exchange, timeoutMs);
    if ('unreachable' in answer)
      throw new CliError(EXIT.unreachable, `no hub answers at ${url} (${answer.unreachable})`, {
        hint: 'is it running? `orrery doctor` looks for the cause',
      });
    if (answer.status >= 400) throw refusal(answer.status, answer.text, key !== undefined);
    return answer;
  }
  const json = async <T>(...args: Parameters<typeof call>): Promise<T> => {
    return read<T>((await call(...args)).text);
  };
  const read = <T>(text: string): T => {
    if (text === '') return undefined as T;
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new CliError(EXIT.failure, `what answers at ${url} is no Orrery hub`, {
        hint: 'check --url and ORRERY_URL',
      });
    }
  };
  return {
    url,
    get: (path, query) => json('GET', path, query),
    text: async (path, query) => (await call('GET', path, query)).text,
    post: (path, body, query) => json('POST', path, query, body ?? {}),
    async ask<T>(path: string, body: unknown) {
      const { text, headers } = await call('POST', path, {}, body, ASK_MS);
      return { value: read<T>(text), headers };
    },
    put: (path, body) => json('PUT', path, {}, body),
    patch: (path, body) => json('PATCH', path, {}, body),
    delete: (path) => json('DELETE', path),
    async list<T>(path: string, query: Query, limit: number) {
      const items: T[] = [];
      let cursor: string | undefined;
      do {
        const page = await json<{ items: T[]; nextCursor?: string }>('GET', path, {
          ...query,
          limit: Math.min(200, limit - items.length),
          cursor,
        });
        items.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== undefined && items.length < limit);
      return items;
    },
  };
}

function readLocal(dataDir: string): Local | undefined {
  // The demo keeps its data in a folder of its own, so that trying Orrery leaves no trace in the real one.
  for (const folder of [dataDir, join(dataDir, 'demo')]) {
    try {
      const { url, key, pid, cert } = JSON.parse(readFileSync(join(folder, 'local.json'), 'utf8')) as Record<
        string,
        unknown
      >;
      if (typeof url === 'string' && typeof key === 'string' && isAlive(pid))
        return { url, key, ...(typeof cert === 'string' ? { cert } : {}) };
    } catch {
      // Absent, half-written or unreadable: then there is no local hub to speak of.
    }
  }
  return undefined;
}

/** A file that a killed hub left behind names a process that is gone. */
function isAlive(pid: unknown): boolean {
  if (typeof pid !== 'number') return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What the environment says of TLS; to the hub of the data folder, the certificate that it wrote down is the one that counts. */
function tlsOf(env: Terminal['env'], cwd: string, localCert: string | undefined): OutboundTls | undefined {
  const read = (name: 'ORRERY_CA' | 'ORRERY_CLIENT_CERT' | 'ORRERY_CLIENT_KEY'): string | undefined => {
    const file = env[name]?.trim();
    if (!file) return undefined;
    try {
      return readFileSync(resolve(cwd, file), 'utf8');
    } catch (error) {
      throw new CliError(EXIT.usage, `${name}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
  };
  const [ca, cert, key] = [read('ORRERY_CA'), read('ORRERY_CLIENT_CERT'), read('ORRERY_CLIENT_KEY')];
  if ((cert === undefined) !== (key === undefined))
    throw new CliError(EXIT.usage, 'ORRERY_CLIENT_CERT and ORRERY_CLIENT_KEY go together');
  const pinned = localCert === undefined ? undefined : new X509Certificate(readFileSync(localCert)).fingerprint256;
  return ca || cert || pinned ? { ca, cert, key, pinned } : undefined;
}

function readKeyFile(file: string): string {
  let key: string;
  try {
    key = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CliError(EXIT.usage, `--key-file: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (key === '' || /\s/.test(key)) throw new CliError(EXIT.usage, `--key-file: ${file} holds no key`);
  return key;
}

const sameOrigin = (a: string, b: string): boolean => URL.parse(a)?.origin === URL.parse(b)?.origin;

/** A problem (RFC 9457) as an error of the command line. */
function refusal(status: number, text: string, hadKey: boolean): CliError {
  let problem: Partial<Omit<Problem, 'error'>> & { error?: string | { message?: string } } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    // A proxy in between answers in its own words; the status says enough.
  }
  // The wire formats of models have their words inside; the envelope of /admin/system has them here.
  const inner = typeof problem.error === 'object' ? problem.error?.message : problem.error;
  const message = printable(problem.detail ?? problem.title ?? inner ?? `the hub answered with status ${status}`);
  const fields = problem.fields ?? [];
  if (status === 401)
    return new CliError(EXIT.denied, hadKey ? message : 'the hub wants a key', {
      hint: "make one in the console or with `orrery keys create` on the hub's machine, and pass it by --key-file or ORRERY_API_KEY",
    });
  if (status === 403) return new CliError(EXIT.denied, message, { hint: 'use a key with a role that may do this' });
  return new CliError(status === 400 ? EXIT.usage : EXIT.failure, message, { fields, status });
}
