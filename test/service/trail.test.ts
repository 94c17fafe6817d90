// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a masked secret is shown as a reference to a variable.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Alert, type AuditRecord, DENIED } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import { orrery } from '../services/orrery.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

type Operation = { 'x-permission': string; 'x-unaudited'?: string };
type Call = { path: string; body?: unknown };

/** Who is let in without being named, and programs whose traffic has records of its own: events, the ledger of calls, checks, beats. */
const NO_CHANGE_BY_PERSON: Record<string, string> = {
  public: 'sign-in, sign-out and the first run write entries of their own kind; a beat is a sample',
  ingest: 'a push is kept as events and samples, each with its id',
  cron: 'the scheduler only asks for what runs by itself too',
  'ai:run': 'each call has its row in the ledger',
  'leads:view': 'nothing is changed under it',
};

describe('the audit trail of a running hub', () => {
  let hub: RunningHub;
  let receiver: Receiver;
  const entries = async (query = '') => (await hub.api.read<{ items: AuditRecord[] }>(`/api/audit${query}`)).items;
  const newest = async () => (await entries('?limit=1'))[0]?.seq ?? 0;

  beforeAll(async () => {
    receiver = await startReceiver();
    hub = await startHub({
      yaml: `
projects:
${[1, 2, 3, 4, 5, 6].map((n) => `  - { slug: dead${n}, name: Dead, hubUrl: "http://127.0.0.1:1", services: [{ name: api, probes: [{ kind: http, url: "http://127.0.0.1:1/${n}", interval: 1s, timeout: 500ms, failAfter: 1 }] }] }`).join('\n')}
channels: [{ name: ops, kind: webhook, url: "${receiver.url}", secret: canary-webhook-secret-0123 }]
network: { allowPrivate: true }
`,
      env: { ORRERY_ADMIN_EMAIL: 'ada@example.com', ORRERY_ADMIN_PASSWORD: 'a long pass phrase' },
    });
    await until(async () => (await open()).length >= 6, { timeoutMs: 30_000, what: 'six alerts' });
  });
  afterAll(async () => {
    await hub.dispose();
    await receiver.close();
  });
  const open = async () => (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open')).items;

  /** A call of each changing route that succeeds. What it needs is made by the calls before it. */
  const samples: Record<string, () => Promise<Call>> = {
    'POST /api/keys': async () => ({ path: '/api/keys', body: { name: 'ci', role: 'viewer' } }),
    'DELETE /api/keys/{id}': async () => {
      const { items } = await hub.api.read<{ items: { id: string }[] }>('/api/keys');
      return { path: `/api/keys/${items[0]?.id}` };
    },
    'POST /api/fed/projects': async () => ({
      path: '/api/fed/projects',
      body: { slug: 'made', name: 'Made', hubUrl: 'http://127.0.0.1:1', apiKey: 'canary-project-key-0123' },
    }),
    'DELETE /api/fed/projects/{slug}': async () => ({ path: '/api/fed/projects/made' }),
    'POST /ops/analysis': async () => ({ path: '/ops/analysis' }),
    'POST /api/fed/refresh': async () => ({ path: '/api/fed/refresh', body: { projects: ['dead1'] } }),
    'POST /api/fed/alerts/{id}/acknowledge': async () => ({
      path: `/api/fed/alerts/${(await open())[0]?.id}/acknowledge`,
    }),
    'POST /api/fed/alerts/{id}/ignore': async () => ({ path: `/api/fed/alerts/${(await open())[0]?.id}/ignore` }),
    'POST /api/fed/alerts/{id}/resolve': async () => ({ path: `/api/fed/alerts/${(await open())[0]?.id}/resolve` }),
    'POST /ops/incidents/{id}/acknowledge': async () => ({ path: `/ops/incidents/${await incident()}/acknowledge` }),
    'POST /ops/incidents/{id}/resolve': async () => ({ path: `/ops/incidents/${await incident()}/resolve` }),
    'POST /ops/silences': async () => ({
      path: '/ops/silences',
      body: { match: { projects: ['dead1'] }, reason: 'test', for: '5m' },
    }),
    'DELETE /ops/silences/{id}': async () => {
      const { items } = await hub.api.read<{ items: { id: string }[] }>('/ops/silences');
      return { path: `/ops/silences/${items[0]?.id}` };
    },
    'POST /ops/maintenance': async () => ({
      path: '/ops/maintenance',
      body: { name: 'move', title: 'Move', from: '2030-01-01T00:00:00Z', until: '2030-01-02T00:00:00Z' },
    }),
    'DELETE /ops/maintenance/{name}': async () => ({ path: '/ops/maintenance/move' }),
    'POST /api/channels/{name}/test': async () => ({ path: '/api/channels/ops/test' }),
    'POST /ops/jobs/{name}/restart': async () => ({ path: '/ops/jobs/retention/restart' }),
  };
  const incident = async () => (await open())[0]?.incidentId ?? '';

  it('has an entry for every success of every route that changes something', async () => {
    const { paths } = await hub.api.read<{ paths: Record<string, Record<string, Operation>> }>('/openapi.json');
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([method]) => method !== 'get')
        .map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
    );
    const byName = new Map(operations.map(({ name, operation }) => [name, operation]));
    for (const name of Object.keys(samples)) expect(byName.has(name), `${name} is a route`).toBe(true);
    for (const [name, sample] of Object.entries(samples)) {
      const before = await newest();
      const { path, body } = await sample();
      const answer = await hub.api.call(
        name.split(' ')[0] ?? '',
        path,
        body ?? (name.startsWith('POST') ? {} : undefined),
      );
      expect(answer.status, `${name}: ${answer.text}`).toBeLessThan(300);
      const [entry] = (await entries('?limit=5')).filter(({ verb, seq }) => verb !== DENIED && seq > before);
      expect(entry, name).toMatchObject({
        actor: { kind: 'local', id: 'local' },
        ip: expect.stringContaining('127.0.0.1'),
      });
    }
    // What has no sample says why it needs no entry, or is written down by the safety net: `platform/http/server.ts`.
    const waved = operations.filter(({ operation }) => operation['x-permission'] in NO_CHANGE_BY_PERSON);
    for (const { name, operation } of waved)
      expect(name in samples, `${operation['x-permission']}: ${name}`).toBe(false);
    for (const { operation } of operations)
      expect((operation['x-unaudited'] ?? 'it says why').length).toBeGreaterThan(10);
  }, 60_000);

  it('tells of what the file declared before and after', async () => {
    writeFileSync(
      hub.configFile,
      'projects: [{ slug: only, name: Only, hubUrl: "http://127.0.0.1:1" }]\nnetwork: { allowPrivate: true }\n',
    );
    await until(async () => (await entries('?verb=config.apply')).length > 0, { timeoutMs: 20_000, what: 'an entry' });
    const [entry] = await entries('?verb=config.apply');
    expect(entry).toMatchObject({
      actor: { kind: 'system' },
      target: 'orrery.yaml',
      before: { projects: { dead1: { name: 'Dead' } }, channels: { ops: { secret: '${OPS_SECRET}' } } },
      after: { projects: { only: { name: 'Only' } } },
    });
  });

  it('holds no secret', async () => {
    expect(JSON.stringify(await entries('?limit=200'))).not.toMatch(/canary/);
  });

  it('is verified, listed and exported by the command line; what was changed behind its back is found, and where', async () => {
    const run = (...args: string[]) => orrery(['audit', ...args, '--data', hub.dataDir]);
    const whole = await run('verify', '--json');
    expect(whole).toMatchObject({ code: 0 });
    const verdict = JSON.parse(whole.stdout) as { entries: number; head: string };
    expect((await run('verify', '--anchor', `${verdict.entries}:${verdict.head}`)).code).toBe(0);
    expect((await run('verify', '--anchor', `1:${'0'.repeat(64)}`)).stdout).toContain('broken at entry 1');
    expect((await run('list', '--verb', 'keys', '--limit', '2')).stdout).toMatch(/keys\.revoke[\s\S]*keys\.create/);
    const { stdout } = await run('export');
    const file = join(hub.dataDir, 'export.ndjson');
    writeFileSync(file, stdout);
    expect((await run('verify', '--file', file)).code).toBe(0);
    writeFileSync(file, stdout.replace('"name":"ci"', '"name":"cj"'));
    expect(await run('verify', '--file', file)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('was changed'),
    });
    writeFileSync(file, stdout.split('\n').toSpliced(2, 1).join('\n'));
    expect((await run('verify', '--file', file)).stdout).toContain('broken at entry 3: the entry is missing');
    await hub.stop();
    const database = new DatabaseSync(join(hub.dataDir, 'orrery.db'));
    database.exec("DROP TRIGGER audit_no_update; UPDATE audit SET actor_name = 'nobody' WHERE seq = 4");
    database.close();
    expect(await run('verify')).toMatchObject({
      code: 1,
      stdout: 'The audit trail is broken at entry 4: the entry was changed.\n',
    });
  }, 60_000);
});
