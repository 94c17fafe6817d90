import { Slug } from '@orrery/protocol';
import { deriveProjectKey } from '@orrery/protocol/signing';
import type { ActionStore } from './action-store.ts';
import type { ActionHandler } from './actions.ts';
import type { AttackOptions } from './attacks/index.ts';
import type { AuditHandler } from './audits.ts';
import type { Check } from './health.ts';
import type { HubLink, Refusal } from './link.ts';
import type { MetricSources } from './metrics.ts';
import type { QueryOptions } from './queries.ts';
import type { TracerOptions } from './tracer.ts';

export type HubOptions = {
  /** The hub's address: `https://orrery.example.com`. Not asked for where there is a `link`. */
  url?: string | undefined;
  /** The project's own key, as the hub gave it out. Undefined, as an unset variable is, is a mistake that is named at the start. */
  key?: string | undefined;
  /** Another way to the hub than HTTP: `nats({ url })` of `@orrery/sdk/nats`. */
  link?: HubLink;
  /** Names this process among the project's instances; the host's name by default. */
  instanceId?: string;
  /** How often presence and health are sent, in ms (default 60,000); 0 sends none. */
  presenceEveryMs?: number;
  /** How often metrics are sent, in ms (default 15,000); 0 leaves them to the hub, which asks for them. */
  metricsEveryMs?: number;
  /** How often `onRefresh` is called for the product's summaries, in ms (default 90,000); 0 leaves it to the hub's asking. */
  summariesEveryMs?: number;
  /** How often attacks that were seen are sent, in ms (default 5,000); 0 sends none. */
  attacksEveryMs?: number;
  /** How often it is reported which hosts were called, in ms (default 60,000); 0 counts none. */
  callsEveryMs?: number;
  /** How often routes, statements and pools are reported, in ms (default 60,000); 0 reports none. */
  performanceEveryMs?: number;
  /** What may wait: events (default 10,000), samples (default 50,000), and the bytes of both (default 16 MiB). */
  maxEvents?: number;
  maxBytes?: number;
  maxSamples?: number;
  /** Full jitter below `retryBaseMs * 2^n` (default 500), at most `retryCapMs` (default 30,000). */
  retryBaseMs?: number;
  retryCapMs?: number;
  /** Time for one exchange with the hub, in ms. Default 10,000. */
  timeoutMs?: number;
  /** Is told of each event that the hub refused, with the field and the reason. */
  onRefused?: (refusal: Refusal) => void;
  /** Is told when the hub cannot be reached, once per outage. */
  onError?: (reason: string) => void;
};

export type InstanceOptions = {
  /** The project's slug. */
  project: string;
  /** A display name. */
  name?: string;
  version: string;
  /** The public address of this instance, under which the hub reaches `/api/health` and the rest. */
  hubUrl?: string | undefined;
  /** The namespace of the project's mesh subjects. Default `<project>.mesh`. */
  meshNs?: string;
  /** What callers present as `x-api-key`; several during a rotation. Without one the keyed routes refuse everybody. */
  apiKey?: string | readonly string[] | undefined;
  /** Secrets that action requests may be signed with. */
  signingSecrets?: readonly string[];
  /** The mesh key (`MESH_HMAC_KEY`), from which this project's own signing secret is derived; several during a rotation. */
  meshKey?: string | readonly string[] | undefined;
  checks?: Record<string, Check>;
  metrics?: MetricSources;
  /** Names of tools and events, and paths of endpoints, that `/capabilities` lists beside the SDK's own routes. */
  tools?: readonly string[];
  endpoints?: Record<string, string>;
  events?: readonly string[];
  actions?: Record<string, ActionHandler>;
  /** Actions that are audits, such as `audit.security`: their figures become the project's audit summary too. */
  audits?: Record<string, AuditHandler>;
  /** Sends the product's summaries: once at the start, then every `hub.summariesEveryMs`, and when the hub asks by `graph.refresh`. */
  onRefresh?: () => unknown;
  /** Where accepted actions are remembered. Default: in memory. */
  actionStore?: ActionStore;
  hub?: HubOptions | undefined;
  /** Where the routes stand. Default `/api`. */
  basePath?: string;
  /** Time for one check and for one metric source, in ms. Default 2,000. */
  checkTimeoutMs?: number;
  /** Time for one action, in ms. Default 300,000. */
  actionTimeoutMs?: number;
  /** For how long one run of the checks or metrics serves everybody who asks, in ms. Default 1,000. */
  reuseMs?: number;
  /** Log lines that are kept. Default 1,000. */
  logCapacity?: number;
  /** `process.*` metrics: memory, uptime, CPU, event loop. Default true. */
  processMetrics?: boolean;
  tracer?: TracerOptions;
  queries?: QueryOptions;
  /** Traced requests are looked through for attacks; nothing is ever blocked, and nothing of a request is kept. */
  attacks?: AttackOptions;
};

/** Reads the options once: one error names every mistake. */
export function readOptions(options: InstanceOptions) {
  const mistakes: string[] = [];
  const slug = Slug.safeParse(options.project);
  if (!slug.success) mistakes.push(`project ${slug.error.issues[0]?.message}`);
  if (typeof options.version !== 'string' || options.version === '') mistakes.push('version must be a text');
  const basePath = (options.basePath ?? '/api').replace(/\/+$/, '');
  if (!/^(\/[A-Za-z0-9._~-]+)*$/.test(basePath)) mistakes.push('basePath must be a path such as "/api"');
  const meshNs = options.meshNs ?? `${options.project}.mesh`;
  if (!/^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+){0,7}$/.test(meshNs) || meshNs.length > 100)
    mistakes.push('meshNs must be dot-separated names of at most 100 characters');
  const hub = options.hub && { ...options.hub, url: options.hub.url ?? '', key: options.hub.key ?? '' };
  for (const [field, url] of [
    ['hubUrl', options.hubUrl],
    ['hub.url', hub?.link ? undefined : hub?.url],
  ] as const)
    if (url !== undefined && !isHttpUrl(url)) mistakes.push(`${field} must be an http:// or https:// URL`);
  const apiKeys = list(options.apiKey);
  if (apiKeys.some((key) => key === '')) mistakes.push('apiKey must not be empty');
  if (hub?.instanceId !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(hub.instanceId))
    mistakes.push('hub.instanceId must be 1 to 64 letters, digits, "-" or "_"');
  if (hub && !hub.link && !/^[\x21-\x7e]{1,512}$/.test(hub.key))
    mistakes.push('hub.key must be 1 to 512 visible characters');
  const secrets = [...(options.signingSecrets ?? [])];
  for (const key of list(options.meshKey)) {
    if (key.length < 16) mistakes.push('meshKey must have at least 16 characters');
    else if (slug.success) secrets.push(deriveProjectKey(key, options.project));
  }
  if (secrets.some((secret) => secret.length < 16))
    mistakes.push('signingSecrets must have at least 16 characters each');
  for (const name of Object.keys(options.audits ?? {}))
    if (Object.hasOwn(options.actions ?? {}, name)) mistakes.push(`audits.${name} is an action already`);
  const positive = {
    checkTimeoutMs: options.checkTimeoutMs,
    actionTimeoutMs: options.actionTimeoutMs,
    logCapacity: options.logCapacity,
  };
  for (const [field, value] of Object.entries(positive))
    if (value !== undefined && !(Number.isInteger(value) && value > 0))
      mistakes.push(`${field} must be a whole number above 0`);
  if (mistakes.length > 0) throw new TypeError(`createInstance: ${mistakes.join('; ')}`);
  return { basePath, meshNs, apiKeys, secrets, hub };
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

function isHttpUrl(text: string): boolean {
  return text.length <= 512 && /^https?:\/\//.test(text) && URL.canParse(text);
}
