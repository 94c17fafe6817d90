import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi, type RunningHub, startHub } from '../services/hub.ts';
import { injections } from '../services/injections.ts';
import { makeKey } from '../services/people.ts';
import { type RunningPostgres, startPostgres } from '../services/postgres.ts';
import { type FakeProvider, healthy, startProvider } from '../services/provider.ts';

/** What the doors say while the database is away: later, never an error of the hub's own, and nothing of its insides. */
let postgres: RunningPostgres;
let provider: FakeProvider;
let hub: RunningHub;
let agent = '';

const ask = (model: string, key: string, path = '/v1/chat/completions') =>
  fetch(`${hub.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify({ model, max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] }),
  });

beforeAll(async () => {
  postgres = await startPostgres();
  provider = await startProvider(healthy());
  hub = await startHub({
    databaseUrl: postgres.url,
    yaml: `ai:
  providers:
    - { name: first, kind: compatible, url: "${provider.url}/v1", key: k, models: [m, forbidden, dear] }
  guardrails:
    models: [{ role: agent, allow: [m, dear] }]
  budgets:
    - { name: none, per: day, match: { model: dear }, requests: 1 }
`,
  });
  agent = await makeKey(hub, 'agent');
  expect((await ask('m', agent)).status).toBe(200);
  expect((await ask('dear', agent)).status).toBe(200);
  expect((await ask('dear', agent)).status).toBe(402);
  expect((await ask('forbidden', agent)).status).toBe(403);
  await postgres.crash();
});
afterAll(async () => {
  await hub?.dispose();
  await provider?.close();
  await postgres?.stop();
});

describe('while the database is away', () => {
  test.each([
    ['a call', 'm', '/v1/chat/completions'],
    ['a call beyond its budget', 'dear', '/v1/chat/completions'],
    ['a call that its role may not make', 'forbidden', '/v1/chat/completions'],
    ['a call for a model that nobody has', 'unheard-of', '/v1/chat/completions'],
    ['a message in Anthropic’s format', 'forbidden', '/v1/messages'],
  ])('%s is put off, in the caller’s own words, and nobody is asked', async (_, model, path) => {
    const before = provider.asked.length;
    for (const key of [agent, hub.key]) {
      const answer = await ask(model, key, path);
      const text = await answer.text();
      expect([answer.status, text]).toEqual([503, expect.stringMatching(/just now/)]);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(answer.headers.get('x-should-retry')).toBe('false');
      expect(text).not.toMatch(/select|insert|postgres|ECONN|127\.0\.0\.1/i);
      expect(JSON.parse(text)).toHaveProperty('error');
    }
    expect(provider.asked.length).toBe(before);
  });

  test('a task is put off too', async () => {
    const answer = await createApi(hub.url, { 'x-api-key': hub.key }).post('/orchestrate', {
      intent: 'summarize',
      payload: { raw_text: 'x', model: 'forbidden' },
    });
    expect([answer.status, answer.text]).toEqual([503, expect.not.stringMatching(/select|insert|postgres/i)]);
  });
});

/** A request by hand: from an address of its own, so that no limit of one address is in the way, and with any bytes in its headers. */
const knock = (method: string, path: string, headers: Record<string, string>, from: string) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const { hostname, port } = new URL(hub.url);
    const sent = request(
      { host: hostname, port, path, method, headers, localAddress: from, agent: false },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (piece: string) => {
          text += piece;
        });
        incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
        incoming.once('error', reject);
      },
    );
    sent.once('error', (cause) => reject(new Error(`${method} ${path} ${JSON.stringify(headers)}`, { cause })));
    sent.end();
  });

test('500 injection strings in a header stay unauthorized on every route, and nothing of the database is told', async () => {
  const { body } = await createApi(hub.url, {}).get<{ paths: Record<string, Record<string, unknown>> }>(
    '/openapi.json',
  );
  const routes = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path: path.replaceAll(/\{\w+\}/g, 'x') })),
  );
  const calls = routes.filter(({ path }) => path.startsWith('/v1/') || path === '/orchestrate');
  expect(calls.length).toBeGreaterThanOrEqual(6);
  const strings = injections();
  const wrong: unknown[] = [];
  for (const [i, text] of strings.entries()) {
    // The doors to models hear all of them; every other route hears its share, so that each is asked several times.
    const others = Array.from({ length: 4 }, (_, n) => routes[(i * 4 + n) % routes.length]);
    await Promise.all(
      [...calls, ...others].map(async (route, j) => {
        if (!route) return;
        const { method, path } = route;
        const headers: Record<string, string> = j % 2 ? { 'x-api-key': text } : { authorization: `Bearer ${text}` };
        const told = await knock(method, path, headers, `127.${10 + j}.${1 + (i >> 7)}.${1 + (i & 127)}`);
        if (told.status !== 401 || /select|insert|api_keys|syntax|ECONN/i.test(told.text))
          wrong.push([method, path, text, told]);
      }),
    );
  }
  expect(wrong).toEqual([]);
  expect(routes.length).toBeLessThan(strings.length * 4);
});
