import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Alert } from '@orrery/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApi, type HubOptions, startHub } from '../services/hub.ts';
import { emptyFolder, orrery } from '../services/orrery.ts';
import { startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

const FIRST = 'first-master-key-5f1a0c9be27d4836a1f04c77';
const SECOND = 'second-master-key-90b7e1d24ac6f3585b1e7d0';
const ADMIN = { email: 'ada@example.com', password: 'Canary-adminpass-0' };

/** Every place in which somebody writes a secret down; each value is told from all others by its number. */
const canary = (n: number) => `Canary${String(n).padStart(2, '0')}x7f3a9c2e51d84bd6a0`;
const ENV = {
  ORRERY_META_API_KEY: canary(1),
  CRON_SECRET: canary(2),
  MESH_HMAC_KEY: canary(3),
  ECOSYSTEM_API_KEY: canary(4),
  ORRERY_ADMIN_EMAIL: ADMIN.email,
  ORRERY_ADMIN_PASSWORD: ADMIN.password,
  SMTP_URL: `smtp://u:${canary(5)}@127.0.0.1:1`,
  ALERT_EMAIL_TO: 'ops@example.com',
  SLACK_WEBHOOK_URL: `http://127.0.0.1:1/${canary(6)}`,
  OPENAI_API_KEY: canary(7),
  ANTHROPIC_API_KEY: canary(8),
};
const yaml = (receiver: string) => `
projects:
  - slug: veria
    name: Veria
    hubUrl: "http://u:${canary(10)}@127.0.0.1:1"
    apiKey: "${canary(11)}"
    services:
      - name: api
        probes:
          - { kind: http, url: "http://127.0.0.1:1/?token=${canary(12)}", interval: 1s, timeout: 500ms, failAfter: 1, headers: { x-token: "${canary(13)}" }, body: "${canary(14)}" , method: POST }
          - { kind: http, url: "http://127.0.0.1:1/b", interval: 1s, timeout: 500ms, failAfter: 1, bearer: "${canary(15)}" }
          - { kind: http, url: "http://127.0.0.1:1/c", interval: 1s, timeout: 500ms, failAfter: 1, basicAuth: { username: u, password: "${canary(16)}" } }
          - { kind: postgres, url: "postgres://u:${canary(17)}@127.0.0.1:1/x", interval: 1s, timeout: 500ms, failAfter: 1 }
          - { kind: redis, url: "redis://u:${canary(18)}@127.0.0.1:1", interval: 1s, timeout: 500ms, failAfter: 1 }
          - { kind: instance, interval: 1s, timeout: 500ms, failAfter: 1 }
      - { name: job, probes: [{ kind: heartbeat, interval: 1h, grace: 1h }] }
channels:
  - { name: hook, kind: webhook, url: "${receiver}/?token=${canary(20)}", secret: "${canary(21)}" }
  - { name: gone, kind: webhook, url: "http://127.0.0.1:1/?token=${canary(22)}", secret: "${canary(23)}" }
  - { name: marks, kind: grafana, url: "http://127.0.0.1:1", token: "${canary(24)}" }
network: { allowPrivate: true }
`;

const bytesOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.startsWith('orrery.db'))
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('');

async function house(options: HubOptions = {}) {
  const receiver = await startReceiver();
  const dataDir = mkdtempSync(join(tmpdir(), 'orrery-hub-'));
  const text = yaml(receiver.url);
  const start = (env: Record<string, string>) =>
    startHub({ yaml: text, dataDir, ...options, env: { ...ENV, ORRERY_LOG_LEVEL: 'debug', ...env } });
  const hub = await start({ ORRERY_SECRET: FIRST });
  onTestFinished(async () => {
    await receiver.close();
  });
  return { hub, start, dataDir };
}

async function signIn(url: string): Promise<string> {
  const answer = await createApi(url).post('/api/auth/sign-in/email', ADMIN);
  expect(answer.status, answer.text).toBe(200);
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
}

describe('secrets', { timeout: 90_000 }, () => {
  it('stand in no log, no answer, no error, no audit entry, no message and no plain text of the database', async () => {
    const { hub, dataDir } = await house();
    const seen: string[] = [];
    const ask = async (method: string, path: string, body?: unknown, api = hub.api) => {
      const { status, text } = await api.call(method, path, body);
      seen.push(text);
      return { status, text };
    };
    await until(async () => (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open')).items.length > 0, {
      timeoutMs: 30_000,
      what: 'alerts',
    });
    // Success and failure, of people and strangers, with credentials where they do not belong.
    const cookie = await signIn(hub.url);
    const { paths } = await hub.api.read<{ paths: Record<string, Record<string, object>> }>('/openapi.json');
    for (const [path, methods] of Object.entries(paths)) {
      if ('get' in methods && !/stream|docs/.test(path)) await ask('GET', path.replace(/\{\w+\}/g, 'veria'));
    }
    for (const name of ['gone', 'hook', 'marks', 'slack', 'email']) await ask('POST', `/api/channels/${name}/test`, {});
    const strangers = [canary(30), `Bearer ${canary(31)}`].map((key) => createApi(hub.url, { 'x-api-key': key }));
    for (const stranger of strangers) await ask('GET', '/api/keys', undefined, stranger);
    await ask('POST', '/api/auth/sign-in/email', { email: 'x@example.com', password: canary(32) });
    await ask('POST', '/api/fed/projects', {
      hubUrl: `http://u:${canary(33)}@127.0.0.1:1/`,
      apiKey: canary(34),
      slug: 'x!',
    });
    await ask('POST', '/api/fed/projects?dryRun=true', {
      hubUrl: 'http://127.0.0.1:1/',
      apiKey: canary(35),
      slug: 'okay',
      name: 'O',
    });
    await ask('POST', '/api/fed/projects', {
      hubUrl: `http://127.0.0.1:1/?token=${canary(36)}`,
      apiKey: canary(37),
      slug: 'added',
      name: 'Added',
      services: [
        { name: 'a', probes: [{ kind: 'http', url: 'http://127.0.0.1:1/', bearer: canary(38), interval: '1s' }] },
      ],
    });
    await ask('GET', '/api/fed/projects/added');
    await ask('POST', '/api/fed/events', { type: canary(39) });
    await ask('GET', '/metrics');
    await ask('GET', '/api/me', undefined, createApi(hub.url, { cookie }));
    await until(
      async () => (await hub.api.read<{ items: unknown[] }>('/api/audit?verb=access.denied')).items.length > 0,
      {
        timeoutMs: 20_000,
        what: 'a refused attempt',
      },
    );
    await ask('GET', '/api/audit?limit=200');
    await ask('GET', '/ops/deliveries');
    await hub.stop();
    const found = (text: string) => [...new Set(text.match(/Canary[\w-]*/g) ?? [])];
    expect(seen.length).toBeGreaterThan(40);
    expect(seen.filter((text) => text.includes('Canary')).map((text) => text.slice(0, 700))).toEqual([]);
    expect(found(hub.stderr())).toEqual([]);
    expect(hub.stderr()).toContain('"level":20');
    expect(found(bytesOf(dataDir))).toEqual([]);
    expect(statSync(dataDir).mode & 0o077).toBe(0);
    await hub.dispose();
  });

  it('go on to open, and people, heartbeats and projects with them, over a change of the master key', async () => {
    const { hub, start } = await house();
    const cookie = await signIn(hub.url);
    const beat = async (at: typeof hub) => {
      const health = await at.api.read<{ services: { service: string; url?: string }[] }>('/ops/health?project=veria');
      return JSON.stringify(health).match(/\/api\/heartbeat\/hb_[\w-]+/)?.[0] ?? '';
    };
    const oldBeat = await beat(hub);
    expect(oldBeat).not.toBe('');
    expect(
      (
        await hub.api.post('/api/fed/projects', {
          slug: 'mine',
          name: 'Mine',
          hubUrl: 'http://127.0.0.1:1',
          apiKey: canary(40),
        })
      ).status,
    ).toBeLessThan(300);
    await hub.stop();

    const rotated = await start({ ORRERY_SECRET: SECOND, ORRERY_SECRET_PREVIOUS: FIRST });
    expect(rotated.stderr()).toContain('sealed again');
    const me = () => createApi(rotated.url, { cookie }).get('/api/me');
    for (let i = 0; i < 20; i++) expect((await me()).status).toBe(200);
    expect((await rotated.api.get(oldBeat)).status).toBe(200);
    const newBeat = await beat(rotated);
    expect(newBeat).not.toBe(oldBeat);
    expect((await rotated.api.get(newBeat)).status).toBe(200);
    await rotated.stop();

    const after = await start({ ORRERY_SECRET: SECOND });
    expect((await after.api.read<{ slug: string }[]>('/api/fed/projects')).map(({ slug }) => slug).sort()).toEqual([
      'mine',
      'veria',
    ]);
    expect(after.stderr()).not.toContain('sealed again');
    expect((await createApi(after.url, { cookie }).get('/api/me')).status).toBe(401);
    expect((await after.api.get(oldBeat)).status).toBe(404);
    await after.dispose();
  });

  it('are not kept in a file that others may read', async () => {
    const data = emptyFolder();
    expect((await orrery(['seed-admin', '--email', 'a@example.com', '--data', data])).code).toBe(0);
    chmodSync(join(data, 'secret'), 0o644);
    const refused = await orrery(['serve', '--data', data, '--port', '0']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('chmod 600') });
  });
});
