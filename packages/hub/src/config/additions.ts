import { AiProviderDeclaration, ChannelDeclaration, OidcDeclaration, type ProjectDeclaration } from '@orrery/protocol';
import { kindOf } from '../ai/index.ts';
import { type EnvironmentValues, textOf } from './environment.ts';
import type { FileConfig } from './file.ts';
import type { Issue } from './issue.ts';
import { maskAiProvider, maskChannel, maskOidc, maskProject } from './mask.ts';
import { type Addition, platformsOf, thresholdsOf } from './platforms.ts';
import { Declared } from './secret.ts';

/** Whether one channel tells everybody whom the other would tell. */
const reaches = (one: ChannelDeclaration, other: ChannelDeclaration): boolean =>
  one.kind === 'email'
    ? other.kind === 'email' && one.smtpUrl === other.smtpUrl && other.to.every((address) => one.to.includes(address))
    : one.kind === other.kind && one.url === other.url;

type Reading = { file?: FileConfig; issues: Issue[]; warnings: Issue[] };

/** What the environment adds to the file: platforms, limits, the key of projects that declare none, channels, providers, and the identity provider. */
export function withEnvironment<T extends Reading>(
  reading: T,
  values: EnvironmentValues,
): T & { additions: readonly Addition[] } {
  const { file } = reading;
  if (file === undefined) return { ...reading, additions: [] };
  const { channels, warnings } = withChannels(file, values);
  const platforms = platformsOf(file, values);
  const limits = thresholdsOf(values);
  const key = textOf(values, 'ECOSYSTEM_API_KEY');
  const healing = values.ENABLE_SELF_HEALING;
  const repair = { ...file.repair, enabled: file.repair.enabled ?? healing === true };
  const declared = [...file.projects, ...platforms.projects];
  const projects = key === undefined ? declared : declared.map((project) => withKey(project, key));
  const { oidc, issues } = withOidc(file, values);
  const ai = withProviders(file, values);
  return {
    ...reading,
    issues: [...reading.issues, ...issues, ...platforms.issues],
    warnings: [...reading.warnings, ...warnings, ...platforms.warnings],
    additions: [
      ...platforms.additions,
      ...limits.additions,
      ...made(channels).map(({ name, kind }) => ({
        variable: name === 'slack' ? 'SLACK_WEBHOOK_URL' : 'SMTP_URL, ALERT_EMAIL_TO',
        adds: `the channel ${name} (${kind})`,
      })),
      ...made(ai.providers).map((provider) => ({
        variable: OPENED_BY.find(([, kind]) => kind === kindOf(provider))?.[0] ?? '',
        adds: `the AI provider ${provider.name}`,
      })),
      ...(healing === true && file.repair.enabled === undefined
        ? [{ variable: 'ENABLE_SELF_HEALING', adds: 'that policies may act' }]
        : []),
    ],
    file: Object.freeze({
      ...file,
      ai,
      projects: Object.freeze(projects),
      channels: Object.freeze(channels),
      ...(oidc === undefined ? {} : { oidc }),
      repair: Object.freeze(repair),
      defaultThresholds: Object.freeze(limits.thresholds),
    }),
  };
}

/** What is there because of the environment. */
const made = <T extends object>(all: readonly Declared<T>[]): T[] =>
  all.filter(({ ref }) => ref === 'environment').map(({ declaration }) => declaration);

const withKey = (project: Declared<ProjectDeclaration>, apiKey: string): Declared<ProjectDeclaration> =>
  project.declaration.apiKey === undefined
    ? new Declared<ProjectDeclaration>(Object.freeze({ ...project.declaration, apiKey }), project.ref, maskProject)
    : project;

/** Each OIDC_… variable fills what the file leaves open; half a provider is a mistake, because nobody could come in by it. */
function withOidc(
  file: FileConfig,
  values: EnvironmentValues,
): { oidc?: Declared<OidcDeclaration> | undefined; issues: Issue[] } {
  const given = {
    issuer: textOf(values, 'OIDC_ISSUER'),
    audience: textOf(values, 'OIDC_AUDIENCE'),
    clientId: textOf(values, 'OIDC_CLIENT_ID'),
    clientSecret: textOf(values, 'OIDC_CLIENT_SECRET'),
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (file.oidc === undefined && Object.keys(set).length === 0) return { issues: [] };
  const declared = file.oidc?.declaration ?? OidcDeclaration.parse({});
  const oidc = { ...set, ...declared };
  const ref = file.oidc?.ref ?? 'environment';
  const problem = oidcProblem(oidc);
  if (problem === undefined) return { oidc: new Declared(Object.freeze(oidc), ref, maskOidc), issues: [] };
  const [field, variable, reason] = problem;
  const issue = file.oidc ? { source: ref, field: `access.oidc.${field}` } : { source: 'environment', field: variable };
  return { issues: [{ ...issue, reason }] };
}

function oidcProblem({ issuer, audience, clientId }: OidcDeclaration): [string, string, string] | undefined {
  if (issuer === undefined) return ['issuer', 'OIDC_ISSUER', 'is missing: it names the identity provider'];
  if (audience === undefined && clientId === undefined)
    return [
      'audience',
      'OIDC_AUDIENCE',
      'is missing, and so is the client id: without either nobody can come in by the provider',
    ];
  return undefined;
}

/** SLACK_WEBHOOK_URL, and SMTP_URL with ALERT_EMAIL_TO, each make a channel, unless the file has one of that name or to the same place. */
function withChannels(
  file: FileConfig,
  values: EnvironmentValues,
): { channels: Declared<ChannelDeclaration>[]; warnings: Issue[] } {
  const slackUrl = textOf(values, 'SLACK_WEBHOOK_URL');
  const smtpUrl = textOf(values, 'SMTP_URL');
  const to = values.ALERT_EMAIL_TO;
  const made: ChannelDeclaration[] = [];
  if (slackUrl) made.push(ChannelDeclaration.parse({ name: 'slack', kind: 'slack', url: slackUrl }));
  if (smtpUrl && Array.isArray(to)) made.push(ChannelDeclaration.parse({ name: 'email', kind: 'email', smtpUrl, to }));
  const taken = new Set(file.channels.map(({ declaration }) => declaration.name));
  const warnings: Issue[] = [];
  const source = 'environment';
  for (const { name } of made.filter((channel) => taken.has(channel.name)))
    warnings.push({
      source,
      field: name === 'slack' ? 'SLACK_WEBHOOK_URL' : 'SMTP_URL',
      reason: `makes no channel: the file declares one named "${name}", which wins`,
    });
  const mails = file.channels.some(({ declaration }) => declaration.kind === 'email');
  if (!mails && (smtpUrl === undefined) !== (to === undefined)) {
    const [there, missing] = smtpUrl ? ['SMTP_URL', 'ALERT_EMAIL_TO'] : ['ALERT_EMAIL_TO', 'SMTP_URL'];
    warnings.push({ source, field: missing, reason: `is missing: ${there} alone sends no mail` });
  }
  const extra = made
    .filter((channel) => !taken.has(channel.name))
    .filter((channel) => !file.channels.some(({ declaration }) => reaches(declaration, channel)))
    .map((channel) => new Declared(channel, 'environment', maskChannel));
  return { channels: [...file.channels, ...extra], warnings };
}

/** Which variable opens which kind of provider, and the provider that it makes when the file declares none of that kind. */
const OPENED_BY = [
  ['ANTHROPIC_API_KEY', 'anthropic', (key: string) => ({ name: 'claude', priority: 1, key })],
  ['OLLAMA_URL', 'ollama', (url: string) => ({ name: 'ollama', priority: 2, local: true, url })],
  ['OPENAI_API_KEY', 'openai', (key: string) => ({ name: 'openai', priority: 3, key })],
] as const;

/**
 * ANTHROPIC_API_KEY, OPENAI_API_KEY and OLLAMA_URL make providers, or complete declared ones of that kind. A key never goes to a URL of
 * somebody else's: a declared provider with a `url` brings its own.
 */
function withProviders(file: FileConfig, values: EnvironmentValues): FileConfig['ai'] {
  const providers = [...file.ai.providers];
  for (const [name, kind, make] of OPENED_BY) {
    const value = textOf(values, name);
    if (value === undefined) continue;
    const declared = providers.findIndex(({ declaration }) => kindOf(declaration) === kind);
    if (declared === -1) {
      const made = AiProviderDeclaration.parse({ ...make(value), kind });
      providers.push(new Declared(Object.freeze(made), 'environment', maskAiProvider));
      continue;
    }
    for (const [i, { declaration, ref }] of providers.entries()) {
      if (kindOf(declaration) !== kind || declaration.url !== undefined) continue;
      if (declaration.key !== undefined || declaration.keys !== undefined) continue;
      const completed: AiProviderDeclaration =
        kind === 'ollama' ? { ...declaration, url: value } : { ...declaration, key: value };
      providers[i] = new Declared<AiProviderDeclaration>(Object.freeze(completed), ref, maskAiProvider);
    }
  }
  return Object.freeze({ ...file.ai, providers: Object.freeze(providers) });
}
