import Anthropic from '@anthropic-ai/sdk';
import { LLMock } from '@copilotkit/aimock';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brokenReply, type Expected, LONG, PROVIDER_FAULTS, type ProviderFault } from '../services/broken-provider.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { freePort } from '../services/ports.ts';
import { type FakeProvider, startProvider } from '../services/provider.ts';

/** Every way in which a provider fails, for callers of both protocols, whole and streamed; a healthy provider stands behind each. */
const HEALTHY = 'Served by the next one';
let broken: FakeProvider;
let healthy: LLMock;
let hub: RunningHub;
const seen = new Map<string, string>();
const FORMS = [
  ['openai', 'json'],
  ['openai', 'sse'],
  ['anthropic', 'json'],
  ['anthropic', 'sse'],
] as const;

beforeAll(async () => {
  broken = await startProvider(brokenReply);
  healthy = new LLMock({ port: 0 });
  healthy.onMessage(/.*/, { content: HEALTHY });
  await healthy.start();
  const closed = await freePort();
  const whereOf = ({ name }: ProviderFault) =>
    ({
      refused: `http://127.0.0.1:${closed}`,
      'no-such-name': 'http://no-such-host.invalid',
      'no-tls': broken.url.replace('http:', 'https:'),
    })[name] ?? `${broken.url}/${name}`;
  const timeouts = 'timeouts: { connect: 700ms, first: 700ms, idle: 400ms, total: 1500ms }';
  // One provider for each cell of the table: what one call learns of a key is not to help the next.
  const cells = PROVIDER_FAULTS.flatMap((fault) =>
    FORMS.map(([protocol, form]) => ({ fault, name: `${protocol}-${form}-${fault.name}`, protocol })),
  );
  const providers = cells.map(({ fault, name, protocol }) => {
    const [kind, url] = protocol === 'openai' ? ['compatible', `${whereOf(fault)}/v1`] : ['anthropic', whereOf(fault)];
    return `    - { name: ${name}, kind: ${kind}, url: "${url}", key: k, priority: 1, models: [${name}], ${timeouts} }`;
  });
  const models = cells.map(({ name }) => name).join(', ');
  hub = await startHub({
    yaml: `ai:
  fallback: same
  providers:
${providers.join('\n')}
    - { name: next, kind: compatible, url: "${healthy.url}/v1", key: k, priority: 2, models: [${models}] }
`,
  });
});
afterAll(async () => {
  await hub?.dispose();
  await broken?.close();
  await healthy?.stop();
  const columns = ['openai json', 'openai sse', 'anthropic json', 'anthropic sse'];
  const rows = PROVIDER_FAULTS.map(
    ({ name }) => `| ${name} | ${columns.map((at) => seen.get(`${name} ${at}`) ?? '?').join(' | ')} |`,
  );
  console.log(`| fault | ${columns.join(' | ')} |\n${'| --- '.repeat(5)}|\n${rows.join('\n')}`);
});

type Seen = { text: string; status?: number; failed?: string };
const messages = [{ role: 'user' as const, content: 'Say something' }];

/** What the official client sees. */
async function ask(protocol: string, stream: boolean, model: string): Promise<Seen> {
  let text = '';
  try {
    if (protocol === 'openai') {
      const client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: hub.key, maxRetries: 0 });
      if (!stream) {
        const answer = await client.chat.completions.create({ model, messages });
        return { text: answer.choices[0]?.message.content ?? '' };
      }
      for await (const chunk of await client.chat.completions.create({ model, messages, stream: true }))
        text += chunk.choices[0]?.delta.content ?? '';
    } else {
      const client = new Anthropic({ baseURL: hub.url, apiKey: hub.key, maxRetries: 0 });
      if (!stream) {
        const [block] = (await client.messages.create({ model, messages, max_tokens: 50 })).content;
        return { text: block?.type === 'text' ? block.text : '' };
      }
      for await (const event of await client.messages.create({ model, messages, max_tokens: 50, stream: true }))
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    }
    return { text };
  } catch (error) {
    const { status, message } = error as { status?: number; message: string };
    return { text, failed: message, ...(status === undefined ? {} : { status }) };
  }
}

const tried = (fault: string) => broken.asked.filter(({ path }) => path.startsWith(`/${fault}/`)).length;

describe.each(PROVIDER_FAULTS)('$name', (fault) => {
  test.concurrent.each(FORMS)('%s %s', async (protocol, form) => {
    const stream = form === 'sse';
    const expected: Expected = stream ? fault.stream : fault.json;
    const answer = await ask(protocol, stream, `${protocol}-${form}-${fault.name}`);
    seen.set(`${fault.name} ${protocol} ${form}`, wordsOf(answer));
    if (expected === 'recovers') expect(answer).toEqual({ text: HEALTHY });
    if (expected === 'whole') expect(answer).toEqual({ text: `${LONG}of an answer` });
    if (expected === 'cut') {
      // What had come is kept, nothing of another answer is put behind it, and the end is said.
      expect(answer.text).toMatch(/^Half of /);
      expect(answer.text).not.toContain(HEALTHY);
      expect(answer.failed).toContain('not whole');
    }
    if (expected === 'refused') {
      expect(answer.text).toBe('');
      // The caller's own fault is told as it is, and nobody else is asked.
      expect(answer.status).toBe(400);
    }
  });
});

test('no provider was asked twice for one call', () => {
  for (const { name, broken: reached } of PROVIDER_FAULTS)
    if (reached) expect(tried(name), name).toBeLessThanOrEqual(4);
  for (const name of ['400', '400-cut', '401', '403']) expect(tried(name), name).toBe(4);
});

function wordsOf({ text, failed, status }: Seen): string {
  if (failed === undefined) return text === HEALTHY ? 'recovers' : text.startsWith(LONG) ? 'whole' : `"${text}"`;
  return text === '' ? `${status ?? ''} error` : 'error event';
}
