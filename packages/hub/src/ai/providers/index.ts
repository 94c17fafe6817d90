import type { AiProviderKind } from '@orrery/protocol';
import { anthropic } from './anthropic.ts';
import { compatible } from './compatible.ts';
import { ollama } from './ollama.ts';
import { openai } from './openai.ts';
import type { ProviderFamily } from './provider.ts';

export type { ProviderFamily } from './provider.ts';

export const FAMILIES = { anthropic, openai, ollama, compatible } satisfies Record<AiProviderKind, ProviderFamily>;

/** The kind of a declared provider: said, or told by its name; with a URL of its own any other speaks as OpenAI does. */
export function kindOf(declared: { name: string; kind?: AiProviderKind | undefined }): AiProviderKind {
  if (declared.kind !== undefined) return declared.kind;
  const named = Object.values(FAMILIES).find(({ names }: ProviderFamily) => names.includes(declared.name));
  return named?.kind ?? 'compatible';
}
