import type { ProviderFamily } from './provider.ts';
import { OPENAI_PATHS, withoutVersion } from './provider.ts';

const VERSION = '2023-06-01';

export const anthropic: ProviderFamily = {
  kind: 'anthropic',
  url: 'https://api.anthropic.com',
  local: false,
  apis: ['messages'],
  names: ['anthropic', 'claude'],
  owns: /^claude-/,
  base: (url) => `${withoutVersion(url)}/v1`,
  path: (api) => OPENAI_PATHS[api],
  auth: (key) => ({ 'anthropic-version': VERSION, ...(key === undefined ? {} : { 'x-api-key': key }) }),
  passes: ['anthropic-version', 'anthropic-beta'],
};
