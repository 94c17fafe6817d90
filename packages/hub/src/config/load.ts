import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { readTls, TlsError, type TlsFiles } from '../platform/http/tls.ts';
import { withEnvironment } from './additions.ts';
import { type Environment, type EnvironmentValues, readEnvironment, textOf } from './environment.ts';
import { type FileConfig, noFile, readConfigFile } from './file.ts';
import { ConfigError, type Issue } from './issue.ts';
import { keptMasterKey } from './masterkey.ts';
import type { Addition } from './platforms.ts';
import { Secret } from './secret.ts';
import type { VariableName } from './variables.ts';

/** Everything a hub is told from outside, read once. */
export type Config = {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Absolute path. */
  readonly dataDir: string;
  readonly databaseUrl?: Secret;
  /** HTTPS by these files (absolute paths), instead of HTTP. */
  readonly tls?: TlsFiles;
  /** Absent: the address that the hub listens on. No slash at its end. */
  readonly publicUrl?: string;
  readonly scope: 'meta' | 'project';
  /** The NATS server of the mesh. */
  readonly nats?: Secret;
  /** Whether roles are enforced; what the file says wins. */
  readonly rbac: boolean;
  readonly metaKey?: Secret;
  readonly cronSecret?: Secret;
  readonly smtpUrl?: Secret;
  /** What requests to instances are signed by, and what it replaces during a rotation. */
  readonly meshKey?: Secret;
  readonly previousMeshKey?: Secret;
  readonly defaultApiKey?: Secret;
  /** `host:port` each. */
  readonly kafkaBrokers?: readonly string[];
  /** Where spans go, by OTLP over HTTP; absent: nothing is traced. */
  readonly tracing?: { readonly endpoint: string; readonly headers?: Secret };
  readonly grafana?: { readonly url: string; readonly token: Secret };
  readonly admin?: { readonly email: string; readonly password: Secret };
  /** ORRERY_SECRET, or the data folder's key: read, or made, when it is first revealed. */
  readonly masterKey: Secret;
  /** Master keys before that one: what they sealed or signed still opens. */
  readonly previousMasterKeys: readonly Secret[];
  readonly logLevel: string;
  readonly file: FileConfig;
  /** Where the file is, or would be if it were written: what is watched. */
  readonly filePath: string;
  /** Others can reach the hub: then it does not start without an administrator. */
  readonly exposed: boolean;
  readonly warnings: readonly Issue[];
  /** What the environment adds to what the file declares. */
  readonly additions: readonly Addition[];
  /** Reads the file again, with the environment of the start. Throws ConfigError with every mistake. */
  readonly reread: () => FileConfig;
};

type Flags = Readonly<Partial<Record<'config' | 'host' | 'port' | 'data' | 'scope' | 'logLevel', string | undefined>>>;
export type ConfigInput = {
  env: Environment;
  flags?: Flags;
  /** What relative paths start from. */
  cwd?: string;
  /** Leaves the file out, for commands that must work although it has mistakes. */
  withoutFile?: boolean;
};

/** What stops a hub that others can reach as long as nobody could sign in to it: whoever found the first link would own it. */
export const NO_ADMINISTRATOR: Issue = {
  source: 'environment',
  field: 'ORRERY_ADMIN_EMAIL',
  reason:
    'is missing, and so is ORRERY_ADMIN_PASSWORD: others can reach this hub, and it has no administrator yet; set both, or make one with `orrery seed-admin`',
};

const FLAG_OF = {
  config: 'ORRERY_CONFIG',
  host: 'ORRERY_HOST',
  port: 'ORRERY_PORT',
  data: 'ORRERY_DATA_DIR',
  scope: 'ORRERY_SCOPE',
  logLevel: 'ORRERY_LOG_LEVEL',
} as const satisfies Record<keyof Flags, VariableName>;

/** Environment, command line and file as one frozen Config. Throws one ConfigError that lists every mistake of all three. */
export function loadConfig({ env, flags = {}, cwd = process.cwd(), withoutFile = false }: ConfigInput): Config {
  const { merged, relabel } = applyFlags(env, flags);
  const host = merged.ORRERY_HOST?.trim() || '127.0.0.1';
  const exposed = !isLoopback(host);
  const reading = readEnvironment(merged, { production: env.NODE_ENV === 'production' || exposed });
  const filePath = resolve(cwd, textOf(reading.values, 'ORRERY_CONFIG') ?? 'orrery.yaml');
  const given = reading.set.has('ORRERY_CONFIG') || existsSync(filePath);
  const read = (): { file?: FileConfig; issues: Issue[]; warnings: Issue[]; additions: readonly Addition[] } => {
    if (withoutFile || (!given && !existsSync(filePath)))
      return withEnvironment({ file: noFile(), issues: [], warnings: [] }, reading.values);
    return withEnvironment(readConfigFile(filePath, env), reading.values);
  };
  const { file, issues, warnings, additions } = read();
  const dataDir = resolve(cwd, textOf(reading.values, 'ORRERY_DATA_DIR') ?? '.orrery');
  // Another database may hold an administrator; that is looked at once it is open.
  const fresh = !reading.set.has('ORRERY_DATABASE_URL') && !existsSync(join(dataDir, 'orrery.db'));
  const nobody = exposed && fresh && !withoutFile && !reading.set.has('ORRERY_ADMIN_EMAIL') ? [NO_ADMINISTRATOR] : [];
  const tls = tlsFiles(reading.values, cwd);
  const all = [...[...reading.issues, ...nobody, ...tlsIssues(tls)].map(relabel), ...issues];
  if (all.length > 0 || file === undefined) throw new ConfigError(all);
  return Object.freeze({
    ...fromEnvironment(reading.values, dataDir),
    ...(tls ? { tls: Object.freeze(tls) } : {}),
    file,
    filePath,
    exposed,
    additions,
    warnings: Object.freeze([...reading.warnings.map(relabel), ...warnings]),
    reread: () => {
      const again = read();
      if (again.file === undefined || again.issues.length > 0) throw new ConfigError(again.issues);
      return again.file;
    },
  });
}

function fromEnvironment(
  values: EnvironmentValues,
  dataDir: string,
): Omit<Config, 'file' | 'filePath' | 'exposed' | 'warnings' | 'additions' | 'reread' | 'tls'> {
  const secret = <K extends string>(key: K, name: VariableName): { [P in K]?: Secret } => {
    const value = textOf(values, name);
    return (value === undefined ? {} : { [key]: new Secret(value) }) as { [P in K]?: Secret };
  };
  const email = textOf(values, 'ORRERY_ADMIN_EMAIL');
  const password = textOf(values, 'ORRERY_ADMIN_PASSWORD');
  const publicUrl = textOf(values, 'ORRERY_PUBLIC_URL');
  const given = textOf(values, 'ORRERY_SECRET');
  const grafanaUrl = textOf(values, 'GRAFANA_URL');
  const grafanaKey = textOf(values, 'GRAFANA_API_KEY');
  const collector = textOf(values, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  return {
    host: textOf(values, 'ORRERY_HOST') ?? '127.0.0.1',
    port: Number(values.ORRERY_PORT ?? 5400),
    dataDir,
    scope: textOf(values, 'ORRERY_SCOPE') === 'project' ? 'project' : 'meta',
    rbac: values.RBAC_ENABLED !== false,
    logLevel: textOf(values, 'ORRERY_LOG_LEVEL') ?? 'info',
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...secret('databaseUrl', 'ORRERY_DATABASE_URL'),
    ...secret('nats', 'ORRERY_NATS_URL'),
    ...secret('metaKey', 'ORRERY_META_API_KEY'),
    ...secret('cronSecret', 'CRON_SECRET'),
    ...secret('smtpUrl', 'SMTP_URL'),
    ...secret('meshKey', 'MESH_HMAC_KEY'),
    ...secret('previousMeshKey', 'MESH_HMAC_KEY_PREVIOUS'),
    ...secret('defaultApiKey', 'ECOSYSTEM_API_KEY'),
    ...(values.KAFKA_BROKERS === undefined ? {} : { kafkaBrokers: [values.KAFKA_BROKERS].flat().map(String) }),
    ...(collector === undefined
      ? {}
      : { tracing: Object.freeze({ endpoint: collector, ...secret('headers', 'OTEL_EXPORTER_OTLP_HEADERS') }) }),
    ...(grafanaUrl !== undefined && grafanaKey !== undefined
      ? { grafana: Object.freeze({ url: grafanaUrl, token: new Secret(grafanaKey) }) }
      : {}),
    ...(email !== undefined && password !== undefined
      ? { admin: Object.freeze({ email, password: new Secret(password) }) }
      : {}),
    masterKey: new Secret(given ?? (() => keptMasterKey(dataDir))),
    previousMasterKeys: Object.freeze(
      [values.ORRERY_SECRET_PREVIOUS ?? []].flat().map((key) => new Secret(String(key))),
    ),
  };
}

const TLS_VARIABLES = {
  cert: 'ORRERY_TLS_CERT',
  key: 'ORRERY_TLS_KEY',
  clientCa: 'ORRERY_TLS_CLIENT_CA',
} as const satisfies Record<keyof TlsFiles, VariableName>;

/** Half a set is complained of where the variables are read. */
function tlsFiles(values: EnvironmentValues, cwd: string): TlsFiles | undefined {
  const [cert, key, clientCa] = (['cert', 'key', 'clientCa'] as const).map((file) =>
    textOf(values, TLS_VARIABLES[file]),
  );
  if (cert === undefined || key === undefined) return undefined;
  const files = { cert: resolve(cwd, cert), key: resolve(cwd, key) };
  return clientCa === undefined ? files : { ...files, clientCa: resolve(cwd, clientCa) };
}

function tlsIssues(files: TlsFiles | undefined): Issue[] {
  try {
    if (files) readTls(files);
    return [];
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    const { file, reason } = error.problem;
    return [{ source: 'environment', field: TLS_VARIABLES[file], reason: `${reason}: ${files?.[file] ?? ''}` }];
  }
}

/** A flag wins over its variable; what is wrong with it is then said of the flag. */
function applyFlags(env: Environment, flags: Flags): { merged: Environment; relabel: (issue: Issue) => Issue } {
  const merged: Record<string, string | undefined> = { ...env };
  const flagged = new Map<string, string>();
  for (const [flag, name] of Object.entries(FLAG_OF)) {
    const value = flags[flag as keyof Flags];
    if (value === undefined) continue;
    merged[name] = value;
    flagged.set(name, flag === 'logLevel' ? '--log-level' : `--${flag}`);
  }
  return {
    merged,
    relabel: (issue) => {
      const flag = flagged.get(issue.field);
      return flag === undefined ? issue : { ...issue, source: 'command line', field: flag };
    },
  };
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}
