import type { AiCall, OrchestrateAnswer } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import {
  chatBody,
  chatEvents,
  type FakeProvider,
  healthy,
  messageBody,
  type Reply,
  startProvider,
} from '../services/provider.ts';

/** What is billed though it did not serve, and what a provider writes that cannot be carried to the caller. */
let first: FakeProvider;
let second: FakeProvider;
let claude: FakeProvider;
let hub: RunningHub;
/** Each fault has a provider of its own, whose breaker is nobody else's. */
const MODELS = ['error', 'ended', 'broken', 'silent', 'refusal', 'page', 'nothing', 'cut'];

beforeAll(async () => {
  first = await startProvider(healthy());
  second = await startProvider(healthy());
  claude = await startProvider(healthy());
  // One dollar for a thousand tokens of the first and of Claude, two of the second: whose they are shows in the sum.
  hub = await startHub({
    yaml: `ai:
  providers:
${MODELS.map((model) => `    - { name: first-${model}, kind: compatible, url: "${first.url}/v1", key: k, priority: 1, models: [${model}] }\n`).join('')}\
    - { name: second, kind: compatible, url: "${second.url}/v1", key: k, priority: 2, models: [${MODELS}, other] }
    - { name: claude, kind: anthropic, url: "${claude.url}", key: k, priority: 1, models: [other, alone] }
  fallback: same
  hedgeAfter: 150ms
  prices:
    - { provider: second, model: "*", input: 2000, output: 2000 }
    - { provider: claude, model: "*", input: 1000, output: 1000, cacheRead: 100, cacheWrite: 1250 }
    - { model: "*", input: 1000, output: 1000 }
`,
  });
});
afterAll(async () => {
  await hub?.dispose();
  for (const one of [first, second, claude]) await one?.close();
});

const ask = async (model: string, more: object = {}) => {
  const answer = await fetch(`${hub.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${hub.key}` },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content: 'x'.repeat(300) }],
      max_tokens: 50,
      ...more,
    }),
  });
  return { answer, text: await answer.text() };
};
const rowOf = (answer: Response) => hub.api.read<AiCall>(`/ops/ai/calls/${answer.headers.get('x-orrery-audit-id')}`);
const json =
  (text: string, contentType = 'application/json'): Reply =>
  (outgoing) =>
    outgoing.writeHead(200, { 'content-type': contentType }).end(text);
/** What the second costs for an answer of its own: 7 tokens in, 3 out, at 2 USD a thousand. */
const SECOND = 0.02;

describe('what did not serve is billed all the same', () => {
  test('an error under a good status, by the provider’s own count', async () => {
    first.reply = json(
      JSON.stringify({ error: { message: 'no' }, usage: { prompt_tokens: 100, completion_tokens: 20 } }),
    );
    const row = await rowOf((await ask('error')).answer);
    expect(row).toMatchObject({ provider: 'second', outcome: 'ok' });
    expect(row.costUsd).toBeCloseTo(SECOND + 0.12, 9);
    expect(row.usage).toMatchObject({ inputTokens: 107, outputTokens: 23, estimated: false });
    expect(row.lost).toMatchObject([{ provider: 'first-error', model: 'error', estimated: false }]);
  });
  test('a stream that ended before its content, by what it had counted', async () => {
    first.reply = (outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.end('data: {"choices":[],"usage":{"prompt_tokens":90,"completion_tokens":10}}\n\n');
    };
    const row = await rowOf((await ask('ended', { stream: true })).answer);
    expect(row).toMatchObject({ provider: 'second', outcome: 'ok' });
    expect(row.lost).toMatchObject([{ provider: 'first-ended', usage: { inputTokens: 90, outputTokens: 10 } }]);
  });
  test('an answer that broke off, by what had come', async () => {
    first.reply = json(JSON.stringify(chatBody('y'.repeat(3000))).slice(0, 3000));
    const row = await rowOf((await ask('broken')).answer);
    expect(row).toMatchObject({ provider: 'second', outcome: 'ok', usage: { estimated: true } });
    expect(row.lost[0]?.usage.outputTokens).toBe(1000);
    expect(row.lost[0]?.usage.inputTokens).toBeGreaterThan(50);
  });
  test('the loser of a hedge, whose prompt was read', async () => {
    first.reply = () => undefined;
    const row = await rowOf((await ask('silent')).answer);
    expect(row).toMatchObject({ provider: 'second', outcome: 'ok', failovers: [] });
    expect(row.lost).toMatchObject([{ provider: 'first-silent', estimated: true, usage: { outputTokens: 0 } }]);
    const prompt = row.lost[0]?.usage.inputTokens ?? 0;
    expect(prompt).toBeGreaterThan(50);
    expect(row.costUsd).toBeCloseTo(SECOND + prompt / 1000, 9);
  });
  test.each<[string, Reply]>([
    ['a refusal', (outgoing) => outgoing.writeHead(529).end('{}')],
    ['a page', json('<html></html>', 'text/html')],
    ['nothing', json('')],
  ])('but %s costs nothing', async (what, reply) => {
    first.reply = reply;
    const row = await rowOf((await ask(what.split(' ').at(-1) ?? '')).answer);
    expect(row).toMatchObject({ provider: 'second', costUsd: SECOND, lost: [] });
  });
  test('a stream that was cut counts what came, not what it had counted at its start', async () => {
    first.reply = (outgoing, _, socket) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.write('data: {"choices":[],"usage":{"prompt_tokens":90,"completion_tokens":1}}\n\n');
      for (const event of chatEvents(['z'.repeat(300)]).slice(0, 2)) outgoing.write(event);
      setImmediate(() => socket.end());
    };
    const { answer, text } = await ask('cut', { stream: true });
    expect(text).toContain('stream_interrupted');
    expect(await rowOf(answer)).toMatchObject({
      provider: 'first-cut',
      outcome: 'cut',
      usage: { inputTokens: 90, outputTokens: 100, estimated: true },
    });
  });
});

describe('an answer that cannot be translated', () => {
  // Deeper than JSON can be written, though not than it can be read.
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const odd = JSON.stringify({
    ...messageBody(''),
    content: [{ type: 'tool_use', id: 'x', name: 'f', input: 'DEEP' }],
  }).replace('"DEEP"', deep);
  test('is the provider’s fault: the next one serves', async () => {
    claude.reply = json(odd);
    second.reply = healthy('from the second');
    const { answer, text } = await ask('other');
    expect(answer.status).toBe(200);
    expect(JSON.parse(text).choices[0].message.content).toBe('from the second');
    expect(answer.headers.get('x-orrery-failovers')).toBe('claude=wrong_shape');
  });
  test('with nobody else left is told in the caller’s own protocol, and settled', async () => {
    claude.reply = json(odd);
    const { answer, text } = await ask('alone');
    expect(answer.status).toBe(502);
    expect(JSON.parse(text).error).toMatchObject({ code: 'no_provider_answered' });
    expect(await rowOf(answer)).toMatchObject({ outcome: 'failed', status: 502, lost: [{ provider: 'claude' }] });
  });
});

test('a task costs what the ledger says, with what its provider had in its cache', async () => {
  claude.reply = json(
    JSON.stringify({
      ...messageBody('Short.'),
      usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 1000, cache_creation_input_tokens: 100 },
    }),
  );
  const { body } = await hub.api.post<OrchestrateAnswer>('/orchestrate', {
    intent: 'summarize',
    payload: { raw_text: 'Something long.', model: 'alone' },
  });
  const row = await hub.api.read<AiCall>(`/ops/ai/calls/${body.auditId}`);
  // 10 plain, 1000 read at a tenth, 100 written at 1.25, 5 out.
  expect(row.costUsd).toBeCloseTo(0.01 + 0.1 + 0.125 + 0.005, 9);
  expect(body.usage.costUsd).toBeCloseTo(row.costUsd ?? 0, 9);
});
