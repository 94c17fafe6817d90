import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MESH_PAYLOADS, parseSubject } from '@orrery/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../test/services/until.ts';
import { createInstance, type HubOptions, type Instance, type InstanceOptions, type Refusal } from '../src/index.ts';
import { readRetryAfter } from '../src/post.ts';
import { FakeHub } from './fake-hub.ts';

let hub: FakeHub;
const running: Instance[] = [];

beforeEach(async () => {
  hub = new FakeHub();
  await hub.start();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((instance) => instance.stop({ timeoutMs: 0 })));
  await hub.stop();
});

function create(hubOptions: Partial<HubOptions> = {}, options: Partial<InstanceOptions> = {}): Instance {
  const instance = createInstance({
    project: 'veria',
    version: '1',
    hubUrl: 'http://127.0.0.1:5401',
    hub: { url: hub.url, key: 'ingest-key', retryBaseMs: 5, retryCapMs: 20, timeoutMs: 2000, ...hubOptions },
    ...options,
  });
  running.push(instance);
  return instance;
}

const settled = (instance: Instance) => () => {
  const status = instance.delivery();
  return status?.pendingEvents === 0 && status.pendingSamples === 0;
};

describe('delivery to the hub', () => {
  it('sends CloudEvents of the mesh in one batch, under the project key', async () => {
    const instance = create();
    const event = instance.emit(
      'invoice.paid',
      { amount: '12.50' },
      { id: 'own-id', time: new Date('2026-01-02T03:04:05Z') },
    );
    expect(event).toEqual({ queued: true, id: 'own-id' });
    instance.summary.audit({ ok: 9, warn: 1, fail: 0, lastRun: '2026-01-01T00:00:00Z' });
    instance.summary.deploy({ envs: ['prod'], versions: ['1'], lastDeployedAt: '2026-01-01T00:00:00Z' });
    instance.summary.security({ vulnsCritical: 0, vulnsHigh: 2, lastScan: '2026-01-01T00:00:00Z' });
    instance.summary.graph({ counts: { files: 1, symbols: 2, tasks: 3, audits: 4 }, ts: '2026-01-01T00:00:00Z' });
    instance.edge({ toProject: 'performia', kind: 'api', strength: 0.5, proof: { calls: 3 } });
    instance.sample({ key: 'queue.depth', value: 4, service: 'worker', unit: 'jobs', tags: { queue: 'mail' } });
    await until(settled(instance), { timeoutMs: 3000, what: 'everything is delivered' });

    expect(hub.requests).toHaveLength(1);
    expect(hub.requests[0]?.headers).toMatchObject({
      'content-type': 'application/cloudevents-batch+json',
      'x-api-key': 'ingest-key',
    });
    expect(hub.kept.get('own-id')).toMatchObject({
      type: 'veria.mesh.events.invoice.paid',
      time: '2026-01-02T03:04:05.000Z',
      data: { amount: '12.50' },
    });
    for (const { type, data } of hub.kept.values()) {
      const subject = parseSubject(type, 'veria.mesh');
      if (!subject) throw new Error(`${type} is no subject of the mesh`);
      if (subject.kind !== 'events.<type>') expect(MESH_PAYLOADS[subject.kind].safeParse(data).error).toBeUndefined();
    }
    expect(hub.of('integration.edge')[0]?.data).toMatchObject({ fromProject: 'veria', toProject: 'performia' });
    expect(hub.of('metrics.samples')[0]?.data).toMatchObject({
      projectSlug: 'veria',
      samples: [{ key: 'queue.depth', value: 4 }],
    });
  });

  it('loses nothing and repeats no id while the hub dies in the middle of answers and stays away', async () => {
    const instance = create();
    const sent = new Set<string>();
    let round = 0;
    // Every third batch is kept by the hub, whose answer then never arrives: the SDK must send the same ids again.
    hub.reply = (batch, res) => {
      if (++round % 3 !== 0) return undefined;
      hub.keep(batch);
      res.destroy();
      return true;
    };
    for (let turn = 0; turn < 12; turn++) {
      for (let i = 0; i < 100; i++) {
        const queued = instance.emit('order.placed', { turn, i });
        if (queued.queued) sent.add(queued.id);
      }
      if (turn === 4) await hub.stop();
      if (turn === 8) {
        await until(() => (instance.delivery()?.failures ?? 0) >= 3, {
          timeoutMs: 3000,
          what: 'three failed attempts',
        });
        await hub.start();
      }
      await until(() => turn >= 4 || hub.kept.size > turn * 50, { timeoutMs: 3000, what: 'a part has arrived' });
    }
    await until(settled(instance), { timeoutMs: 5000, what: 'the rest is delivered' });
    expect(sent.size).toBe(1200);
    expect(new Set(hub.kept.keys())).toEqual(sent);
    expect(hub.duplicates).toBeGreaterThan(0);
    const status = instance.delivery();
    expect(status).toMatchObject({ droppedEvents: 0, refused: 0, failures: 0 });
    // What was kept without an answer comes back as duplicates: every event is accounted for exactly once.
    expect((status?.accepted ?? 0) + (status?.duplicates ?? 0)).toBe(1200);
  });

  it('keeps to the limits of a batch: 500 events and 5,000 samples in a message', async () => {
    const instance = create();
    for (let i = 0; i < 1300; i++) instance.emit('tick', { i });
    for (let i = 0; i < 12_000; i++) instance.sample({ key: 'load', value: i });
    expect(await instance.stop({ timeoutMs: 4000 })).toBe(true);
    for (const { size } of hub.requests) expect(size).toBeLessThanOrEqual(500);
    const batches = hub.of('metrics.samples').map((event) => (event.data as { samples: { value: number }[] }).samples);
    for (const samples of batches) expect(samples.length).toBeLessThanOrEqual(5000);
    expect(batches.flat().map((sample) => sample.value)).toEqual(Array.from({ length: 12_000 }, (_, i) => i));
    expect(hub.of('events.tick').map((event) => (event.data as { i: number }).i)).toEqual(
      Array.from({ length: 1300 }, (_, i) => i),
    );
  });

  it('drops refused events alone and tells why', async () => {
    const refusals: Refusal[] = [];
    const instance = create({ onRefused: (refusal) => refusals.push(refusal) });
    hub.reply = (batch, res) => {
      const bad = batch.filter((event) => event.id.startsWith('bad'));
      const receipt = {
        ...hub.keep(batch.filter((event) => !bad.includes(event))),
        refused: bad.map(({ id }) => ({ id, field: 'data', reason: 'is bad' })),
      };
      res.writeHead(207, { 'content-type': 'application/json' }).end(JSON.stringify(receipt));
      return true;
    };
    for (const id of ['good-1', 'bad-1', 'good-2']) instance.emit('thing', {}, { id });
    await until(settled(instance), { timeoutMs: 3000, what: 'the batch is settled' });
    expect([...hub.kept.keys()]).toEqual(['good-1', 'good-2']);
    expect(refusals).toEqual([{ id: 'bad-1', field: 'data', reason: 'is bad' }]);
    expect(instance.delivery()).toMatchObject({ accepted: 2, refused: 1 });
  });

  it('finds the one event for which the hub refuses the whole batch', async () => {
    const refusals: Refusal[] = [];
    const instance = create({ onRefused: (refusal) => refusals.push(refusal) });
    hub.reply = (batch, res) => {
      if (!batch.some((event) => event.id === 'poison')) return undefined;
      res.writeHead(batch.length === 1 ? 400 : 413).end();
      return true;
    };
    for (let i = 0; i < 40; i++) instance.emit('thing', {}, { id: i === 17 ? 'poison' : `good-${i}` });
    await until(settled(instance), { timeoutMs: 3000, what: 'the batch is settled' });
    expect(hub.kept.size).toBe(39);
    expect(refusals.map((refusal) => refusal.id)).toEqual(['poison']);
  });

  it.each([429, 503, 401, 404, 302, 500])('tries again after %i', async (status) => {
    const errors: string[] = [];
    const instance = create({ onError: (reason) => errors.push(reason) });
    hub.reply = (_batch, res) => {
      if (hub.requests.length > 3) return undefined;
      res.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('no');
      return true;
    };
    instance.emit('thing', {}, { id: 'kept' });
    await until(settled(instance), { timeoutMs: 3000, what: 'the event is delivered' });
    expect([...hub.kept.keys()]).toEqual(['kept']);
    expect(errors).toEqual([`the hub answered ${status}`]);
  });

  it('takes no stranger for a hub: a 200 without a receipt is tried again', async () => {
    const instance = create();
    hub.reply = (_batch, res) => {
      if (hub.requests.length > 1) return undefined;
      res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome to the airport</h1>');
      return true;
    };
    instance.emit('thing', {}, { id: 'kept' });
    await until(settled(instance), { timeoutMs: 3000, what: 'the event is delivered' });
    expect(hub.kept.has('kept')).toBe(true);
  });

  it('waits as long as Retry-After says', async () => {
    const instance = create();
    hub.reply = (_batch, res) => {
      if (hub.requests.length > 1) return undefined;
      res.writeHead(429, { 'retry-after': '1' }).end();
      return true;
    };
    instance.emit('thing');
    await until(settled(instance), { timeoutMs: 5000, what: 'the event is delivered' });
    const [first, second] = hub.requests;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(950);
  });

  it.each([
    ['7', 7000],
    ['Thu, 01 Jan 1970 00:01:40 GMT', 90_000],
    ['999999', 300_000],
    ['-5', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('reads Retry-After %s as %s ms', (header, expected) => {
    expect(readRetryAfter(header, 10_000)).toBe(expected);
  });

  it('gives up on a hub that does not answer, and delivers once it does', async () => {
    const instance = create({ timeoutMs: 60 });
    hub.reply = () => (hub.requests.length > 2 ? undefined : true);
    instance.emit('thing', {}, { id: 'kept' });
    await until(() => hub.kept.has('kept'), { timeoutMs: 3000, what: 'the event is delivered' });
    expect(hub.requests.length).toBe(3);
  });

  it('drops the oldest of each kind beyond its number, and counts both', async () => {
    await hub.stop();
    const instance = create({ maxEvents: 50, maxSamples: 100 });
    for (let i = 0; i < 150; i++) instance.sample({ key: 'load', value: i });
    for (let i = 0; i < 60; i++) instance.emit('tick', { i }, { id: `e-${i}` });
    expect(instance.delivery()).toMatchObject({
      pendingEvents: 50,
      droppedEvents: 10,
      pendingSamples: 100,
      droppedSamples: 50,
    });
    await hub.start();
    expect(await instance.stop({ timeoutMs: 4000 })).toBe(true);
    const samples = hub
      .of('metrics.samples')
      .flatMap((event) => (event.data as { samples: { value: number }[] }).samples);
    expect([samples.length, samples[0]?.value]).toEqual([100, 50]);
    expect(hub.of('events.tick').map((event) => event.id)).toEqual(Array.from({ length: 50 }, (_, i) => `e-${i + 10}`));
  });

  it('prefers events when memory is short: samples go first', async () => {
    await hub.stop();
    const instance = create({ maxBytes: 60_000 });
    for (let i = 0; i < 200; i++) instance.sample({ key: 'load', value: i });
    expect(instance.delivery()).toMatchObject({ pendingSamples: 200, droppedSamples: 0 });
    for (let i = 0; i < 10; i++) instance.emit('tick', 'x'.repeat(4000));
    const { pendingEvents, pendingSamples = 0, droppedEvents } = instance.delivery() ?? {};
    expect({ pendingEvents, droppedEvents }).toEqual({ pendingEvents: 10, droppedEvents: 0 });
    expect(pendingSamples).toBeLessThan(200);
    for (let i = 0; i < 10; i++) instance.emit('tick', 'x'.repeat(4000));
    expect(instance.delivery()).toMatchObject({
      pendingSamples: 0,
      droppedSamples: 200,
      pendingEvents: 14,
      droppedEvents: 6,
    });
  });

  it('says what cannot travel, and never throws at the product', async () => {
    const instance = create();
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    expect(instance.emit('has blank')).toMatchObject({ queued: false, reason: expect.stringContaining('type') });
    expect(instance.emit('ok', circular)).toMatchObject({ queued: false, reason: expect.stringContaining('data') });
    expect(instance.emit('ok', 'x'.repeat(300_000))).toMatchObject({
      queued: false,
      reason: expect.stringContaining('262144'),
    });
    expect(instance.emit('ok', {}, { id: '' })).toMatchObject({ queued: false });
    expect(instance.emit('ok', {}, { time: new Date('never') })).toMatchObject({ queued: false });
    expect(instance.edge({ toProject: 'Not A Slug', kind: 'api', strength: 0.5 })).toMatchObject({
      queued: false,
      reason: expect.stringContaining('toProject'),
    });
    expect(instance.summary.audit({ ok: -1, warn: 0, fail: 0, lastRun: 'yesterday' })).toMatchObject({ queued: false });
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(instance.sample({ key: 'load', value }).queued).toBe(0);
    expect(instance.sample({ key: '1 bad key', value: 1 }, { key: 'good', value: 1 })).toMatchObject({
      queued: 1,
      refused: [expect.stringContaining('key')],
    });
    const alone = createInstance({ project: 'alone', version: '1' });
    expect(alone.emit('thing')).toEqual({ queued: false, reason: 'no hub is configured' });
    expect(await alone.stop()).toBe(true);
    await instance.stop();
    expect(instance.emit('thing')).toMatchObject({ queued: false });
  });

  it('calls for the summaries at the start, and again at their interval though one attempt failed; 0 leaves it to the hub', async () => {
    let calls = 0;
    const onRefresh = () => {
      if (++calls === 2) throw new Error('the figures cannot be had');
      instance.summary.audit({ ok: calls, warn: 0, fail: 0, lastRun: new Date().toISOString() });
    };
    const quiet = { presenceEveryMs: 0, metricsEveryMs: 0, callsEveryMs: 0, attacksEveryMs: 0, performanceEveryMs: 0 };
    const instance = create({ ...quiet, summariesEveryMs: 40 }, { onRefresh });
    instance.start();
    const sent = () => hub.of('audit.summary.status').map(({ data }) => (data as { ok: number }).ok);
    await until(() => sent().length >= 2, { timeoutMs: 5000, what: 'two summaries' });
    expect(sent().slice(0, 2)).toEqual([1, 3]);
    await instance.stop();
    let more = 0;
    const silent = create({ ...quiet, summariesEveryMs: 0 }, { onRefresh: () => void more++ });
    silent.start();
    await silent.stop();
    expect(more).toBe(0);
  });

  it('reports presence, health and metrics from start on, and again at their intervals', async () => {
    const instance = create(
      { presenceEveryMs: 40, metricsEveryMs: 40, instanceId: 'node-1' },
      {
        name: 'Veria',
        tools: ['search'],
        reuseMs: 0,
        checks: { queue: () => ({ ok: false, detail: 'is full' }) },
        metrics: { revenue: () => 12.5 },
      },
    );
    instance.tracer.record({ method: 'GET', route: '/', status: 500, durationMs: 12, tier: 'gold' });
    instance.start();
    instance.start();
    await until(() => hub.of('hub.presence.node-1').length >= 2 && hub.of('metrics.samples').length >= 1, {
      timeoutMs: 5000,
      what: 'two rounds of reports',
    });
    expect(hub.of('hub.presence.node-1')[0]?.data).toEqual({
      projectSlug: 'veria',
      meshNs: 'veria.mesh',
      hubUrl: 'http://127.0.0.1:5401',
      version: '1',
      tools: ['search'],
      capabilities: ['graph.refresh'],
    });
    expect(hub.of('hub.health.node-1')[0]?.data).toMatchObject({
      projectSlug: 'veria',
      status: 'degraded',
      degradedReasons: ['queue: is full'],
    });
    const samples = (hub.of('metrics.samples')[0]?.data as { samples?: object[] } | undefined)?.samples;
    expect(samples).toContainEqual(expect.objectContaining({ key: 'revenue', value: 12.5 }));
    expect(samples).toContainEqual(
      expect.objectContaining({ key: 'performance.error_rate', value: 100, unit: 'percent' }),
    );
    expect(samples).toContainEqual(
      expect.objectContaining({ key: 'performance.requests', value: 1, tags: { platform: 'gold' } }),
    );
    await instance.stop();
    const seen = hub.kept.size;
    expect(instance.emit('late').queued).toBe(false);
    expect(hub.kept.size).toBe(seen);
  });

  it('ends within its deadline when the hub is dead, and keeps no process alive', async () => {
    await hub.stop();
    const instance = create();
    instance.emit('thing');
    const started = performance.now();
    expect(await instance.stop({ timeoutMs: 150 })).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);

    // A hub that takes the connection and never answers: the product below ends at once all the same.
    await hub.start();
    hub.reply = () => true;
    const script = `import { createInstance } from '@orrery/sdk';
      const instance = createInstance({ project: 'p', version: '1', hub: { url: '${hub.url}', key: 'k', timeoutMs: 20000 } });
      instance.start(); instance.emit('a');
      setTimeout(() => console.log('done'), 250);`;
    const run = promisify(execFile)(
      process.execPath,
      ['--conditions=@orrery/source', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
      {
        cwd: join(import.meta.dirname, '..'),
        timeout: 5000,
      },
    );
    expect((await run).stdout).toBe('done\n');
    expect(hub.requests.length).toBeGreaterThan(0);
  });
});
