import type { AiBudget, AiCall, AiUsage, Alert, OpsEvent } from '@orrery/protocol';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GrafanaService, startGrafana } from '../services/grafana.ts';
import { type RunningHub, runOrrery, startHub } from '../services/hub.ts';
import { type FakeProvider, healthy, startProvider } from '../services/provider.ts';
import { until } from '../services/until.ts';

/** What is kept of calls that an official client makes: on record, within budgets, told of. */
let first: FakeProvider;
let second: FakeProvider;
let grafana: GrafanaService;
let hub: RunningHub;
let openai: OpenAI;

beforeAll(async () => {
  first = await startProvider(healthy('Hello from the first'));
  second = await startProvider(healthy('Hello from the second'));
  grafana = await startGrafana('grafana-token');
  hub = await startHub({
    env: { GRAFANA_URL: grafana.url, GRAFANA_API_KEY: 'grafana-token' },
    yaml: `network: { allowPrivate: true }
ai:
  providers:
    - { name: first, url: "${first.url}/v1", key: k1, priority: 1, models: [small] }
    - { name: second, url: "${second.url}/v1", key: k2, priority: 2, models: [small, other] }
  prices:
    - { model: "*", input: 1000, output: 1000 }
  budgets:
    - { name: filed, match: { model: other }, per: day, requests: 2 }
  guardrails:
    maxInputTokens: 1000
`,
  });
  openai = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: hub.key, maxRetries: 0 });
});
afterAll(async () => {
  await hub?.dispose();
  await Promise.all([first?.close(), second?.close(), grafana?.close()]);
});

const ask = (content: string, model = 'small') =>
  openai.chat.completions.create({ model, messages: [{ role: 'user', content }] }).asResponse();
const callOf = (response: Response) =>
  hub.api.read<AiCall>(`/ops/ai/calls/${response.headers.get('x-orrery-audit-id')}`);
const orrery = async (...args: string[]) => {
  const run = runOrrery([...args, '--data', hub.dataDir]);
  return { code: await run.exited, out: run.stdout(), err: run.stderr() };
};

test('a call stands in the ledger before its answer is closed, with what it used and cost', async () => {
  const response = await ask('Say hello');
  expect(await callOf(response)).toMatchObject({
    ...{ outcome: 'ok', status: 200, provider: 'first', model: 'small', modelAsked: 'small', intent: 'chat' },
    usage: { inputTokens: 7, outputTokens: 3, estimated: false },
    ...{ costUsd: 0.01, costNanoUsd: 10_000_000, priceSource: 'orrery.yaml' },
  });
});

test('a budget ends with an error in the caller’s own format, and an alert tells of it', async () => {
  await ask('one', 'other');
  await ask('two', 'other');
  await expect(ask('three', 'other')).rejects.toMatchObject({ status: 402, code: 'over_budget' });
  const alerts = await until(
    async () => {
      const { items } = await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open');
      return items.filter(({ category }) => category === 'cost').length >= 3 ? items : undefined;
    },
    { what: 'the alerts of the budget', timeoutMs: 20_000 },
  );
  expect(
    alerts
      .filter(({ category }) => category === 'cost')
      .map(({ title }) => title)
      .sort(),
  ).toEqual(['AI budget filed is used to 50 %', 'AI budget filed is used to 80 %', 'AI budget filed is used up']);
  await expect(ask('x'.repeat(20_000))).rejects.toMatchObject({ status: 403, code: 'prompt_too_large' });
});

test('a failover is an event and a mark in Grafana at once', async () => {
  first.reply = (outgoing) => void outgoing.writeHead(503).end('{"error":{"message":"busy"}}');
  const response = await ask('Say hello again');
  const told = performance.now();
  const mark = await until(() => grafana.annotations.find(({ tags }) => tags.includes('failover')), {
    what: 'the mark',
    timeoutMs: 10_000,
    everyMs: 10,
  });
  console.log(`the mark came ${Math.round(performance.now() - told)} ms after the answer`);
  expect(mark.text).toMatch(/^AI failover: first \(.+\) → second \(small\)$/);
  expect(await callOf(response)).toMatchObject({ provider: 'second', failovers: [{ provider: 'first' }] });
  const { items } = await hub.api.read<{ items: OpsEvent[] }>('/ops/events/recent?type=ai.failover');
  expect(items).toHaveLength(1);
  first.reply = healthy('Hello from the first');
});

test('a caller that leaves in the middle is on record, with its prompt counted', async () => {
  first.reply = () => undefined;
  const leaving = new AbortController();
  const before = first.asked.length;
  const asking = openai.chat.completions
    .create({ model: 'first/small', messages: [{ role: 'user', content: 'never mind' }] }, { signal: leaving.signal })
    .catch(() => undefined);
  await until(() => first.asked.length > before, { what: 'the provider is asked' });
  leaving.abort();
  await asking;
  const call = await until(
    async () => (await hub.api.read<{ items: AiCall[] }>('/ops/ai/calls?outcome=cancelled')).items[0],
    { what: 'the call is settled' },
  );
  expect(call.usage).toMatchObject({ estimated: true, outputTokens: 0 });
  expect(call.costUsd).toBeGreaterThan(0);
  first.reply = healthy('Hello from the first');
});

test('usage, calls and budgets are there for programs and for the command line', async () => {
  const usage = await hub.api.read<AiUsage>('/ops/ai/usage?by=provider');
  expect(usage.total.calls).toBeGreaterThanOrEqual(6);
  expect(usage.groups.map(({ name }) => name)).toEqual(expect.arrayContaining(['first', 'second']));
  const set = await orrery('ai', 'budget', 'set', 'ann', '--key', 'key_1', '--cost', '25', '--local');
  expect(set).toMatchObject({ code: 0, out: 'The budget ann allows $25.00 a month.\n' });
  const { items } = await hub.api.read<{ items: AiBudget[] }>('/ops/ai/budgets');
  expect(items.map(({ declaration, declaredIn }) => [declaration.name, declaredIn])).toEqual([
    ['filed', expect.stringMatching(/^orrery\.yaml:\d+$/)],
    ['ann', null],
  ]);
  const locked = await orrery('ai', 'budget', 'set', 'filed', '--requests', '5');
  expect(locked.code).toBe(1);
  expect(locked.err).toContain('is declared in orrery.yaml');
  expect((await orrery('ai', 'budget')).out).toMatch(/filed .*100 %.*orrery\.yaml/);
  expect((await orrery('ai', 'usage', '--by', 'model')).out).toMatch(/^MODEL .*\n(.*\n)*small /);
  expect((await orrery('ai', 'providers')).out).toMatch(/^second .*healthy/m);
  expect(await orrery('ai', 'test', 'second')).toMatchObject({ code: 0, out: expect.stringMatching(/second +ok/) });
  const tried = await orrery('ai', 'try', 'Say hello');
  expect(tried.out).toContain('Hello from the first');
  expect(tried.out).toMatch(/first +small +served/);
  expect((await orrery('ai', 'budget', 'remove', 'ann')).code).toBe(0);
});
