import type { Alert, ChannelDeclaration } from '@orrery/protocol';

/** A channel and where it was declared: `orrery.yaml:31`, `SLACK_WEBHOOK_URL`. */
export type DeclaredChannel = { declaration: ChannelDeclaration; ref: string };

/** The channels that the running configuration declares. */
export type ChannelBook = {
  replace(channels: readonly DeclaredChannel[]): void;
  get(name: string): DeclaredChannel | undefined;
  all(): readonly DeclaredChannel[];
  names(): readonly string[];
  /** Why a channel does not take an alert, in words; undefined when it does. */
  refusal(name: string, alert: Pick<Alert, 'severity' | 'project'>): string | undefined;
};

export function createChannelBook(): ChannelBook {
  let known = new Map<string, DeclaredChannel>();
  return {
    replace(channels) {
      known = new Map(channels.map((channel) => [channel.declaration.name, channel]));
    },
    get: (name) => known.get(name),
    all: () => [...known.values()],
    names: () => [...known.keys()],
    refusal(name, { severity, project }) {
      const declaration = known.get(name)?.declaration;
      if (!declaration) return `there is no channel ${name}`;
      const { severities, projects } = declaration;
      if (severities !== undefined && !severities.includes(severity)) return `${name} takes no ${severity} alerts`;
      if (projects !== undefined && !projects.includes(project)) return `${name} takes no alerts of ${project}`;
      return undefined;
    },
  };
}
