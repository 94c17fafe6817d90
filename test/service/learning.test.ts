import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Alert, AuditRecord, HealAttempt, HealSimulation, OpsEvent, Pattern, PatternFile } from '@orrery/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createApi, type RunningHub, runOrrery, startHub } from '../services/hub.ts';
import { type FakeProduct, startProduct } from '../services/product.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

/** What a running hub learns of its own repairs, and what it does with it. */
let product: FakeProduct;
let receiver: Receiver;
let hub: RunningHub;

beforeAll(async () => {
  [product, receiver] = await Promise.all([startProduct('shop'), startReceiver()]);
  receiver.answer(({ path }) => {
    if (path.endsWith('/helps')) product.mood = 'healthy';
    return { status: 200 };
  });
  const policy = (name: string) => `
          - name: ${name}
            mode: automatic
            remedy: { kind: webhook, url: "${receiver.url}/${name}" }
            limits: { cooldown: 0ms }
            verify: { within: 1s, stableFor: 1s }`;
  hub = await startHub({
    yaml: `network: { allowPrivate: true }
repair: { enabled: true, maxSharePercent: 100 }
projects:
  - slug: shop
    name: Shop
    hubUrl: ${product.url}
    services:
      - name: api
        probes: [{ kind: http, url: "${product.url}/api/health", interval: 1s, timeout: 800ms, failAfter: 2 }]
        heal:${policy('useless')}${policy('helps')}
  - { slug: other, name: Other, hubUrl: http://127.0.0.1:9 }
`,
  });
});
afterAll(async () => {
  await hub?.dispose();
  await Promise.all([product?.stop(), receiver?.close()]);
});

const attempts = async () => (await hub.api.read<{ items: HealAttempt[] }>('/ops/autoheal?limit=50')).items;
const statuses = async () =>
  (await hub.api.read<{ services: { status: string }[] }>('/ops/health')).services.map(({ status }) => status);
const patterns = async () => (await hub.api.read<{ items: Pattern[] }>('/api/patterns')).items;
const calls = () => receiver.received.map(({ path }) => path.split('/').at(-1));
const orrery = async (...args: string[]) => {
  const run = runOrrery([...args, '--data', hub.dataDir]);
  const code = await run.exited;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
};

test('what did not help is not tried first again, and what helped is', { timeout: 120_000 }, async () => {
  await until(async () => (await statuses()).every((status) => status === 'up'), { what: 'it is up' });
  product.mood = 'unhealthy';
  await until(async () => (await attempts()).some(({ outcome }) => outcome === 'healed'), {
    timeoutMs: 60_000,
    what: 'the second policy has healed it',
  });
  expect(calls()).toEqual(['useless', 'helps']);
  const learned = await until(
    async () => {
      const own = (await patterns()).filter(({ where }) => where !== null);
      return own.length === 2 && own;
    },
    { timeoutMs: 20_000, what: 'both outcomes are counted' },
  );
  const of = (name: string) => learned.find(({ remedy }) => remedy.form === `webhook, as ${name}`);
  expect(of('useless')).toMatchObject({
    where: { project: 'shop', service: 'api' },
    symptom: { category: 'availability', severity: 'critical', check: 'http', failure: 'failing' },
    ...{ tries: 1, successes: 0, suppressed: false },
  });
  const [healed] = await attempts();
  expect(of('helps')).toMatchObject({ tries: 1, successes: 1, attempts: [healed?.id] });
  await until(
    async () => (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open&project=shop')).items.length === 0,
    { timeoutMs: 30_000, what: 'the alert has ended' },
  );
  product.mood = 'unhealthy';
  await until(async () => (await attempts()).filter(({ outcome }) => outcome === 'healed').length === 2, {
    timeoutMs: 60_000,
    what: 'it is healed at the first try',
  });
  expect(calls()).toEqual(['useless', 'helps', 'helps']);
});

test('a file of it goes to another hub: whole or not at all, and once', { timeout: 60_000 }, async () => {
  const { stdout, code } = await orrery('patterns', 'export');
  expect(code).toBe(0);
  const file: PatternFile = JSON.parse(stdout);
  expect(file.patterns).toHaveLength(2);
  expect(stdout).not.toContain('shop');
  const named = await hub.api.read<PatternFile>('/api/patterns/export?names=true');
  expect(named.patterns[0]?.where).toEqual({ project: 'shop', service: 'api' });
  const other = await startHub();
  onTestFinished(() => other.dispose());
  const spoilt = { ...file, patterns: [...file.patterns, { ...file.patterns[0], successes: 99 }] };
  const refused = await other.api.post<{ fields: { field: string }[] }>('/api/patterns/import', spoilt);
  expect(refused.status).toBe(400);
  expect(refused.body.fields[0]?.field).toBe('body.patterns.2.successes');
  expect((await other.api.read<{ items: unknown[] }>('/api/patterns')).items).toEqual([]);
  const taken = await Promise.all([1, 2].map(() => other.api.post('/api/patterns/import', file)));
  expect(taken.map(({ body }) => (body as { again: boolean }).again).sort()).toEqual([false, true]);
  const { items } = await other.api.read<{ items: Pattern[] }>('/api/patterns');
  expect(items.map(({ where, tries }) => [where, tries])).toEqual([
    [null, 0],
    [null, 0],
  ]);
  const told = await other.api.read<{ items: OpsEvent[] }>('/ops/events/recent?limit=50');
  expect(told.items.filter(({ type }) => type === 'patterns.imported')).toHaveLength(1);
  const trail = await other.api.read<{ items: AuditRecord[] }>('/api/audit?limit=50');
  expect(trail.items.filter(({ verb }) => verb === 'patterns.import')).toHaveLength(1);
});

test('who sees some projects sees their patterns alone', async () => {
  const limited = await hub.api.post<{ key: string }>('/api/keys', {
    name: 'o',
    role: 'operator',
    projects: ['other'],
  });
  const api = createApi(hub.url, { 'x-api-key': limited.body.key });
  expect((await api.read<{ items: unknown[] }>('/api/patterns')).items).toEqual([]);
  expect((await api.read<PatternFile>('/api/patterns/export?names=true')).patterns).toEqual([]);
  const [own] = (await patterns()).filter(({ where }) => where !== null);
  expect((await api.post(`/api/patterns/${own?.id}/allow`, {})).status).toBe(404);
  expect((await api.post('/api/patterns/import', {})).status).toBe(403);
});

test('the command line shows it, and lets one try again', async () => {
  // What was learned last is remembered for some seconds before it is read again.
  await until(async () => (await patterns()).some(({ where, successes }) => where !== null && successes === 2), {
    timeoutMs: 30_000,
    what: 'both are counted',
  });
  const list = await orrery('patterns', 'list');
  expect(list.stdout).toMatch(/critical: http is failing.*webhook, as helps.*shop\/api.*2 of 2/);
  const [own] = (await patterns()).filter(({ where, successes }) => where !== null && successes === 0);
  const allowed = await orrery('patterns', 'allow', own?.id ?? '', '--reason', 'new image');
  expect(allowed.stdout).toContain('"webhook, as useless" may try again at shop/api.');
  expect((await patterns()).find(({ id }) => id === own?.id)?.allowed).toMatchObject({ reason: 'new image' });
});

test('simulating the past changes nothing, and a file of policies is tried on it before it is in force', {
  timeout: 60_000,
}, async () => {
  // What the hub does by itself goes on; what healing keeps is as it was.
  const everything = async () =>
    JSON.stringify([
      await attempts(),
      (await patterns()).map(({ id, tries, allowed }) => [id, tries, allowed]),
      (await hub.api.read<{ items: OpsEvent[] }>('/ops/events/recent?limit=200')).items.filter(({ type }) =>
        /^(heal|patterns)\./.test(type),
      ),
    ]);
  const before = await everything();
  const asked = receiver.received.length;
  const now = await hub.api.post<HealSimulation>('/api/heal/simulate', {});
  expect(now.status).toBe(200);
  const [first, second] = now.body.policies;
  expect(now.body.policies.map(({ policy }) => policy)).toEqual(['useless', 'helps']);
  // By what is known now, the one that helps would have been tried first.
  expect(first?.acts).toEqual([]);
  expect(second?.acts[0]).toMatchObject({ kind: 'act', severity: 'critical', reason: 'every limit is kept' });
  expect(second?.acts[0]?.openForMs).toBeGreaterThan(1000);
  const file = join(hub.dataDir, 'proposed.yaml');
  writeFileSync(
    file,
    `repair: { enabled: true, maxSharePercent: 100 }
projects:
  - slug: shop
    name: Shop
    hubUrl: http://127.0.0.1:9
    services:
      - name: api
        probes: []
        heal:
          - { name: gentle, when: { for: 1h }, remedy: { kind: webhook, url: "http://user:pw@x.test/s3cret", secret: a-secret-that-must-stay-at-home } }
          - { name: bold, remedy: { kind: command, run: [/bin/false] } }
`,
  );
  const { stdout, code } = await orrery('heal', 'simulate', '--config', file, '--details');
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/shop\/api +gentle +\d +nothing/);
  expect(stdout).toMatch(/shop\/api +bold +\d +act (once|twice)/);
  expect(stdout).toMatch(/ended \d+ s later, \d+ s in all|open for \d+ s/);
  expect(stdout).not.toMatch(/s3cret|must-stay/);
  expect(receiver.received).toHaveLength(asked);
  expect(await everything()).toBe(before);
  const limited = await hub.api.post<{ key: string }>('/api/keys', {
    name: 's',
    role: 'operator',
    projects: ['other'],
  });
  const api = createApi(hub.url, { 'x-api-key': limited.body.key });
  expect((await api.post<HealSimulation>('/api/heal/simulate', {})).body.policies).toEqual([]);
});
