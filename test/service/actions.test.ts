import { randomBytes } from 'node:crypto';
import type { FanoutAnswer, FanoutDetail } from '@orrery/protocol';
import { afterEach, expect, it } from 'vitest';
import { createApi, startHub } from '../services/hub.ts';
import { declare, MESH_KEY, type ServedInstance, serveInstance } from '../services/instances.ts';
import { freshDatabase } from '../services/several-hubs.ts';
import { until } from '../services/until.ts';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of cleanups.splice(0).reverse()) await step();
});

async function served(...args: Parameters<typeof serveInstance>): Promise<ServedInstance> {
  const one = await serveInstance(...args);
  cleanups.push(one.stop);
  return one;
}
async function hubOf(instances: readonly ServedInstance[], options: Parameters<typeof startHub>[0] = {}) {
  const { env, ...rest } = options;
  const hub = await startHub({ yaml: declare(instances), ...rest, env: { MESH_HMAC_KEY: MESH_KEY, ...env } });
  cleanups.push(() => hub.dispose());
  return hub;
}
type Hub = Awaited<ReturnType<typeof hubOf>>;
const SWEEP = { action: 'fed.audit.security.sweep' };
const run = async (hub: Hub, body: object) => (await hub.api.post('/api/fed/actions', body)).body as FanoutAnswer;
const as = (hub: Hub, key: string) => createApi(hub.url, { 'x-api-key': key });
const shown = async (hub: Hub, id: string) => (await hub.api.get(`/api/fed/actions/${id}`)).body as FanoutDetail;

it('sweeps 50 instances, one hanging, one refusing, one forging, and tells the truth of each', async () => {
  const good = await Promise.all(Array.from({ length: 46 }, (_, i) => served(`good-${i}`)));
  const hanging = await served('hanging', { answer: (request) => request.method === 'POST' });
  const refusing = await served('refusing', { meshKey: 'another-mesh-key-than-the-hub-has' });
  const forging = await served('forging', {
    answer(request, response) {
      if (request.method === 'POST')
        response.writeHead(202, { 'content-type': 'application/json' }).end('{"auditId":"invented-1","accepted":true}');
      return request.method === 'POST';
    },
  });
  const lying = await served('lying', {
    answer(request, response) {
      if (!request.url?.startsWith('/api/actions/')) return false;
      const run = {
        auditId: 'of-another',
        action: 'audit.security',
        status: 'succeeded',
        startedAt: '2026-01-01T00:00:00Z',
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(run));
      return true;
    },
  });
  const all = [...good, hanging, refusing, forging, lying];
  const hub = await hubOf(all);
  const answer = await run(hub, SWEEP);
  expect(answer.results).toHaveLength(50);
  const detail = await until(
    async () => {
      const now = await shown(hub, answer.requestId);
      return now.finishedAt !== null && now;
    },
    { what: 'all runs to be told of', timeoutMs: 30_000 },
  );
  const of = (slug: string) => detail.results.find(({ project }) => project === slug);
  for (const { slug, instance, posts } of good) {
    const result = of(slug);
    expect(result).toMatchObject({ status: 'sent', run: { status: 'succeeded', result: { scanned: slug } } });
    expect(posts).toEqual([`${answer.requestId}_${slug}`]);
    // The id is that of a run which the instance has.
    const asked = new Request(`http://instance/api/actions/${result?.auditId}`, {
      headers: { 'x-api-key': `key-of-the-instance-${slug}-0123456789` },
    });
    expect(await (await instance.handle(asked))?.json()).toMatchObject({
      auditId: result?.auditId,
      status: 'succeeded',
    });
  }
  expect(of('hanging')).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('it may have been received'),
  });
  expect(of('refusing')).toMatchObject({ status: 'failed', reason: expect.stringContaining('refused the signature') });
  expect(of('forging')).toMatchObject({ status: 'failed', reason: expect.stringContaining('does not know the run') });
  expect(of('lying')).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('other than the one asked for'),
  });
  expect(detail.counts).toEqual({ pending: 0, sent: 46, denied: 0, failed: 4 });
  const events = (await hub.api.get('/ops/events/recent?limit=200')).body as {
    items: { type: string; project?: string }[];
  };
  const told = (slug: string) =>
    events.items.filter((e) => e.project === slug && e.type.startsWith('action.')).map((e) => e.type);
  expect(told('good-7').sort()).toEqual(['action.finished', 'action.sent']);
  expect(told('refusing')).toEqual(['action.failed']);
});

it('sends nothing that is not allowed, nothing in a dry run, and nothing for those who may not', async () => {
  const open = await served('open');
  const shut = await served('shut');
  const hub = await hubOf([open, shut], {
    yaml: declare([open]).replace('network:', `  - { slug: shut, name: shut, hubUrl: "${shut.url}" }\nnetwork:`),
  });
  const dry = await run(hub, { ...SWEEP, dryRun: true });
  expect(dry).toMatchObject({ dryRun: true, counts: { sent: 1, denied: 1 } });
  const real = await run(hub, { ...SWEEP, projects: ['shut', 'ghost'] });
  expect(real.results).toEqual([
    expect.objectContaining({ project: 'ghost', status: 'denied', reason: 'No project "ghost".' }),
    expect.objectContaining({ project: 'shut', status: 'denied', reason: expect.stringContaining('allowFanout') }),
  ]);
  expect(real.finishedAt).not.toBeNull();
  expect([...open.posts, ...shut.posts]).toEqual([]);
  const viewer = (await hub.api.post('/api/keys', { name: 'v', role: 'viewer' })).body as { key: string };
  expect((await as(hub, viewer.key).post('/api/fed/actions', SWEEP)).status).toBe(403);
  const some = (await hub.api.post('/api/keys', { name: 's', role: 'operator', projects: ['shut'] })).body as {
    key: string;
  };
  const mine = await as(hub, some.key).post('/api/fed/actions', { ...SWEEP, projects: ['open'] });
  expect((mine.body as FanoutAnswer).results).toEqual([
    { project: 'open', status: 'denied', reason: 'No project "open".' },
  ]);
  expect((await hub.api.post('/api/fed/actions', { action: 'fed.nonsense' })).body).toMatchObject({
    status: 400,
    fields: [{ field: 'body.action' }],
  });
  expect((await as(hub, some.key).get('/api/fed/actions')).body).toMatchObject({
    items: [{ counts: { denied: 1, sent: 0 } }],
  });
});

it('signs by both keys while a rotation lasts, so that instances with either accept', async () => {
  const next = 'the-next-mesh-key-of-the-tests-98765';
  const [before, after, both] = [
    await served('before'),
    await served('after', { meshKey: next }),
    await served('both', { meshKey: [next, MESH_KEY] }),
  ];
  const hub = await hubOf([before, after, both], { env: { MESH_HMAC_KEY: next, MESH_HMAC_KEY_PREVIOUS: MESH_KEY } });
  expect((await run(hub, SWEEP)).counts).toMatchObject({ sent: 3 });
});

/** Three instances of which two take a request and never say so, and one takes none while `hold`. */
async function reluctant() {
  const state = { hold: true };
  const runs: string[] = [];
  const actions = { 'audit.security': ({ requestId }: { requestId: string }) => void runs.push(requestId) };
  const slow = await served('slow', { answer: () => false, actions });
  const silent = await served('silent', { answer: () => false, actions });
  const stuck = await served('stuck', { answer: (request) => state.hold && request.method === 'POST' });
  return { instances: [slow, silent, stuck], runs, state };
}

/** The only request there is, once it is finished at this hub: each instance ran it, those that had taken it not again. */
async function expectFinishedOnce(hub: Hub, { instances, runs }: Awaited<ReturnType<typeof reluctant>>) {
  const list = (await hub.api.get('/api/fed/actions')).body as { items: FanoutDetail[] };
  const id = list.items[0]?.requestId ?? '';
  const detail = await until(
    async () => {
      const now = await shown(hub, id);
      return now.finishedAt !== null && now;
    },
    { what: 'the request to be finished', timeoutMs: 60_000 },
  );
  expect(detail.results.map(({ project, status, run }) => [project, status, run?.status])).toEqual([
    ['silent', 'sent', 'succeeded'],
    ['slow', 'sent', 'succeeded'],
    ['stuck', 'sent', 'succeeded'],
  ]);
  expect(runs).toEqual([id, id]);
  for (const one of instances) expect(new Set(one.posts)).toEqual(new Set([`${id}_${one.slug}`]));
}

it('goes on after kill -9 in the middle: what was sent is not run again, what was not is sent', async () => {
  const three = await reluctant();
  const hub = await hubOf(three.instances);
  const asked = hub.api.post('/api/fed/actions', SWEEP).catch(() => undefined);
  await until(() => three.instances.every(({ posts }) => posts.length === 1), { what: 'all to be asked' });
  await hub.kill();
  await asked;
  three.state.hold = false;
  await expectFinishedOnce(await hubOf(three.instances, { dataDir: hub.dataDir }), three);
});

it('is finished by the other of two hubs on one PostgreSQL when the one that sends is killed', async () => {
  const three = await reluctant();
  const database = await freshDatabase();
  cleanups.push(() => database.drop());
  const options = {
    databaseUrl: database.url,
    env: { ORRERY_SECRET: randomBytes(32).toString('base64') },
  };
  const sends = await hubOf(three.instances, options);
  const other = await hubOf(three.instances, options);
  const asked = sends.api.post('/api/fed/actions', SWEEP).catch(() => undefined);
  await until(() => three.instances.every(({ posts }) => posts.length === 1), { what: 'all to be asked' });
  await sends.kill();
  await asked;
  three.state.hold = false;
  await expectFinishedOnce(other, three);
});
