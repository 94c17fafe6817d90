import { connect } from 'node:net';
import type { AiBudget, AiCall, AiUsage, Lead } from '@orrery/protocol';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiClient, createApi, type RunningHub, startHub } from '../services/hub.ts';
import { leaveRow, makeKey } from '../services/people.ts';
import { type FakeProvider, healthy, startProvider } from '../services/provider.ts';

/** What a tenant's callers get of the orchestrator: their own cache, redaction, budgets and figures, and nothing of another's. */
let claude: FakeProvider;
let ollama: FakeProvider;
let gpt: FakeProvider;
let hub: RunningHub;
let acme: ApiClient;
let acmeOps: ApiClient;
let other: ApiClient;
let key: string;

beforeAll(async () => {
  [claude, ollama, gpt] = await Promise.all([
    startProvider(healthy('Hello from Claude')),
    startProvider(healthy('Hello from Ollama')),
    startProvider(healthy('Hello from GPT')),
  ]);
  hub = await startHub({
    yaml: `network: { allowPrivate: true }
tenants: [{ id: acme }, { id: other }]
projects:
  - { slug: shop, name: Shop, hubUrl: "http://127.0.0.1:1", tenant: acme, apiKey: ingest-shop-5d07f2c9b1a84e36 }
  - { slug: house, name: House, hubUrl: "http://127.0.0.1:1", tenant: acme, apiKey: ingest-house-1c9be27d48365f1a }
ai:
  providers:
    - { name: claude, url: "${claude.url}", key: k1, priority: 1, models: [claude-x, { name: claude-small, context: 2000 }] }
    - { name: ollama, url: "${ollama.url}", priority: 2, models: [llama-x] }
    - { name: openai, url: "${gpt.url}/v1", key: k3, priority: 3, models: [gpt-x] }
  prices: [{ model: "*", input: 1000, output: 1000 }]
  cache: { tenants: [acme] }
  budgets:
    - { name: of-other, match: { tenant: other }, each: tenant, per: day, requests: 1000 }
    - { name: of-each, each: tenant, per: day, requests: 1000 }
    - { name: few, match: { model: gpt-x }, per: day, tokens: 5000 }
  guardrails:
    models: [{ role: agent, allow: [claude-small, gpt-x, "claude-x"] }]
    redact: [{ tenants: [acme] }]
`,
  });
  key = await makeKey(hub, 'agent', { tenant: 'acme' });
  acme = createApi(hub.url, { 'x-api-key': key });
  acmeOps = createApi(hub.url, { 'x-api-key': await makeKey(hub, 'operator', { tenant: 'acme' }) });
  other = createApi(hub.url, { 'x-api-key': await makeKey(hub, 'operator', { tenant: 'other' }) });
});
afterAll(async () => {
  await hub?.dispose();
  await Promise.all([claude?.close(), ollama?.close(), gpt?.close()]);
});

const chat = (content: string, more: object = {}) => ({
  model: 'gpt-x',
  messages: [{ role: 'user', content }],
  ...more,
});
const raw = (body: object, headers: Record<string, string> = {}) =>
  fetch(`${hub.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key, ...headers },
    body: JSON.stringify(body),
  });

describe('the exact cache', () => {
  test('gives a tenant its own answer again, for nothing, and nobody else’s', async () => {
    const before = gpt.asked.length;
    const first = await raw(chat('the same question'));
    const text = await first.text();
    const again = await raw(chat('the same question'));
    expect(again.headers.get('x-orrery-cache')).toBe('hit');
    expect(await again.text()).toBe(text);
    expect(gpt.asked).toHaveLength(before + 1);
    const call = await acmeOps.read<AiCall>(`/ops/ai/calls/${again.headers.get('x-orrery-audit-id')}`);
    expect(call).toMatchObject({ cached: true, costUsd: 0, provider: 'openai', tenant: 'acme' });
    const theirs = await other.post('/v1/chat/completions', chat('the same question'));
    expect(theirs.headers.get('x-orrery-cache')).toBeNull();
    expect(gpt.asked).toHaveLength(before + 2);
  });
  test('gives a stream again as it was', async () => {
    const question = chat('the same stream', { stream: true });
    const first = await (await raw(question)).text();
    expect(first).toContain('[DONE]');
    const before = gpt.asked.length;
    const again = await raw(question);
    expect(again.headers.get('content-type')).toBe('text/event-stream');
    expect(await again.text()).toBe(first);
    expect(gpt.asked).toHaveLength(before);
  });
  test('asks again where a header changes what is asked', async () => {
    const before = gpt.asked.length;
    for (const beta of ['a', 'b', 'a']) await (await raw(chat('with a header'), { 'openai-beta': beta })).text();
    expect(gpt.asked).toHaveLength(before + 2);
  });
});

test('personal data and secrets of a tenant that wants it stay here', async () => {
  await (await raw(chat('I am ada@example.com, 4111 1111 1111 1111'))).text();
  expect(gpt.asked.at(-1)?.text).not.toMatch(/ada@|4111/);
  expect(gpt.asked.at(-1)?.text).toContain('[e-mail]');
  await other.post('/v1/chat/completions', chat('I am ada@example.com'));
  expect(gpt.asked.at(-1)?.text).toContain('ada@example.com');
});

test('a tenant sees no call, lead, figure or budget of another’s', async () => {
  const mine = (await raw(chat('mine'))).headers.get('x-orrery-audit-id');
  expect((await other.get(`/ops/ai/calls/${mine}`)).status).toBe(404);
  const calls = await other.read<{ items: AiCall[] }>('/ops/ai/calls?limit=500');
  expect(new Set(calls.items.map(({ tenant }) => tenant))).toEqual(new Set(['other']));
  const usage = await other.read<AiUsage>('/ops/ai/usage?by=tenant');
  expect(usage.groups.map(({ name }) => name)).toEqual(['other']);
  const names = async (api: ApiClient) =>
    (await api.read<{ items: AiBudget[] }>('/ops/ai/budgets')).items.map(({ declaration }) => declaration.name).sort();
  expect(await names(acmeOps)).toEqual(['of-each']);
  expect(await names(other)).toEqual(['of-each', 'of-other']);
  expect(
    (await acme.post('/orchestrate', { intent: 'summarize', tenant_id: 'other', payload: { raw_text: 'x' } })).status,
  ).toBe(403);
});

test('a key of one project sees no lead of another project of its tenant', async () => {
  const lead = (id: string, project: string | null) =>
    leaveRow(hub, 'leads', {
      ...{ id: `led_${id}`, at: Date.now(), tenant: 'acme', project, source: 'test', source_id: id },
      fields: '{}',
    });
  lead('1', 'shop');
  lead('2', 'house');
  lead('3', null);
  const seen = async (api: ApiClient) =>
    (await api.read<{ items: Lead[] }>('/ops/leads')).items.map(({ sourceId }) => sourceId).sort();
  const limited = createApi(hub.url, {
    'x-api-key': await makeKey(hub, 'operator', { tenant: 'acme', projects: ['shop'] }),
  });
  expect(await seen(acmeOps)).toEqual(['1', '2', '3']);
  expect(await seen(limited)).toEqual(['1']);
  expect(await seen(other)).toEqual([]);
});

test('who may ask for some models alone is served by no other that stands in', async () => {
  const before = [claude.asked.length, ollama.asked.length];
  const long = await raw({ ...chat('x'.repeat(20_000)), model: 'claude-small' });
  expect(long.status).toBe(200);
  expect(['claude-x', 'gpt-x']).toContain(long.headers.get('x-orrery-model'));
  claude.reply = (outgoing) => void outgoing.writeHead(500).end();
  gpt.reply = (outgoing) => void outgoing.writeHead(500).end();
  const none = await raw({ ...chat('y'), model: 'claude-x' });
  expect(none.status).toBe(502);
  expect(ollama.asked).toHaveLength(before[1] ?? 0);
  claude.reply = healthy('Hello from Claude');
  gpt.reply = healthy('Hello from GPT');
});

test('several answers at once are set aside in full', async () => {
  const ask = (n: number) => raw(chat('many', { n, max_tokens: 1000 }));
  expect((await ask(10)).status).toBe(402);
});

test('Claude, then Ollama, then GPT', async () => {
  const order = async () => {
    const answer = await hub.api.post<{ choices: { message: { content: string } }[] }>('/v1/chat/completions', {
      ...chat('who are you'),
      model: 'claude-x',
    });
    return [answer.body.choices[0]?.message.content, answer.headers.get('x-orrery-failovers')];
  };
  expect(await order()).toEqual(['Hello from Claude', null]);
  claude.reply = (outgoing) => void outgoing.writeHead(529).end();
  expect(await order()).toEqual(['Hello from Ollama', 'claude=status 529']);
  ollama.reply = (outgoing) => void outgoing.writeHead(500).end();
  expect(await order()).toEqual(['Hello from GPT', 'claude=status 529, ollama=status 500']);
  claude.reply = healthy('Hello from Claude');
  ollama.reply = healthy('Hello from Ollama');
});

test('a provider that speaks Responses is asked in it, and its bytes pass', async () => {
  const client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: hub.key, maxRetries: 0 });
  expect((await client.responses.create({ model: 'gpt-x', input: 'Say hello' })).output_text).toBe('Hello from GPT');
  expect(gpt.asked.at(-1)).toMatchObject({ path: '/v1/responses', body: { model: 'gpt-x', input: 'Say hello' } });
  let text = '';
  for await (const event of await client.responses.create({ model: 'gpt-x', input: 'Say hello', stream: true }))
    if (event.type === 'response.output_text.delta') text += event.delta;
  expect(text).toBe('Hello from GPT');
  expect(gpt.asked.at(-1)?.path).toBe('/v1/responses');
});

test('durations and tokens are on /metrics under the names of the GenAI conventions', async () => {
  const { text } = await hub.api.get('/metrics');
  expect(text).toMatch(/^gen_ai_client_operation_duration_seconds_count\{.*gen_ai_provider_name="openai"/m);
  for (const type of ['input', 'output'])
    expect(text).toMatch(
      new RegExp(
        `^gen_ai_client_token_usage_sum\\{.*gen_ai_request_model="gpt-x",gen_ai_token_type="${type}"\\} [1-9]`,
        'm',
      ),
    );
});

describe('strangers', () => {
  const SQL = [
    "' OR '1'='1",
    "'; DROP TABLE ai_calls; --",
    '" OR ""="',
    "ork_x' UNION SELECT key FROM api_keys --",
    '1) OR (1=1',
  ];
  test.each(['authorization', 'x-api-key'])('with SQL in %s are strangers', async (header) => {
    const paths = ['/v1/chat/completions', '/v1/messages', '/v1/responses', '/v1/embeddings', '/orchestrate'];
    for (const [i, path] of paths.entries()) {
      const value = header === 'authorization' ? `Bearer ${SQL[i]}` : (SQL[i] ?? '');
      const headers = { 'content-type': 'application/json', [header]: value };
      const answer = await fetch(hub.url + path, { method: 'POST', headers, body: '{}' });
      expect(answer.status, `${path} ${value}`).toBe(401);
      expect(await answer.text()).not.toMatch(/sql|syntax|select/i);
    }
  });
  test('with a Host that is none end nothing', async () => {
    const { hostname, port } = new URL(hub.url);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(Number(port), hostname, () =>
        socket.write('GET /v1/models HTTP/1.1\r\nHost: [ bad\r\nConnection: close\r\n\r\n'),
      );
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1.1 (400|401) /);
    expect((await hub.api.get('/v1/models')).status).toBe(200);
  });
});
