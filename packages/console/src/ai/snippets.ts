import type { SnippetChoice } from '../ui/Snippet.tsx';

/** The ways to the first call: only the address and the key change in a program that exists. */
export const callSnippets = (hub: string): SnippetChoice[] => [
  {
    name: 'openai SDK',
    code: `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: '${hub}/v1', apiKey: process.env.ORRERY_API_KEY });
const answer = await client.chat.completions.create({
  model: 'auto',
  messages: [{ role: 'user', content: 'Say hello' }],
});`,
  },
  {
    name: 'anthropic SDK',
    code: `import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ baseURL: '${hub}', apiKey: process.env.ORRERY_API_KEY });
const answer = await client.messages.create({
  model: 'auto',
  max_tokens: 200,
  messages: [{ role: 'user', content: 'Say hello' }],
});`,
  },
  {
    name: 'curl',
    code: `curl '${hub}/v1/chat/completions' \\
  -H "authorization: Bearer $ORRERY_API_KEY" -H 'content-type: application/json' \\
  -d '{"model": "auto", "messages": [{"role": "user", "content": "Say hello"}]}'`,
  },
];

export const PROVIDERS_YAML = `# orrery.yaml, read again when it changes
ai:
  providers:
    - { name: claude, priority: 1, max_latency_ms: 3000, key: \${ANTHROPIC_API_KEY} }
    - { name: ollama, priority: 2, local: true }
    - { name: openai, priority: 3, max_latency_ms: 5000, key: \${OPENAI_API_KEY} }`;

export const BUDGET_YAML = `ai:
  budgets:
    - { name: all, per: month, costUsd: 500 }
    - { name: tenants, each: tenant, per: day, costUsd: 20, over: local }
    - { name: keys, each: key, per: minute, requests: 60 }`;
