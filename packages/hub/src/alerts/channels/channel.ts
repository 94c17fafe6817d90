import type { AlertNotification, ChannelDeclaration } from '@orrery/protocol';
import type { Outbound } from '../../platform/outbound.ts';

export type ChannelKind = ChannelDeclaration['kind'];
export type DeclarationOf<K extends ChannelKind> = Extract<ChannelDeclaration, { kind: K }>;

/** One notification on its way out. */
export type Outgoing = {
  /** The same at every attempt, so that a receiver can tell a repeat: webhook-id, Message-ID. */
  id: string;
  /** The notification as JSON, the same bytes at every attempt. */
  body: string;
  notification: AlertNotification;
  /** An earlier attempt may have arrived. */
  possibleRepeat: boolean;
  /** The id under which the same channel was told of the alert first. */
  opening?: string | undefined;
  /** What has become true since, for people: an alert that is over by the time its opening can be told. */
  notes: readonly string[];
};

export type SendOutcome =
  | { kind: 'delivered'; detail: string }
  /** The receiver cannot take anything now: all of the channel waits. */
  | { kind: 'unavailable'; detail: string; retryAfterMs?: number; mayHaveArrived: boolean }
  /** The receiver does not take this message, or not from us: tried again, in case somebody mends it. */
  | { kind: 'refused'; detail: string }
  /** The receiver says that it is gone for good. */
  | { kind: 'gone'; detail: string }
  /** The hub stops: it may have arrived, and is sent again at the next start. */
  | { kind: 'stopped'; detail: string };

export type ProjectFacts = {
  name: string;
  tags: readonly string[];
  teams: readonly string[];
  domain?: string | undefined;
};

export type SendContext = {
  outbound: Outbound;
  /** What is known of a project, for templates. */
  projectOf?(slug: string): ProjectFacts | undefined;
  /** Where people open the console, without a slash at its end. */
  publicUrl: string;
  /** Epoch milliseconds. */
  now: number;
  /** For the whole exchange. */
  timeoutMs: number;
  /** Cuts the exchange off when the hub stops. */
  signal: AbortSignal;
};

/** One way of telling people. `detail` texts never hold what the receiver said beyond its status, nor any secret. */
export type ChannelFamily<K extends ChannelKind> = {
  /** Where it goes, for people; nothing in it opens a door. */
  target(declaration: DeclarationOf<K>): string;
  /** Sends once. Never throws: every way it can end is an outcome. */
  send(declaration: DeclarationOf<K>, outgoing: Outgoing, context: SendContext): Promise<SendOutcome>;
};
