import type { ChannelDeclaration, ProjectDeclaration } from '@orrery/protocol';
import { maskUrl } from '../platform/urls.ts';

/** A name for an environment variable that would hold a masked value: `VERIA_API_KEY`. */
const variable = (name: string, what: string) => `\${${name.replace(/[^a-zA-Z0-9]/g, '_').toUpperCase()}_${what}}`;

/** The project with its secrets replaced by references: what is printed can be pasted into orrery.yaml again. */
export function maskProject(project: ProjectDeclaration): ProjectDeclaration {
  return {
    ...project,
    hubUrl: maskUrl(project.hubUrl),
    ...(project.apiKey === undefined ? {} : { apiKey: variable(project.slug, 'API_KEY') }),
    services: project.services.map((service) => ({
      ...service,
      probes: service.probes.map((probe) =>
        'url' in probe && probe.url !== undefined ? { ...probe, url: maskUrl(probe.url) } : probe,
      ),
    })),
  };
}

/** The channel with its secrets replaced by references. A Slack URL is a secret as a whole. */
export function maskChannel(channel: ChannelDeclaration): ChannelDeclaration {
  if (channel.kind === 'slack') return { ...channel, url: variable(channel.name, 'URL') };
  if (channel.kind === 'email') return { ...channel, smtpUrl: variable(channel.name, 'SMTP_URL') };
  return {
    ...channel,
    url: maskUrl(channel.url),
    ...(channel.secret === undefined ? {} : { secret: variable(channel.name, 'SECRET') }),
  };
}
