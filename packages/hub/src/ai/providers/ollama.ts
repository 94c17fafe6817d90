import { bearer, OPENAI_PATHS, type ProviderFamily, withoutVersion } from './provider.ts';

export const ollama: ProviderFamily = {
  kind: 'ollama',
  url: 'http://127.0.0.1:11434',
  local: true,
  apis: ['chat', 'embeddings'],
  names: ['ollama'],
  owns: undefined,
  base: (url) => `${withoutVersion(url)}/v1`,
  path: (api) => OPENAI_PATHS[api],
  auth: bearer,
  passes: [],
};
