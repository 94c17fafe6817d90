import { bearer, OPENAI_PATHS, type ProviderFamily, withVersion } from './provider.ts';

export const openai: ProviderFamily = {
  kind: 'openai',
  url: 'https://api.openai.com/v1',
  local: false,
  apis: ['chat', 'responses', 'embeddings'],
  names: ['openai', 'gpt'],
  owns: /^(gpt-|chatgpt-|o[1-9](-|$)|text-embedding-)/,
  base: withVersion,
  path: (api) => OPENAI_PATHS[api],
  auth: bearer,
  passes: ['openai-beta', 'idempotency-key'],
};
