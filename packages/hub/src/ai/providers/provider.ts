import type { AiApi, AiProviderKind } from '@orrery/protocol';

/** What is common to all providers of one kind: where they answer, and how they want to be asked. Pure. */
export type ProviderFamily = {
  readonly kind: AiProviderKind;
  /** Where the kind answers when no URL is declared; undefined where one must be. */
  readonly url: string | undefined;
  readonly local: boolean;
  readonly apis: readonly AiApi[];
  /** Names by which a declared provider is of this kind without saying so. */
  readonly names: readonly string[];
  /** Whether a model of this name is surely of this kind, when no provider lists it. */
  readonly owns: RegExp | undefined;
  /** The path in front of every API's own. */
  base(url: URL): string;
  path(api: AiApi | 'models'): string;
  auth(key: string | undefined): Readonly<Record<string, string>>;
  /** Headers of the caller that travel on, in lower case: what they steer is between caller and provider. */
  readonly passes: readonly string[];
};

const trimmed = (url: URL): string => url.pathname.replace(/\/+$/, '');
/** The path of a URL as people write it: with or without the version at its end. */
export const withoutVersion = (url: URL): string => trimmed(url).replace(/\/v1$/, '');
/** The path as the OpenAI client's `baseURL` has it; a bare host means `/v1`. */
export const withVersion = (url: URL): string => trimmed(url) || '/v1';

export const OPENAI_PATHS: Readonly<Record<AiApi | 'models', string>> = {
  chat: '/chat/completions',
  responses: '/responses',
  embeddings: '/embeddings',
  messages: '/messages',
  models: '/models',
};
export const bearer = (key: string | undefined): Record<string, string> =>
  key === undefined ? {} : { authorization: `Bearer ${key}` };
