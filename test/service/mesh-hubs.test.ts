import type { FanoutAnswer, FanoutDetail, MeshHub, MeshStatus } from '@orrery/protocol';
import { memoryActionStore } from '@orrery/sdk';
import { nats as natsLink } from '@orrery/sdk/nats';
import { afterEach, describe, expect, test } from 'vitest';
import { type RunningHub, runOrrery, startHub } from '../services/hub.ts';
import { declare, keyOf, MESH_KEY, serveInstance } from '../services/instances.ts';
import { startNats } from '../services/nats.ts';
import { freePort } from '../services/ports.ts';
import { until } from '../services/until.ts';
import { kpisOf, projectOf } from './mesh.contract.ts';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of cleanups.splice(0).reverse()) await step();
});
const finish = <T>(one: T, step: (one: T) => Promise<unknown> | unknown): T => {
  cleanups.push(() => step(one));
  return one;
};
const HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString();

async function sweep(meta: RunningHub): Promise<FanoutDetail> {
  const asked = await meta.api.post<FanoutAnswer>('/api/fed/actions', { action: 'fed.audit.security.sweep' });
  return until(
    async () => {
      const detail = await meta.api.read<FanoutDetail>(`/api/fed/actions/${asked.body.requestId}`);
      return detail.finishedAt === null ? undefined : detail;
    },
    { what: 'the sweep has ended', timeoutMs: 20_000 },
  );
}

describe.each(['NATS', 'HTTP'] as const)('a hub of one project and its meta hub over %s', (transport) => {
  test('the meta hub sees the project as its hub does, also what it said while the meta hub was away, and asks it for an audit', async () => {
    const server = transport === 'NATS' ? finish(await startNats(), (one) => one.stop()) : undefined;
    const [metaPort, projectPort] = [await freePort(), await freePort()];
    const product = finish(
      await serveInstance('veria', {
        more: { hub: { url: `http://127.0.0.1:${projectPort}`, key: keyOf('veria'), presenceEveryMs: 500 } },
      }),
      (one) => one.stop(),
    );
    cleanups.push(() => product.instance.stop());
    const env = { MESH_HMAC_KEY: MESH_KEY, ...(server ? { ORRERY_NATS_URL: server.url } : {}) };
    const metaYaml = declare([{ slug: 'veria', url: `http://127.0.0.1:${projectPort}` }]);
    let meta = await startHub({ yaml: metaYaml, port: metaPort, env });
    cleanups.push(() => meta.dispose());
    const told = server ? '' : `, meta: { url: "http://127.0.0.1:${metaPort}", key: ${keyOf('veria')} }`;
    const project = finish(
      await startHub({
        yaml: `${declare([product])}mesh: { every: 1s${told} }\n`,
        port: projectPort,
        env: { ...env, ORRERY_SCOPE: 'project' },
      }),
      (one) => one.dispose(),
    );
    product.instance.start();
    product.instance.summary.audit({ ok: 5, warn: 1, fail: 0, lastRun: HOUR_AGO });
    await until(async () => (await kpisOf(meta, 'veria')).auditsOk === 5, {
      what: 'the summary has come through',
      timeoutMs: 20_000,
    });
    await until(async () => (await projectOf(meta, 'veria')).status === 'online', { what: 'it is online' });
    const [hub] = await meta.api.read<MeshHub[]>('/api/fed/mesh/hubs?project=veria');
    expect(hub).toMatchObject({ hubUrl: `http://127.0.0.1:${projectPort}`, tools: ['orrery'], status: 'healthy' });

    await meta.kill();
    product.instance.summary.audit({ ok: 6, warn: 1, fail: 0, lastRun: HOUR_AGO });
    await until(async () => (await kpisOf(project, 'veria')).auditsOk === 6, { what: "the project's hub knows" });
    const told2 = runOrrery(['summary', 'emit', '--json', '--data', project.dataDir]);
    expect(await told2.exited, told2.stderr()).toBe(server ? 0 : 1);
    meta = await startHub({ dataDir: meta.dataDir, port: metaPort, env });
    await until(async () => (await kpisOf(meta, 'veria')).auditsOk === 6, {
      what: 'it knows what was said while it was away',
      timeoutMs: 20_000,
    });

    const detail = await sweep(meta);
    expect(detail.results).toMatchObject([
      {
        project: 'veria',
        status: 'sent',
        via: server ? 'mesh' : 'http',
        run: { status: 'succeeded', result: { scanned: 'veria' } },
      },
    ]);
    expect(product.posts).toHaveLength(1);
    for (const command of ['emit', 'health', 'integrations']) {
      const run = runOrrery(['summary', command, '--json', '--data', project.dataDir]);
      expect(await run.exited, run.stderr()).toBe(0);
      expect(JSON.parse(run.stdout())).toMatchObject({ project: 'veria', via: transport.toLowerCase(), refused: [] });
    }
    const unsigned = await fetch(`${project.url}/api/actions`, { method: 'POST', body: '{"action":"audit.security"}' });
    expect(unsigned.status).toBe(401);
    const { refusals } = await project.api.read<MeshStatus>('/api/fed/mesh');
    expect(refusals).toContainEqual({ project: 'veria', reason: 'action_signature', count: 1 });
    expect((await fetch(`${meta.url}/api/capabilities`)).status).toBe(404);
  });
});

test('a product on the SDK alone speaks and listens over NATS, and nothing is lost while the server is away', async () => {
  const server = finish(await startNats(), (one) => one.stop());
  const store = memoryActionStore();
  let full = true;
  const actionStore: typeof store = {
    ...store,
    claim: (...asked) => (full ? Promise.reject(new Error('the disk is full')) : store.claim(...asked)),
  };
  const product = finish(
    await serveInstance('veria', {
      more: { actionStore, hub: { link: natsLink({ url: server.url }), presenceEveryMs: 500, retryBaseMs: 50 } },
    }),
    (one) => one.stop(),
  );
  cleanups.push(() => product.instance.stop());
  const meta = finish(
    await startHub({
      yaml: declare([product]),
      env: { ORRERY_NATS_URL: server.url, MESH_HMAC_KEY: MESH_KEY },
    }),
    (one) => one.dispose(),
  );
  product.instance.start();
  await until(async () => (await projectOf(meta, 'veria')).version === '1.0.0', { what: 'it is seen' });
  // What a product cannot do is answered as over HTTP, and is no end of it.
  expect((await sweep(meta)).results).toMatchObject([{ status: 'failed', reason: expect.stringContaining('500') }]);
  full = false;
  expect((await sweep(meta)).results).toMatchObject([{ status: 'sent', via: 'mesh', run: { status: 'succeeded' } }]);
  expect(product.posts).toEqual([]);

  await server.kill();
  for (let i = 0; i < 50; i++) product.instance.emit('invoice.paid', { i }, { id: `invoice-${i}` });
  await until(() => (product.instance.delivery()?.failures ?? 0) > 0, {
    what: 'the product notices',
    timeoutMs: 20_000,
  });
  await server.start();
  await until(
    async () => {
      const { items } = await meta.api.read<{ items: { type: string }[] }>(
        '/ops/events/recent?project=veria&limit=200',
      );
      return items.filter(({ type }) => type === 'invoice.paid').length === 50;
    },
    { what: 'all of them have come, each once', timeoutMs: 30_000 },
  );
});
