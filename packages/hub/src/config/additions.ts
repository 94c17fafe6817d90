import { ChannelDeclaration, OidcDeclaration, type ProjectDeclaration } from '@orrery/protocol';
import { type EnvironmentValues, textOf } from './environment.ts';
import type { FileConfig } from './file.ts';
import type { Issue } from './issue.ts';
import { maskChannel, maskOidc, maskProject } from './mask.ts';
import { Declared } from './secret.ts';

/** Whether one channel tells everybody whom the other would tell. */
const reaches = (one: ChannelDeclaration, other: ChannelDeclaration): boolean =>
  one.kind === 'email'
    ? other.kind === 'email' && one.smtpUrl === other.smtpUrl && other.to.every((address) => one.to.includes(address))
    : one.kind === other.kind && one.url === other.url;

type Reading = { file?: FileConfig; issues: Issue[]; warnings: Issue[] };

/** What the environment adds to the file: the key of projects that declare none, channels, and the identity provider. */
export function withEnvironment<T extends Reading>(reading: T, values: EnvironmentValues): T {
  const { file } = reading;
  if (file === undefined) return reading;
  const { channels, warnings } = withChannels(file, values);
  const key = textOf(values, 'ECOSYSTEM_API_KEY');
  const projects = key === undefined ? file.projects : file.projects.map((project) => withKey(project, key));
  const { oidc, issues } = withOidc(file, values);
  return {
    ...reading,
    issues: [...reading.issues, ...issues],
    warnings: [...reading.warnings, ...warnings],
    file: Object.freeze({
      ...file,
      projects: Object.freeze(projects),
      channels: Object.freeze(channels),
      ...(oidc === undefined ? {} : { oidc }),
    }),
  };
}

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
