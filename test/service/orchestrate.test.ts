import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AiProviderView, Lead, OpsEvent, OrchestrateAnswer } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi, type RunningHub, startHub } from '../services/hub.ts';
import { chatBody, type FakeProvider, startProvider } from '../services/provider.ts';
import { until } from '../services/until.ts';

/** Products' tasks on a local model alone, whose words the test puts into its mouth. */
let model: FakeProvider;
let hub: RunningHub;
let canary: { url: string; hits: number; close(): void };
let says: string[] = [];
const KEY = 'the-key-of-veria-32-bytes-or-more';

beforeAll(async () => {
  model = await startProvider((outgoing) => {
    outgoing.setHeader('content-type', 'application/json');
    outgoing.end(JSON.stringify(chatBody(says.shift() ?? '')));
  });
  const server = createServer((_, outgoing) => outgoing.end());
  server.on('connection', () => {
    canary.hits += 1;
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  canary = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, hits: 0, close: () => server.close() };
  hub = await startHub({
    yaml: `projects:
  - { slug: veria, name: Veria, hubUrl: "http://127.0.0.1:9", apiKey: ${KEY} }
network: { allowPrivate: true }
ai:
  providers:
    - { name: ollama, url: "${model.url}", models: [llama] }
`,
  });
});
afterAll(async () => {
  await hub?.dispose();
  await model?.close();
  canary?.close();
});

const ask = async (body: object, ...words: string[]) => {
  says = words;
  return hub.api.post<OrchestrateAnswer & { detail?: string; fields?: { field: string }[] }>('/orchestrate', body);
};
const leads = async () => (await hub.api.read<{ items: Lead[] }>('/ops/leads')).items;
const TEXT = 'Hi, this is Ada Lovelace of Analytical Engines, ada@example.com. We want a demo.';

describe('extract', () => {
  test('a lead becomes a row of the lead flow and an event', async () => {
    const found = { name: 'Ada Lovelace', email: 'ada@example.com', company: 'Analytical Engines', phone: null };
    const answer = await ask(
      { intent: 'extract', tenant_id: 'the-expert-co', project: 'veria', payload: { raw_text: TEXT } },
      `Here it is:\n\`\`\`json\n${JSON.stringify(found)}\n\`\`\``,
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      result: found,
      intent: 'extract',
      provider: 'ollama',
      model: 'llama',
      usage: { inputTokens: 7, outputTokens: 3, costUsd: 0 },
      failovers: [],
    });
    expect(answer.body.overheadMs).toBeLessThanOrEqual(answer.body.latencyMs);
    const [lead] = await leads();
    expect(lead).toMatchObject({
      tenant: 'the-expert-co',
      project: 'veria',
      source: 'call',
      sourceId: answer.body.auditId,
      fields: { name: 'Ada Lovelace', email: 'ada@example.com', company: 'Analytical Engines' },
    });
    const events = await hub.api.read<{ items: OpsEvent[] }>('/ops/events/recent?limit=50');
    expect(events.items.find(({ type }) => type === 'lead.created')?.data).toMatchObject({
      callId: answer.body.auditId,
    });
  });

  test('an answer that does not fit is corrected once, and the correction is asked for by its fault', async () => {
    const schema = { type: 'object', properties: { total: { type: 'number' } }, required: ['total'] };
    const body = { intent: 'extract', payload: { raw_text: 'It was 12 Euro.', schema } };
    const answer = await ask(body, '{"total": "twelve"}', '{"total": 12}');
    expect(answer.body.result).toEqual({ total: 12 });
    expect(answer.body.usage).toMatchObject({ inputTokens: 14, outputTokens: 6 });
    expect(model.asked.at(-1)?.text).toContain('That does not fit: total');
  });

  test('one that never fits is an honest failure, and no lead', async () => {
    const before = (await leads()).length;
    const answer = await ask({ intent: 'extract', payload: { raw_text: TEXT } }, 'no', '{"name": 3}');
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toContain('name');
    expect(await leads()).toHaveLength(before);
  });

  test('a schema that is none is refused by its name', async () => {
    const payload = { raw_text: 'x', schema: { type: 'no-such-type' } };
    const answer = await ask({ intent: 'extract', payload });
    expect(answer.status).toBe(400);
    expect(answer.body.fields?.[0]?.field).toBe('body.payload.schema');
  });
});

test('summarize says what the model said', async () => {
  const answer = await ask({ intent: 'summarize', payload: { raw_text: TEXT } }, 'Ada wants a demo.');
  expect(answer.body.result).toEqual({ summary: 'Ada wants a demo.' });
});

test('route says which task fits, and who would serve it', async () => {
  const answer = await ask(
    { intent: 'route', payload: { raw_text: TEXT } },
    '{"intent": "extract", "reason": "a contact"}',
  );
  expect(answer.body.result).toMatchObject({ intent: 'extract', provider: 'ollama', model: 'llama' });
});

test('constraints come first: what nobody can keep is refused, with the reason', async () => {
  const payload = { raw_text: TEXT };
  const local = await ask({ intent: 'summarize', payload, constraints: { local_only: true, max_cost_usd: 0 } }, 'Yes.');
  expect(local.status).toBe(200);
  const named = await ask({ intent: 'summarize', payload: { ...payload, model: 'gpt-9' } });
  expect(named.status).toBe(400);
  expect(named.body.detail).toContain('gpt-9');
});

describe('where a call goes is the hub’s to say', () => {
  const steering = ['api_base', 'base_url', 'baseURL', 'endpoint', 'proxy', 'headers'];
  const good = { intent: 'summarize', payload: { raw_text: 'x' } };
  const wayOut = (name: string) => (name === 'headers' ? { host: canary.url } : canary.url);

  test.each(steering)('%s in the body of a task is refused', async (name) => {
    expect((await ask({ ...good, [name]: wayOut(name) })).status).toBe(400);
    expect((await ask({ ...good, payload: { ...good.payload, [name]: wayOut(name) } })).status).toBe(400);
  });
  test.each(steering)('%s in the query is refused', async (name) => {
    const query = `?${name}=${encodeURIComponent(canary.url)}`;
    expect((await hub.api.post(`/orchestrate${query}`, good)).status).toBe(400);
    const call = { model: 'llama', messages: [{ role: 'user', content: 'x' }] };
    expect((await hub.api.post(`/v1/chat/completions${query}`, call)).status).toBe(400);
  });
  test.each(steering)('%s in the body of a call is refused', async (name) => {
    const call = { model: 'llama', messages: [{ role: 'user', content: 'x' }], [name]: wayOut(name) };
    const answer = await hub.api.post<{ error: { param: string } }>('/v1/chat/completions', call);
    expect(answer.status).toBe(400);
    expect(answer.body.error.param).toBe(name);
  });
  test.each(['api-base', 'base-url', 'endpoint', 'proxy'])('%s as a header steers nothing', async (name) => {
    const api = createApi(hub.url, { 'x-api-key': hub.key, [name]: canary.url });
    expect((await api.post('/orchestrate', good)).status).toBe(400);
  });
  test('no API changes where a provider is: it stands in the file, and its key is shown to nobody', async () => {
    const { items } = await hub.api.read<{ items: AiProviderView[] }>('/ops/ai/providers');
    expect(items.map(({ name, state }) => ({ name, state }))).toEqual([{ name: 'ollama', state: 'healthy' }]);
    for (const method of ['PUT', 'PATCH', 'POST', 'DELETE'])
      expect((await hub.api.call(method, '/ops/ai/providers', { url: canary.url })).status).toBe(405);
  });
  test('and the canary heard of nothing', () => expect(canary.hits).toBe(0));
});

test('a lead that a product tells of becomes a row, once', async () => {
  const event = {
    specversion: '1.0',
    id: 'lead-7',
    source: 'veria',
    type: 'events.lead.created',
    data: { name: 'Charles', email: 'charles@example.com' },
  };
  const push = () =>
    fetch(`${hub.url}/api/fed/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json', 'x-api-key': KEY },
      body: JSON.stringify(event),
    });
  await push();
  await push();
  const told = await until(
    async () => {
      const found = (await leads()).filter(({ source }) => source === 'event');
      return found.length > 0 ? found : undefined;
    },
    { what: 'the lead of the event' },
  );
  expect(told).toMatchObject([{ project: 'veria', sourceId: 'veria:lead-7', fields: { name: 'Charles' } }]);
});

test('errors speak the protocol of the route', async () => {
  const stranger = createApi(hub.url, {
    'x-api-key': 'orr_0000000000000000_0000000000000000000000000000000000000000000',
  });
  const call = { model: 'nobody-has-it', messages: [], max_tokens: 5 };
  expect((await stranger.post<unknown>('/v1/messages', call)).body).toMatchObject({
    type: 'error',
    error: { type: 'authentication_error' },
  });
  expect((await stranger.post<unknown>('/v1/chat/completions', call)).body).toMatchObject({
    error: { type: 'authentication_error' },
  });
  const unknown = await hub.api.post<unknown>('/v1/chat/completions', call);
  expect(unknown.status).toBe(404);
  expect(unknown.body).toMatchObject({ error: { code: 'model_not_found', param: 'model' } });
});
