import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Alert, FedProject, Incident, KeyView } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyFolder, orrery, type Running, startOrrery } from '../services/orrery.ts';
import { freePort } from '../services/ports.ts';
import { startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

const started: Running[] = [];
const servers: Server[] = [];
afterAll(async () => {
  for (const server of servers) server.close();
  for (const running of started) running.process.kill('SIGKILL');
  await Promise.all(started.map((running) => running.ended));
});

async function serve(
  cwd: string,
  args: string[] = [],
  options: { env?: Record<string, string>; launcher?: string[] } = {},
) {
  const running = startOrrery(['serve', '--json', '--port', '0', ...args], { cwd, ...options });
  started.push(running);
  const { listening } = await running.firstLine<{ listening: string }>();
  return { ...running, url: listening };
}

/** A product that answers the contracts' health and capabilities. */
async function product(): Promise<string> {
  const server = createServer((request, response) => {
    const answers: Record<string, unknown> = {
      '/api/health': {
        status: 'healthy',
        checks: { database: true },
        timestamp: new Date().toISOString(),
        version: '1.2.3',
      },
      '/api/capabilities': {
        project: 'acme',
        tools: [],
        endpoints: { health: '/api/health' },
        events: [],
        actions: [],
        version: '1.2.3',
      },
    };
    const answer = answers[request.url ?? ''];
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

const json = <T>(ran: { code: number | null; stdout: string; stderr: string }): T => {
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  return JSON.parse(ran.stdout) as T;
};

describe('orrery serve', () => {
  it('says where it listens, logs JSON lines, and ends with 0 soon after SIGTERM', async () => {
    const cwd = emptyFolder();
    const hub = await serve(cwd);
    expect(hub.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const local = join(cwd, '.orrery', 'local.json');
    expect(statSync(local).mode & 0o777).toBe(0o600);
    expect(statSync(join(cwd, '.orrery', 'secret')).mode & 0o777).toBe(0o600);
    const before = performance.now();
    hub.process.kill('SIGTERM');
    expect(await hub.ended).toMatchObject({ code: 0, signal: null });
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(existsSync(local)).toBe(false);
    for (const line of hub.stderr().trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
  });

  it('greets a person with the address and the link of the first run', async () => {
    const hub = startOrrery(['serve', '--port', '0']);
    started.push(hub);
    await until(() => hub.stdout().includes('Ctrl+C'), { what: 'the greeting' });
    expect(hub.stdout()).toMatch(/Orrery is running at http:\/\/127\.0\.0\.1:\d+/);
    expect(hub.stdout()).toMatch(/http:\/\/127\.0\.0\.1:\d+\/setup\?token=\S+/);
    hub.process.kill('SIGINT');
    expect((await hub.ended).code).toBe(0);
  });

  it('refuses a data folder in use and a port in use, each with what to do', async () => {
    const cwd = emptyFolder();
    const hub = await serve(cwd);
    const second = await orrery(['serve', '--port', '0'], { cwd });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('Another hub is running on the data folder');
    const third = await orrery(['serve', '--port', new URL(hub.url).port]);
    expect(third.code).toBe(1);
    expect(third.stderr).toContain('--port');
    expect((await fetch(`${hub.url}/health`)).status).toBe(200);
  });

  it('never starts in production with a default or short secret', async () => {
    for (const name of ['ORRERY_SECRET', 'ORRERY_META_API_KEY', 'CRON_SECRET', 'MESH_HMAC_KEY'])
      for (const value of ['secret-api-key', 'changeme', 'short'])
        expect(
          await orrery(['serve', '--port', '0'], { env: { NODE_ENV: 'production', [name]: value } }),
        ).toMatchObject({ code: 2, stdout: '' });
  });

  it('is stopped with the launcher where Node cannot replace itself, however that ends', async () => {
    const launcher = [process.execPath, '--import', 'data:text/javascript,delete process.execve'];
    const answers = (url: string) =>
      fetch(`${url}/health`).then(
        (response) => response.ok,
        () => false,
      );
    const gentle = await serve(emptyFolder(), [], { launcher });
    gentle.process.kill('SIGTERM');
    expect((await gentle.ended).code).toBe(0);
    expect(await answers(gentle.url)).toBe(false);
    const killed = await serve(emptyFolder(), [], { launcher });
    expect(await answers(killed.url)).toBe(true);
    killed.process.kill('SIGKILL');
    await until(async () => !(await answers(killed.url)), { what: 'the hub is gone with its launcher' });
  });

  it('takes a changed file while it runs, and refuses a wrong one whole', async () => {
    const cwd = emptyFolder();
    const file = join(cwd, 'orrery.yaml');
    writeFileSync(
      file,
      'projects: [{ slug: a, name: A, hubUrl: "http://127.0.0.1:1" }]\nnetwork: { allowPrivate: true }\n',
    );
    await serve(cwd);
    const slugs = async () =>
      json<{ items: FedProject[] }>(await orrery(['project', 'list', '--json'], { cwd })).items.map(({ slug }) => slug);
    expect(await slugs()).toEqual(['a']);
    writeFileSync(file, `${readFileSync(file, 'utf8')}chanels: []\n`);
    const { url, key } = JSON.parse(readFileSync(join(cwd, '.orrery', 'local.json'), 'utf8')) as {
      url: string;
      key: string;
    };
    const status = async () =>
      (await (await fetch(`${url}/api/config/status`, { headers: { 'x-api-key': key } })).json()) as {
        issues: object[];
      };
    await until(async () => (await status()).issues.length === 1, { what: 'the mistake is listed' });
    expect((await status()).issues).toMatchObject([{ line: 3, field: 'chanels' }]);
    expect(await slugs()).toEqual(['a']);
    writeFileSync(
      file,
      'projects: [{ slug: b, name: B, hubUrl: "http://127.0.0.1:1" }]\nnetwork: { allowPrivate: true }\n',
    );
    await until(async () => `${await slugs()}` === 'b', { what: 'the new project' });
    expect((await orrery(['project', 'remove', 'b'], { cwd })).code).toBe(1);
  });
});

describe('a running hub', () => {
  const cwd = emptyFolder();
  let url = '';
  beforeAll(async () => {
    const dead = await freePort();
    writeFileSync(
      join(cwd, 'orrery.yaml'),
      `projects:
  - slug: dead
    name: Dead
    hubUrl: http://127.0.0.1:${dead}
    apiKey: canary-of-the-export-0001
    services:
      - { name: api, probes: [{ kind: http, url: "http://127.0.0.1:${dead}/", interval: 1s, timeout: 500ms, failAfter: 1 }] }
network: { allowPrivate: true }
`,
    );
    ({ url } = await serve(cwd));
  });
  const run = (...args: string[]) => orrery([...args, '--json'], { cwd });

  it('takes a project by its URL, shows it and lets go of it', async () => {
    const address = await product();
    const dry = json<{ dryRun: boolean; project: FedProject }>(await run('project', 'add', address, '--dry-run'));
    expect(dry).toMatchObject({ dryRun: true, project: { slug: 'acme' } });
    const added = json<{ ingestKey: string }>(await run('project', 'add', address, '--name', 'Acme'));
    expect(added.ingestKey).toBeTruthy();
    const { items } = json<{ items: FedProject[] }>(await run('project', 'list'));
    expect(items.map(({ slug }) => slug).sort()).toEqual(['acme', 'dead']);
    expect(json(await run('project', 'show', 'acme'))).toMatchObject({ name: 'Acme', declaredIn: { source: 'api' } });
    expect((await orrery(['project', 'show', 'acme'], { cwd })).stdout).toContain('Acme (acme)');
    const twice = await orrery(['project', 'add', address], { cwd });
    expect(twice.code).toBe(1);
    expect(twice.stderr).toContain('acme');
    expect(json(await run('project', 'remove', 'acme'))).toEqual({ removed: 'acme' });
    expect((await orrery(['project', 'show', 'acme'], { cwd })).code).toBe(1);
    const filed = await orrery(['project', 'remove', 'dead'], { cwd });
    expect(filed.code).toBe(1);
    expect(filed.stderr).toContain('orrery.yaml');
  });

  it('lists its alerts, and lets each be acknowledged once and resolved', async () => {
    const alerts = async (...args: string[]) => json<{ items: Alert[] }>(await run('alerts', 'list', ...args)).items;
    const [alert] = await until(
      async () => {
        const found = await alerts('--project', 'dead');
        return found.length > 0 && found;
      },
      { timeoutMs: 20_000, what: 'an alert for the dead project' },
    );
    const id = alert?.id ?? '';
    expect((await orrery(['alerts', 'list'], { cwd })).stdout).toContain(id);
    expect(await run('status', '--check')).toMatchObject({ code: 1 });
    expect(json(await run('alerts', 'ack', id))).toMatchObject({ items: [{ id, status: 'acknowledged' }] });
    expect((await orrery(['alerts', 'ack', id], { cwd })).code).toBe(1);
    const incident = alert?.incidentId ?? '';
    const listed = json<{ items: Incident[] }>(await run('incidents', 'list', '--project', 'dead')).items;
    expect(listed).toMatchObject([{ id: incident, status: 'open', rootAlertId: id }]);
    expect(json(await run('incidents', 'show', incident))).toMatchObject({ id: incident, alerts: [{ id }] });
    const shown = (await orrery(['incidents', 'show', incident], { cwd })).stdout;
    expect(shown).toContain('It is the only alert so far.');
    expect(shown).toContain('(root)');
    expect((await orrery(['incidents', 'list'], { cwd })).stdout).toContain(incident);
    expect((await orrery(['incidents', 'ack', incident], { cwd })).stderr).toContain(
      'no alert that could be acknowledged',
    );
    expect((await orrery(['incidents', 'show', 'inc_none'], { cwd })).code).toBe(1);
    expect(json(await run('alerts', 'resolve', id))).toMatchObject({ items: [{ id, status: 'resolved' }] });
    expect((await alerts('--status', 'resolved')).map((one) => one.id)).toContain(id);
    expect((await orrery(['alerts', 'resolve', 'alr_none'], { cwd })).code).toBe(1);
  });

  it('tries a channel, and says what the receiver answered', async () => {
    const receiver = await startReceiver();
    const folder = emptyFolder();
    writeFileSync(
      join(folder, 'orrery.yaml'),
      `network: { allowPrivate: true }\nchannels:\n  - { name: ops, kind: webhook, url: "${receiver.url}", secret: "a secret of enough length" }\n`,
    );
    await serve(folder);
    expect(json<{ ok: boolean }>(await orrery(['channels', 'test', 'ops', '--json'], { cwd: folder })).ok).toBe(true);
    expect(receiver.received.map(({ body }) => JSON.parse(body).type)).toEqual(['channel.test']);
    await receiver.close();
    const refused = await orrery(['channels', 'test', 'ops'], { cwd: folder });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('ops did not take it')]);
    expect(await orrery(['channels', 'test', 'none'], { cwd: folder })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no such channel'),
    });
    const listed = json<{ items: { name: string; target: string }[] }>(
      await orrery(['channels', 'list', '--json'], { cwd: folder }),
    );
    expect(listed.items.map(({ name }) => name)).toEqual(['ops']);
  });

  it('shows how everything is', async () => {
    const status = json<{ url: string; projects: FedProject[]; services: object[] }>(await run('status'));
    expect(status).toMatchObject({
      url,
      projects: [{ slug: 'dead' }],
      services: [{ project: 'dead', service: 'api' }],
    });
    const human = await orrery(['status'], { cwd });
    expect(human).toMatchObject({ code: 0, stderr: '' });
    expect(human.stdout).toContain('PROJECT');
    expect(human.stdout).not.toContain('\u001b');
  });

  it('gives out keys that do what their role may, until they are revoked', async () => {
    const created = json<KeyView & { key: string }>(await run('keys', 'create', '--name', 'ci', '--role', 'operator'));
    const file = join(emptyFolder(), 'key');
    writeFileSync(file, `${created.key}\n`);
    const elsewhere = ['--url', url, '--key-file', file];
    expect((await orrery(['project', 'list', ...elsewhere])).code).toBe(0);
    expect((await orrery(['keys', 'list', ...elsewhere])).code).toBe(4);
    expect((await orrery(['project', 'list', '--url', url])).code).toBe(4);
    expect((await orrery(['project', 'list'], { env: { ORRERY_URL: url, ORRERY_API_KEY: created.key } })).code).toBe(0);
    const listed = json<{ items: KeyView[] }>(await run('keys', 'list')).items.find(({ id }) => id === created.id);
    expect(listed).toMatchObject({ name: 'ci', role: 'operator' });
    expect(JSON.stringify(listed)).not.toContain(created.key);
    expect(json(await run('keys', 'revoke', created.id))).toMatchObject({ id: created.id });
    await until(async () => (await orrery(['project', 'list', ...elsewhere])).code === 4, {
      what: 'the revoked key is refused',
    });
  });

  it('exports what it runs on as a file that is right again, without secrets', async () => {
    const { code, stdout } = await orrery(['config', 'export'], { cwd });
    expect(code).toBe(0);
    expect(stdout).not.toContain('canary-of-the-export');
    const again = emptyFolder();
    writeFileSync(join(again, 'orrery.yaml'), stdout);
    expect(await orrery(['config', 'check'], { cwd: again, env: { DEAD_API_KEY: 'k' } })).toMatchObject({ code: 0 });
  });

  it('is found by the doctor', async () => {
    const { checks } = JSON.parse((await run('doctor')).stdout) as {
      checks: { name: string; status: string; detail: string }[];
    };
    expect(checks.find(({ name }) => name === 'hub')).toMatchObject({ status: 'ok', detail: `answers at ${url}` });
    expect(checks.find(({ name }) => name === 'project dead')).toMatchObject({ status: 'fail' });
    expect(checks.filter(({ name, status }) => status === 'fail' && name !== 'project dead')).toEqual([]);
  });

  it('lets an administrator in who was seeded beside it', async () => {
    const signIn = (email: string, password: string) =>
      fetch(`${url}/api/auth/sign-in/email`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: url },
        body: JSON.stringify({ email, password }),
      });
    const made = json<{ email: string; password: string }>(await run('seed-admin', '--email', 'ada@example.com'));
    expect((await signIn('ada@example.com', made.password)).status).toBe(200);
    const chosen = await orrery(['seed-admin', '--email', 'bob@example.com', '--password-stdin', '--json'], {
      cwd,
      stdin: 'a long enough password\n',
    });
    expect(json(chosen)).toEqual({ status: 'created', email: 'bob@example.com' });
    expect((await signIn('bob@example.com', 'a long enough password')).status).toBe(200);
    const again = await orrery(['seed-admin', '--email', 'ada@example.com'], { cwd });
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('has an account already');
    const short = await orrery(['seed-admin', '--email', 'eve@example.com', '--password-stdin'], {
      cwd,
      stdin: 'short',
    });
    expect(short.code).toBe(2);
    expect(short.stderr).toContain('at least 12');
  });
});

describe('orrery seed-admin', () => {
  it('works before the first start, and the hub then needs no setup link', async () => {
    const cwd = emptyFolder();
    json(await orrery(['seed-admin', '--email', 'ada@example.com', '--json'], { cwd }));
    const hub = await serve(cwd);
    expect(await (await fetch(`${hub.url}/api/setup`)).json()).toEqual({ needed: false });
    expect(hub.stdout()).not.toContain('setup');
  });
});

describe('orrery demo', () => {
  it('shows three live products, and leaves nothing behind when it is killed', async () => {
    const cwd = emptyFolder();
    const before = performance.now();
    const demo = startOrrery(['demo', '--json', '--port', '0'], { cwd });
    started.push(demo);
    const { listening, email, password } = await demo.firstLine<{ listening: string; email: string; password: string }>(
      40_000,
    );
    const cookie = await until(
      async () => {
        const response = await fetch(`${listening}/api/auth/sign-in/email`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: listening },
          body: JSON.stringify({ email, password }),
        });
        return response.headers.get('set-cookie')?.split(';')[0];
      },
      { what: 'signing in' },
    );
    const projects = await until(
      async () => {
        const found = (await (
          await fetch(`${listening}/api/fed/projects`, { headers: { cookie } })
        ).json()) as FedProject[];
        return found.length === 3 && found.every(({ status }) => status === 'online') && found;
      },
      { timeoutMs: 30_000, what: 'three projects online' },
    );
    expect(performance.now() - before).toBeLessThan(40_000);
    expect(json<{ items: Alert[] }>(await orrery(['alerts', 'list', '--json'], { cwd })).items).toEqual([]);
    const second = await orrery(['demo', '--port', '0'], { cwd });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('is running already');
    demo.process.kill('SIGKILL');
    for (const { hubUrl } of projects)
      await until(
        () =>
          fetch(`${hubUrl}/api/health`).then(
            () => false,
            () => true,
          ),
        { what: `${hubUrl} is gone` },
      );
  });
});
