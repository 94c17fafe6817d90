import type { Alert, ChannelDeclaration } from '@orrery/protocol';

/** A channel and where it was declared: `orrery.yaml:31`, `SLACK_WEBHOOK_URL`. */
export type DeclaredChannel = { declaration: ChannelDeclaration; ref: string };

/** The channels that the running configuration declares. */
export type ChannelBook = {
  replace(channels: readonly DeclaredChannel[]): void;
  get(name: string): DeclaredChannel | undefined;
  all(): readonly DeclaredChannel[];
  /** Names of the channels that want to hear of this alert. */
  wanting(alert: Pick<Alert, 'severity' | 'project'>): string[];
};

export function createChannelBook(): ChannelBook {
  let known = new Map<string, DeclaredChannel>();
  return {
    replace(channels) {
      known = new Map(channels.map((channel) => [channel.declaration.name, channel]));
    },
    get: (name) => known.get(name),
    all: () => [...known.values()],
    wanting: (alert) =>
      [...known.values()]
        .map((channel) => channel.declaration)
        .filter(({ severities }) => severities === undefined || severities.includes(alert.severity))
        .filter(({ projects }) => projects === undefined || projects.includes(alert.project))
        .map(({ name }) => name),
  };
}
