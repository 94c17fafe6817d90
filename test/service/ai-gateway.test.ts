import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { AiProviderView } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import { chatEvents, type FakeProvider, healthy, type Reply, startProvider } from '../services/provider.ts';
import { until } from '../services/until.ts';

/** What passes the gateway untouched, who leaves, what rests, and what a new file changes. */
let first: FakeProvider;
let second: FakeProvider;
let hub: RunningHub;
const yaml = (more = '') => `ai:
  providers:
    - { name: first, kind: compatible, url: "${first.url}/v1", key: key-of-first, priority: 1, models: [{ name: real-name, aliases: [nickname] }] }
    - { name: second, kind: compatible, url: "${second.url}/v1", key: key-of-second, priority: 2, models: [real-name] }
${more}`;

beforeAll(async () => {
  first = await startProvider(healthy());
  second = await startProvider(healthy('from the second'));
  hub = await startHub({ yaml: yaml() });
});
afterAll(async () => {
  await hub?.dispose();
  await first?.close();
  await second?.close();
});

const send = (body: string, headers: Record<string, string> = {}) =>
  fetch(`${hub.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${hub.key}`, ...headers },
    body,
  });
const during = async (reply: Reply, work: () => Promise<void>) => {
  const before = first.reply;
  first.reply = reply;
  try {
    await work();
  } finally {
    first.reply = before;
  }
};
const providers = async () => (await hub.api.read<{ items: AiProviderView[] }>('/ops/ai/providers')).items;

describe('the same protocol on both sides', () => {
  const odd =
    '{ "messages":[{"role":"user","content":"\\u0041"}],\n"seed":12345678901234567890, "vendor_field":{"a":[1.0]},"model":"real-name"}';
  test('passes the request byte for byte, but for the name of the model', async () => {
    await send(odd);
    expect(first.asked.at(-1)?.text).toBe(odd);
    await send(odd.replace('real-name', 'nickname'));
    expect(first.asked.at(-1)?.text).toBe(odd);
  });
  test('passes the answer byte for byte', async () => {
    const answer =
      '{"choices":[{"message":{"content":"x"},"vendor":1.0}],  "usage":{"prompt_tokens":1},"new_field":"é"}';
    const reply: Reply = (outgoing) => outgoing.writeHead(200, { 'content-type': 'application/json' }).end(answer);
    await during(reply, async () => expect(await (await send(odd)).text()).toBe(answer));
  });
  test('passes a stream byte for byte, comments and unknown fields too', async () => {
    const stream = `: hello\n\n${chatEvents(['a', 'b'])
      .map((event) => event.replace('"id"', '"vendor":1.0,"id"'))
      .join('')}`;
    const reply: Reply = (outgoing) => outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).end(stream);
    await during(reply, async () => {
      expect(await (await send(odd.replace('{ ', '{ "stream":true,'))).text()).toBe(stream);
    });
  });
  test('the hub’s key goes out, the caller’s never does', async () => {
    await send(odd, { 'x-api-key': hub.key, cookie: 'a=b' });
    const { headers = {} } = first.asked.at(-1) ?? {};
    expect(headers.authorization).toBe('Bearer key-of-first');
    expect(JSON.stringify(headers)).not.toContain(hub.key);
    expect(headers.cookie).toBeUndefined();
  });
});

test('a caller who leaves in the middle of a stream ends the provider’s too', async () => {
  let closed = false;
  const reply: Reply = (outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of chatEvents(['a', 'b']).slice(0, 2)) outgoing.write(event);
    outgoing.once('close', () => {
      closed = true;
    });
  };
  await during(reply, async () => {
    const { hostname, port } = new URL(hub.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const body = '{"model":"real-name","stream":true,"messages":[]}';
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-api-key: ${hub.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await once(socket, 'data');
    socket.destroy();
    await until(() => closed, { what: 'the provider sees the end' });
  });
});

test('who asks to be left alone is left alone, and shown so', async () => {
  const reply: Reply = (outgoing) => outgoing.writeHead(429, { 'retry-after': '30' }).end('{}');
  await during(reply, async () => {
    const before = first.asked.length;
    for (let i = 0; i < 3; i++)
      expect((await send('{"model":"real-name","messages":[]}')).headers.get('x-orrery-provider')).toBe('second');
    expect(first.asked.length - before).toBe(1);
    const [shown] = await providers();
    expect(shown).toMatchObject({ name: 'first', state: 'down' });
    expect(shown?.keys[0]?.restsUntil).not.toBeNull();
    expect(JSON.stringify(shown)).not.toContain('key-of-first');
  });
});

test('a new file is in force without a restart', async () => {
  const next = `${hub.configFile}.next`;
  writeFileSync(
    next,
    yaml(`    - { name: third, kind: compatible, url: "${second.url}", key: k3, priority: 1, models: [other-name] }\n`),
  );
  renameSync(next, hub.configFile);
  await until(async () => (await providers()).length === 3, { what: 'the third provider' });
  const answer = await send('{"model":"other-name","messages":[]}');
  expect(answer.headers.get('x-orrery-provider')).toBe('third');
  expect(second.asked.at(-1)?.headers.authorization).toBe('Bearer k3');
});

test('the variables of the environment alone make providers', async () => {
  const alone = await startHub({
    env: { OLLAMA_URL: second.url, ANTHROPIC_API_KEY: 'sk-ant-not-a-real-key', OPENAI_API_KEY: 'sk-not-a-real-key' },
  });
  const { items } = await alone.api.read<{ items: AiProviderView[] }>('/ops/ai/providers');
  expect(items.map(({ name, kind, local }) => ({ name, kind, local }))).toEqual([
    { name: 'claude', kind: 'anthropic', local: false },
    { name: 'ollama', kind: 'ollama', local: true },
    { name: 'openai', kind: 'openai', local: false },
  ]);
  await alone.dispose();
});

test('with hedging a second provider is asked while the first is silent, and the first is let go', async () => {
  let begun = false;
  let closed = false;
  const silent = await startProvider((outgoing) => {
    begun = true;
    outgoing.once('close', () => {
      closed = true;
    });
  });
  const hedging = await startHub({
    yaml: `ai:
  hedgeAfter: 50ms
  providers:
    - { name: silent, kind: compatible, url: "${silent.url}/v1", priority: 1, models: [m] }
    - { name: quick, kind: compatible, url: "${second.url}/v1", priority: 2, models: [m] }
`,
  });
  const answer = await hedging.api.post<unknown>('/v1/chat/completions', { model: 'm', messages: [] });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('x-orrery-provider')).toBe('quick');
  expect(begun).toBe(true);
  await until(() => closed, { what: 'the silent one is let go' });
  await until(
    async () => {
      const { items } = await hedging.api.read<{ items: AiProviderView[] }>('/ops/ai/providers');
      return items.every(({ inFlight }) => inFlight === 0);
    },
    { what: 'nothing is under way any more' },
  );
  await hedging.dispose();
  await silent.close();
});
