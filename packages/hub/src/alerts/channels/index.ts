import type { ChannelDeclaration } from '@orrery/protocol';
import { alertmanager } from './alertmanager.ts';
import type { ChannelFamily, ChannelKind, Outgoing, SendContext, SendOutcome } from './channel.ts';
import { email } from './email.ts';
import { grafana } from './grafana.ts';
import { slack } from './slack.ts';
import { template } from './template.ts';
import { webhook } from './webhook.ts';

export type { Outgoing, SendContext, SendOutcome } from './channel.ts';
export { channelProblems } from './check.ts';

/** Every way of telling people; a new one is a file and a line here. */
export const CHANNELS = { alertmanager, email, grafana, slack, template, webhook } satisfies {
  [K in ChannelKind]: ChannelFamily<K>;
};

// The kind of a declaration picks the member made for it; TypeScript cannot follow that through a lookup.
const member = ({ kind }: ChannelDeclaration) => CHANNELS[kind] as unknown as ChannelFamily<ChannelKind>;

/** Where the channel goes, without anything secret. */
export const targetOf = (declaration: ChannelDeclaration): string => member(declaration).target(declaration);

/** Sends one notification through a channel, once. */
export const sendThrough = (
  declaration: ChannelDeclaration,
  outgoing: Outgoing,
  context: SendContext,
): Promise<SendOutcome> => member(declaration).send(declaration, outgoing, context);
