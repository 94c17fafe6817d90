import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type ChannelTest,
  type FedProject,
  type OpsHealth,
  type Problem,
  type ProjectAdded,
  ProjectDeclaration,
} from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import { until } from '../services/until.ts';

const SECRET = 'SECRET-CANARY-7f3a';

/** Something on loopback that nobody was allowed to ask: it counts connections and answers with a secret. */
async function canary() {
  let connections = 0;
  const web = createServer((_, response) => {
    response.writeHead(500, { 'content-type': 'text/plain', 'x-secret': SECRET }).end(`${SECRET} `.repeat(1000));
  });
  web.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((done) => web.listen(0, '127.0.0.1', done));
  return {
    port: (web.address() as { port: number }).port,
    connections: () => connections,
    close() {
      web.close();
      web.closeAllConnections();
    },
  };
}

const cleanUp: (() => Promise<unknown> | unknown)[] = [];
afterAll(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

const channels = (port: number) => `channels:
  - { name: hook, kind: webhook, url: "http://127.0.0.1:${port}/hook", secret: "a-secret-of-sixteen-bytes" }
  - { name: chat, kind: slack, url: "http://localhost:${port}/services/x" }
  - { name: mail, kind: email, smtpUrl: "smtp://127.0.0.1:${port}", to: [ops@example.com] }
  - { name: meta, kind: webhook, url: "http://169.254.169.254/latest/meta-data/", secret: "a-secret-of-sixteen-bytes" }
`;

describe('a hub that may not reach private addresses', () => {
  let hub: RunningHub;
  let forbidden: Awaited<ReturnType<typeof canary>>;

  beforeAll(async () => {
    forbidden = await canary();
    cleanUp.push(forbidden.close);
    hub = await startHub({ yaml: channels(forbidden.port) });
    cleanUp.push(() => hub.dispose());
  });

  test('refuses what is no web address when it is declared, as an instance and as a probe', async () => {
    const urls = [
      'file:///etc/passwd',
      'gopher://127.0.0.1/',
      'data:text/plain,x',
      'ftp://127.0.0.1/',
      'blob:http://127.0.0.1/x',
      'view-source:http://127.0.0.1/',
      'unix:/var/run/docker.sock',
      '\\\\host\\share',
    ];
    const probes = urls.map((url) => ({ kind: 'http', url }));
    const declared = { slug: 'bad', hubUrl: urls[0], services: [{ name: 'api', probes }] };
    const answer = await hub.api.post<Problem>('/api/fed/projects', declared);
    expect(answer.status).toBe(400);
    expect(answer.body.fields?.map(({ field }) => field)).toEqual([
      'body.hubUrl',
      ...urls.map((_, i) => `body.services.0.probes.${i}.url`),
    ]);
    expect((await hub.api.get('/api/fed/projects/bad')).status).toBe(404);
  });

  test('asks no instance on a private address', async () => {
    const answer = await hub.api.post<Problem>('/api/fed/projects', { hubUrl: `http://127.0.0.1:${forbidden.port}/` });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('network.allowPrivate');
    expect(forbidden.connections()).toBe(0);
  });

  test.each(['hook', 'chat', 'mail', 'meta'])('sends nothing through the channel %s', async (name) => {
    const answer = await hub.api.post<ChannelTest>(`/api/channels/${name}/test`);
    expect(answer.body.ok).toBe(false);
    expect(answer.body.detail).toMatch(name === 'meta' ? /link-local or metadata/ : /private or reserved/);
    expect(forbidden.connections()).toBe(0);
  });

  test('refuses at use what somebody has written into the database', async () => {
    const { port } = forbidden;
    const { dataDir } = hub;
    expect(
      (await hub.api.post<ProjectAdded>('/api/fed/projects', { slug: 'shop', hubUrl: 'http://192.0.2.1/' })).status,
    ).toBe(201);
    await hub.stop();
    const probes = [
      { kind: 'http', url: `http://127.0.0.1:${port}/` },
      { kind: 'http', url: 'http://169.254.169.254/latest/meta-data/' },
      { kind: 'instance', url: `http://[::ffff:127.0.0.1]:${port}` },
      { kind: 'tcp', host: '127.0.0.1', port },
      { kind: 'tls', host: 'localhost', port },
      { kind: 'dns', name: 'example.com', server: '127.0.0.1:53' },
      { kind: 'prometheus', url: `http://0:${port}/metrics` },
      { kind: 'promql', url: `http://127.1:${port}/`, queries: [{ metric: 'up', query: 'up' }] },
      { kind: 'postgres', url: `postgres://u:p@127.0.0.1:${port}/x` },
      { kind: 'redis', url: `redis://127.0.0.1:${port}` },
      { kind: 'docker', container: 'c', socket: '/var/run/docker.sock' },
    ];
    const common = { interval: '1s', timeout: '1s', failAfter: 1, recoverAfter: 1, quorum: 1 };
    const defaults: Record<string, object> = {
      http: { method: 'GET', followRedirects: 0 },
      instance: { metrics: true, logs: true },
      dns: { record: 'A' },
      prometheus: { maxSeries: 500 },
    };
    const db = new DatabaseSync(join(dataDir, 'orrery.db'));
    // In the open, as whoever has the database but not the key would write it.
    const declaration: Record<string, unknown> = ProjectDeclaration.parse({
      slug: 'shop',
      name: 'Shop',
      hubUrl: `http://localhost:${port}/`,
    });
    declaration.services = [
      {
        name: 'api',
        kind: 'service',
        dependsOn: [],
        probes: probes.map((probe) => ({ ...common, ...defaults[probe.kind], ...probe })),
      },
    ];
    const write = db.prepare('UPDATE projects SET declaration = ? WHERE slug = ?');
    write.run(JSON.stringify(declaration), 'shop');
    const copy = db.prepare(
      `INSERT INTO projects SELECT ? AS slug, ${Object.keys(db.prepare('SELECT * FROM projects').get() ?? {})
        .filter((column) => column !== 'slug')
        .join(', ')} FROM projects WHERE slug = 'shop'`,
    );
    const schemes = ['file:///etc/passwd', 'unix:/var/run/docker.sock', 'gopher://127.0.0.1/', '\\\\host\\share'];
    for (const [i, url] of schemes.entries()) {
      copy.run(`bad-${i}`);
      const bad = { ...declaration, slug: `bad-${i}`, services: [], hubUrl: url };
      write.run(JSON.stringify(bad), `bad-${i}`);
    }
    // Their keys were sealed for another: a hub that cannot open what is sealed does not start.
    db.exec("UPDATE projects SET api_key_sealed = NULL WHERE slug LIKE 'bad-%'");
    db.close();
    hub = await startHub({ dataDir, yaml: channels(port) });
    const services = () => hub.api.read<OpsHealth>('/ops/health').then((health) => health.services);
    await until(
      async () => {
        const seen = await services();
        return seen.length === probes.length && seen.every(({ status }) => status === 'down');
      },
      { what: 'every probe is refused', timeoutMs: 30_000 },
    );
    for (const { target, reason } of await services())
      expect(reason, target).toMatch(
        /private or reserved|own machine is private|link-local or metadata|only http and https|no valid URL/,
      );
    expect(forbidden.connections()).toBe(0);
    // What is no declaration at all is shown with what is wrong with it, watched by nobody, and takes no other project with it.
    const shown = await hub.api.read<FedProject[]>('/api/fed/projects');
    expect(shown.map(({ slug, broken }) => [slug, broken !== undefined])).toEqual([
      ...schemes.map((_, i) => [`bad-${i}`, true]),
      ['shop', false],
    ]);
    expect(JSON.stringify(shown)).not.toMatch(/passwd|docker\.sock|gopher|share/);
    for (const i of schemes.keys()) expect(hub.stderr()).toContain(`"project":"bad-${i}"`);
  });
});

describe('what a target answers', () => {
  test('is never kept, wherever it fails: not in a reason, not in a delivery, not in the database', async () => {
    const { port, close, connections } = await canary();
    cleanUp.push(close);
    const banner = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(`${SECRET}\r\n`);
    });
    await new Promise<void>((done) => banner.listen(0, '127.0.0.1', done));
    cleanUp.push(() => banner.close());
    const { port: raw } = banner.address() as { port: number };
    const at = `http://127.0.0.1:${port}`;
    const quick = 'interval: 1s, timeout: 2s, failAfter: 1';
    const hub = await startHub({
      yaml: `projects:
  - slug: shop
    name: Shop
    hubUrl: "${at}"
    services:
      - name: api
        probes:
          - { kind: http, url: "${at}/", ${quick} }
          - { kind: http, url: "${at}/k", status: [500], keyword: nirvana, ${quick} }
          - { kind: http, url: "${at}/j", status: [500], json: { path: a, equals: 1 }, ${quick} }
          - { kind: http, url: "http://127.0.0.1:${raw}/", ${quick} }
          - { kind: instance, ${quick} }
          - { kind: tcp, host: 127.0.0.1, port: ${raw}, expect: PONG, ${quick} }
          - { kind: tls, host: 127.0.0.1, port: ${raw}, ${quick} }
          - { kind: prometheus, url: "${at}/metrics", ${quick} }
          - { kind: promql, url: "${at}", queries: [{ metric: up, query: up }], ${quick} }
          - { kind: postgres, url: "postgres://u:p@127.0.0.1:${raw}/x", ${quick} }
          - { kind: redis, url: "redis://127.0.0.1:${raw}", ${quick} }
channels:
  - { name: hook, kind: webhook, url: "${at}/hook", secret: "a-secret-of-sixteen-bytes" }
  - { name: mail, kind: email, smtpUrl: "smtp://127.0.0.1:${raw}", to: [ops@example.com] }
network: { allowPrivate: true }
`,
    });
    cleanUp.push(() => hub.dispose());
    const health = () => hub.api.read<OpsHealth>('/ops/health');
    await until(async () => (await health()).services.filter(({ status }) => status === 'down').length === 11, {
      what: 'every probe has failed',
      timeoutMs: 30_000,
    });
    const tests = await Promise.all(
      ['hook', 'mail'].map((name) => hub.api.post<ChannelTest>(`/api/channels/${name}/test`)),
    );
    for (const { text, body } of tests) {
      expect(body.ok).toBe(false);
      expect(text).not.toContain(SECRET);
    }
    expect(JSON.stringify(await health())).not.toContain(SECRET);
    for (const { reason } of (await health()).services) expect(reason?.length ?? 0).toBeLessThan(1024);
    expect(connections()).toBeGreaterThan(0);
    await hub.stop();
    const files = readdirSync(hub.dataDir).filter((file) => file.startsWith('orrery.db'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(readFileSync(join(hub.dataDir, file)).includes(SECRET), file).toBe(false);
    expect(hub.stderr()).not.toContain(SECRET);
  });
});
