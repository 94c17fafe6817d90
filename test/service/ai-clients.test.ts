import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import { type FakeProvider, healthy, startProvider } from '../services/provider.ts';

/** The official clients with nothing changed but the base URL and the key. */
let claude: FakeProvider;
let gpt: FakeProvider;
let hub: RunningHub;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  claude = await startProvider(healthy('Hello from Claude'));
  gpt = await startProvider(healthy('Hello from GPT'));
  hub = await startHub({
    yaml: `ai:
  providers:
    - { name: claude, url: "${claude.url}", key: k-claude, priority: 1, models: [{ name: claude-x, aliases: [smart] }] }
    - { name: openai, url: "${gpt.url}/v1", key: k-gpt, priority: 3, apis: [chat, embeddings], models: [gpt-x, { name: embed-x, apis: [embeddings] }] }
`,
  });
  openai = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: hub.key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: hub.url, apiKey: hub.key, maxRetries: 0 });
});
afterAll(async () => {
  await hub?.dispose();
  await claude?.close();
  await gpt?.close();
});

const say = (model: string) => ({ model, messages: [{ role: 'user' as const, content: 'Say hello' }] });

describe.each([
  ['gpt-x', 'Hello from GPT'],
  ['claude-x', 'Hello from Claude'],
  ['smart', 'Hello from Claude'],
])('%s', (model, text) => {
  test('answers OpenAI’s client', async () => {
    const answer = await openai.chat.completions.create(say(model));
    expect(answer.choices[0]?.message.content).toBe(text);
    expect(answer.usage?.prompt_tokens).toBe(7);
  });
  test('streams to OpenAI’s client', async () => {
    const stream = await openai.chat.completions.create({ ...say(model), stream: true });
    let said = '';
    for await (const chunk of stream) said += chunk.choices[0]?.delta.content ?? '';
    expect(said).toBe(text);
  });
  test('answers the Responses API', async () => {
    const answer = await openai.responses.create({ model, input: 'Say hello', store: false });
    expect(answer.output_text).toBe(text);
  });
  test('streams the Responses API', async () => {
    const stream = openai.responses.stream({ model, input: 'Say hello', store: false });
    const answer = await stream.finalResponse();
    expect(answer.output_text).toBe(text);
  });
  test('answers Anthropic’s client', async () => {
    const answer = await anthropic.messages.create({ ...say(model), max_tokens: 100 });
    expect(answer.content).toMatchObject([{ type: 'text', text }]);
    expect(answer.usage.input_tokens).toBe(7);
  });
  test('streams to Anthropic’s client', async () => {
    const answer = await anthropic.messages.stream({ ...say(model), max_tokens: 100 }).finalMessage();
    expect(answer.content).toMatchObject([{ type: 'text', text }]);
    expect(answer.stop_reason).toBe('end_turn');
  });
});

test('embeddings and models', async () => {
  const made = await openai.embeddings.create({ model: 'embed-x', input: 'x', encoding_format: 'float' });
  expect(made.data[0]?.embedding).toEqual([0.1, 0.2]);
  const ids = (await openai.models.list()).data.map(({ id }) => id);
  expect(ids).toEqual(['claude-x', 'smart', 'gpt-x', 'embed-x']);
  expect((await anthropic.models.list()).data.map(({ id }) => id)).toEqual(ids);
});
