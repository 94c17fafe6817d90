import type { AiProviderDeclaration, ChannelDeclaration, OidcDeclaration, ProjectDeclaration } from '@orrery/protocol';
import { maskIdentity, maskPerformance, maskServices } from '../intake/index.ts';
import { maskUrl, variable } from '../platform/urls.ts';

/** The project with its secrets replaced by references: what is printed can be pasted into orrery.yaml again. */
export function maskProject(project: ProjectDeclaration): ProjectDeclaration {
  return {
    ...maskPerformance(maskIdentity(project)),
    hubUrl: maskUrl(project.hubUrl),
    ...(project.apiKey === undefined ? {} : { apiKey: variable(project.slug, 'API_KEY') }),
    services: maskServices(project.slug, project.services),
  };
}

/** The channel with its secrets replaced by references. Hooks are secrets as a whole, and so is what a template sends: keys stand in bodies. */
export function maskChannel(channel: ChannelDeclaration): ChannelDeclaration {
  const hide = (what: string) => variable(channel.name, what);
  const secret = 'secret' in channel && channel.secret !== undefined ? { secret: hide('SECRET') } : {};
  switch (channel.kind) {
    case 'slack':
      return { ...channel, url: hide('URL') };
    case 'email':
      return { ...channel, smtpUrl: hide('SMTP_URL') };
    case 'webhook':
      return { ...channel, url: maskUrl(channel.url), ...secret };
    case 'grafana':
      return { ...channel, url: maskUrl(channel.url), token: hide('TOKEN') };
    case 'template':
      return {
        ...channel,
        url: hide('URL'),
        headers: Object.fromEntries(Object.keys(channel.headers).map((name) => [name, hide(`HEADER_${name}`)])),
        body: hide('BODY'),
        ...secret,
      };
    case 'alertmanager': {
      const { basicAuth, bearer, tls } = channel;
      return {
        ...channel,
        url: maskUrl(channel.url),
        ...(bearer === undefined ? {} : { bearer: hide('BEARER') }),
        ...(basicAuth === undefined ? {} : { basicAuth: { ...basicAuth, password: hide('PASSWORD') } }),
        ...(tls?.key === undefined ? {} : { tls: { ...tls, key: hide('TLS_KEY') } }),
      };
    }
  }
}

export const maskOidc = (oidc: OidcDeclaration): OidcDeclaration =>
  oidc.clientSecret === undefined ? oidc : { ...oidc, clientSecret: variable('oidc', 'CLIENT_SECRET') };
/** The provider with its keys replaced by references. */
export function maskAiProvider(provider: AiProviderDeclaration): AiProviderDeclaration {
  return {
    ...provider,
    ...(provider.url === undefined ? {} : { url: maskUrl(provider.url) }),
    ...(provider.key === undefined ? {} : { key: variable(provider.name, 'KEY') }),
    ...(provider.keys === undefined
      ? {}
      : {
          keys: provider.keys.map((key, i) => {
            const hidden = variable(provider.name, `KEY_${i + 1}`);
            return typeof key === 'string' ? hidden : { ...key, key: hidden };
          }),
        }),
  };
}
