import { bearer, OPENAI_PATHS, type ProviderFamily, withVersion } from './provider.ts';

export const compatible: ProviderFamily = {
  kind: 'compatible',
  url: undefined,
  local: false,
  apis: ['chat', 'embeddings'],
  names: [],
  owns: undefined,
  base: withVersion,
  path: (api) => OPENAI_PATHS[api],
  auth: bearer,
  passes: [],
};
