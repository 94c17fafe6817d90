import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { basename } from 'node:path';
import {
  type AgentsDeclaration,
  type AiProviderDeclaration,
  type AiSplitDeclaration,
  type AutohealDeclaration,
  type ChannelDeclaration,
  type DiagnosisLimits,
  FileDeclaration,
  type HealLimits,
  type MaintenanceDeclaration,
  type OidcDeclaration,
  type ProjectDeclaration,
  parseDuration,
  type RouteDeclaration,
  type RuleDeclaration,
  type StatusPageDeclaration,
  type TenantDeclaration,
  type TierMap,
} from '@orrery/protocol';
import type { AccountsConfig } from '../ai/index.ts';
import { toAccountsConfig } from './aiAccounts.ts';
import { type ReadDocument, readDocument } from './document.ts';
import type { Environment } from './environment.ts';
import { checkExpressions } from './expressions.ts';
import { fieldPath, type Issue } from './issue.ts';
import { maskAiProvider, maskChannel, maskOidc, maskProject } from './mask.ts';
import type { DefaultThreshold } from './platforms.ts';
import { checkRelations } from './relations.ts';
import { Declared, Secret } from './secret.ts';
import { checkShape } from './shape.ts';

const MAX_BYTES = 1024 * 1024;

/** What orrery.yaml says, in the hub's own units. */
export type FileConfig = {
  /** null when there is no file. */
  readonly path: string | null;
  readonly projects: readonly Declared<ProjectDeclaration>[];
  readonly tenants: readonly Declared<TenantDeclaration>[];
  /** What each tier is called. */
  readonly tiers: TierMap;
  /** Whether roles are enforced; undefined leaves it to the environment. */
  readonly access: { readonly rbac?: boolean | undefined };
  readonly channels: readonly Declared<ChannelDeclaration>[];
  /** Limits of the environment, for projects that declare none for that metric. */
  readonly defaultThresholds: readonly DefaultThreshold[];
  readonly rules: readonly Declared<RuleDeclaration>[];
  readonly routes: readonly Declared<RouteDeclaration>[];
  readonly maintenance: readonly Declared<MaintenanceDeclaration>[];
  readonly statusPages: readonly StatusPageDeclaration[];
  readonly aiAccounts: AccountsConfig;
  /** The OpenID provider, if there is one. */
  readonly oidc?: Declared<OidcDeclaration>;
  readonly ai: {
    readonly providers: readonly Declared<AiProviderDeclaration>[];
    readonly splits: readonly AiSplitDeclaration[];
    readonly fallback: 'any' | 'same';
    readonly hedgeAfterMs?: number;
  };
  readonly network: {
    readonly allowPrivate: boolean;
    readonly selfCheck: readonly { readonly host: string; readonly port: number }[];
  };
  /** How long things are kept, in milliseconds. */
  readonly retention: Readonly<Record<'raw' | 'minute' | 'hour' | 'checks' | 'events', number>>;
  readonly freshness: { readonly offlineAfterMs: number };
  readonly repair: Readonly<HealLimits>;
  readonly autoheal: readonly AutohealDeclaration[];
  readonly agents: AgentsDeclaration;
  readonly diagnosis: Readonly<DiagnosisLimits>;
  readonly mesh: {
    readonly discover: boolean;
    readonly project?: string | undefined;
    readonly meta?: { readonly url: string; readonly key: Secret } | undefined;
    readonly everyMs: number;
  };
  readonly edges: { readonly halfLifeMs: number };
};
export type FileReading = { file?: FileConfig; issues: Issue[]; warnings: Issue[]; references: ReadonlySet<string> };

/** Reads a configuration file: its content in the hub's units, or every mistake with its line. Never throws. */
export function readConfigFile(path: string, env: Environment): FileReading {
  const source = basename(path);
  const bytes = readBytes(path);
  if (typeof bytes === 'string')
    return { issues: [{ source: path, field: '', reason: bytes }], warnings: [], references: new Set() };
  return parseConfigText(bytes, source, path, env);
}

function readBytes(path: string): Uint8Array | string {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return 'is no file';
    if (stat.size > MAX_BYTES) return `is larger than 1 MiB (${stat.size} bytes)`;
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'there is no such file';
    if (code === 'EACCES') return 'may not be read by this user';
    return `cannot be read (${code ?? message})`;
  }
}

function parseConfigText(bytes: Uint8Array, source: string, path: string, env: Environment): FileReading {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { issues: [{ source, field: '', reason: 'is no UTF-8 text' }], warnings: [], references: new Set() };
  }
  const document = readDocument(text, source, env);
  const { references } = document;
  const issues = [...document.issues];
  // With broken syntax the values are guesses: complaints about them would only hide the cause.
  if (issues.some((issue) => issue.field === '' && issue.line !== undefined))
    return { issues, warnings: [], references };
  const shape = checkShape(document, source);
  // A value that could not be resolved has been complained about already.
  for (const issue of [
    ...shape.issues,
    ...[...checkRelations(document.value), ...checkExpressions(document.value)].map(({ path, reason }) => ({
      source,
      ...document.at(path),
      field: fieldPath(path),
      reason: document.withoutValues(reason),
    })),
  ])
    if (!document.issues.some((known) => known.field === issue.field)) issues.push(issue);
  issues.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  if (shape.declaration === undefined || issues.length > 0) return { issues, warnings: [], references };
  const file = toFileConfig(shape.declaration, path, (at) => `${source}:${document.at(at)?.line ?? 1}`);
  return { file, issues: [], warnings: privateTargets(shape.declaration, document, source), references };
}

/** The defaults of a hub without a file. */
export const noFile = (): FileConfig => toFileConfig(FileDeclaration.parse({}), null, () => '');

function toFileConfig(
  declared: FileDeclaration,
  path: string | null,
  ref: (path: readonly PropertyKey[]) => string,
): FileConfig {
  const ms = (text: string): number => parseDuration(text) ?? 0;
  const { raw, minute, hour, checks, events } = declared.retention;
  return deepFreeze({
    path,
    projects: declared.projects.map(
      (project, i) => new Declared(deepFreeze(project), ref(['projects', i]), maskProject),
    ),
    channels: declared.channels.map(
      (channel, i) => new Declared(deepFreeze(channel), ref(['channels', i]), maskChannel),
    ),
    tenants: tenantsOf(declared, ref),
    tiers: declared.tiers,
    defaultThresholds: [],
    access: { rbac: declared.access.rbac },
    statusPages: declared.statusPages,
    rules: declared.rules.map((rule, i) => new Declared(deepFreeze(rule), ref(['rules', i]), (shown) => shown)),
    routes: declared.routes.map((route, i) => new Declared(deepFreeze(route), ref(['routes', i]), (shown) => shown)),
    maintenance: declared.maintenance.map(
      (window, i) => new Declared(deepFreeze(window), ref(['maintenance', i]), (shown) => shown),
    ),
    aiAccounts: toAccountsConfig(declared.ai, ref),
    ...(declared.access.oidc === undefined
      ? {}
      : { oidc: new Declared(deepFreeze(declared.access.oidc), ref(['access', 'oidc']), maskOidc) }),
    ai: {
      providers: declared.ai.providers.map(
        (provider, i) => new Declared(deepFreeze(provider), ref(['ai', 'providers', i]), maskAiProvider),
      ),
      splits: declared.ai.splits,
      fallback: declared.ai.fallback,
      ...(declared.ai.hedgeAfter === undefined ? {} : { hedgeAfterMs: ms(declared.ai.hedgeAfter) }),
    },
    network: declared.network,
    retention: { raw: ms(raw), minute: ms(minute), hour: ms(hour), checks: ms(checks), events: ms(events) },
    freshness: { offlineAfterMs: ms(declared.freshness.offlineAfter) },
    repair: declared.repair,
    autoheal: declared.autoheal,
    agents: declared.agents,
    diagnosis: declared.diagnosis,
    mesh: {
      discover: declared.mesh.discover,
      project: declared.mesh.project,
      meta: declared.mesh.meta && { url: declared.mesh.meta.url, key: new Secret(declared.mesh.meta.key) },
      everyMs: ms(declared.mesh.every),
    },
    edges: { halfLifeMs: ms(declared.edges.halfLife) },
  });
}

/** The declared tenants, and those that a project names and nobody declares further: naming one in the file is declaring it. */
function tenantsOf(declared: FileDeclaration, ref: (path: readonly PropertyKey[]) => string) {
  const plain = (tenant: TenantDeclaration, at: string) => new Declared(deepFreeze(tenant), at, (shown) => shown);
  const listed = declared.tenants.map((tenant, i) => plain(tenant, ref(['tenants', i])));
  const known = new Set(declared.tenants.map(({ id }) => id));
  for (const [i, { tenant }] of declared.projects.entries()) {
    if (tenant === undefined || known.has(tenant)) continue;
    known.add(tenant);
    listed.push(plain({ id: tenant, features: [] }, ref(['projects', i])));
  }
  return listed;
}

/** Addresses that every probe would be refused at. */
function privateTargets(declared: FileDeclaration, document: ReadDocument, source: string): Issue[] {
  if (declared.network.allowPrivate) return [];
  return declared.projects.flatMap(({ hubUrl }, i) => {
    if (!isPrivateHost(URL.parse(hubUrl)?.hostname ?? '')) return [];
    const path = ['projects', i, 'hubUrl'];
    const reason = 'is a private address, and those are refused; write `network: { allowPrivate: true }` to allow them';
    return [{ source, ...document.at(path), field: fieldPath(path), reason }];
  });
}

function isPrivateHost(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
  return isIP(host) === 4 && /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(host);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
