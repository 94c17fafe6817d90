import type { Diagnosis, Incident, OpsEvent } from '@orrery/protocol';
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createApi, type RunningHub, startHub } from '../services/hub.ts';
import { type FakeProduct, startProduct } from '../services/product.ts';
import { until } from '../services/until.ts';

/** Diagnosis on a running hub: from what breaks to the likeliest cause, by what the hub itself saw and was told. */
let products: Record<'base' | 'middle' | 'top', FakeProduct>;
beforeAll(async () => {
  const [base, middle, top] = await Promise.all(['base', 'middle', 'top'].map((slug) => startProduct(slug)));
  if (!base || !middle || !top) throw new Error('no products');
  products = { base, middle, top };
  return () => Promise.all(Object.values(products).map((product) => product.stop()));
});
afterEach(() => {
  for (const product of Object.values(products)) product.mood = 'healthy';
});

const KEYS = {
  base: 'base-key-for-tests-000000',
  middle: 'middle-key-for-tests-0000',
  top: 'top-key-for-tests-0000000',
};
const service = (of: keyof typeof products) =>
  `{ name: api, probes: [{ kind: http, url: "${products[of].url}/api/health", interval: 1s, timeout: 500ms, failAfter: 2, recoverAfter: 1 }] }`;
const yaml = () => `network: { allowPrivate: true }
projects:
  - { slug: base, name: Base, hubUrl: "${products.base.url}", apiKey: ${KEYS.base}, services: [${service('base')}], thresholds: [{ metric: process.rss_bytes, above: 500000000, severity: warning }, { metric: db.query_p95_ms, above: 400, severity: warning }, { metric: strange.figure, above: 1 }] }
  - { slug: middle, name: Middle, hubUrl: "${products.middle.url}", apiKey: ${KEYS.middle}, dependsOn: [base], services: [${service('middle')}] }
  - { slug: top, name: Top, hubUrl: "${products.top.url}", apiKey: ${KEYS.top}, dependsOn: [middle], services: [${service('top')}] }
`;

async function start(): Promise<RunningHub> {
  const hub = await startHub({ yaml: yaml() });
  onTestFinished(() => hub.dispose());
  await until(
    async () =>
      (await hub.api.read<{ services: { status: string }[] }>('/ops/health')).services.every(
        ({ status }) => status === 'up',
      ),
    { what: 'all services are up' },
  );
  return hub;
}
const incidents = async (hub: RunningHub) =>
  (await hub.api.read<{ items: Incident[] }>('/ops/incidents?status=open')).items;
const diagnoses = async (hub: RunningHub): Promise<Diagnosis[]> =>
  Promise.all(
    (await incidents(hub)).map(async ({ id }) => (await hub.api.get<Diagnosis>(`/api/incidents/${id}/diagnosis`)).body),
  );
/** The first diagnosis whose likeliest cause is this one. */
const foundOn = (hub: RunningHub, kind: string, project: string) =>
  until(
    async () =>
      (await diagnoses(hub)).find(({ causes }) => causes?.[0]?.kind === kind && causes[0].project === project),
    {
      timeoutMs: 40_000,
      what: `the likeliest cause is ${kind} at ${project}`,
    },
  );
const push = (
  hub: RunningHub,
  project: keyof typeof KEYS,
  type: string,
  data: object,
  time = new Date().toISOString(),
) =>
  createApi(hub.url, { 'x-api-key': KEYS[project] }).call('POST', '/api/fed/events', {
    ...{
      specversion: '1.0',
      id: `${type}-${Math.random()}`,
      source: project,
      type,
      time,
      datacontenttype: 'application/json',
    },
    data,
  });
const samples = (hub: RunningHub, project: keyof typeof KEYS, key: string, values: readonly number[]) =>
  push(hub, project, 'metrics.samples', {
    projectSlug: project,
    samples: values.map((value, i) => ({
      key,
      value,
      at: new Date(Date.now() - (values.length - 1 - i) * 5000).toISOString(),
    })),
  });

describe('the likeliest cause', () => {
  test('of a chain that fails is the part that the others need, within seconds, and who may not see it hears nothing of it', async () => {
    const hub = await start();
    const began = performance.now();
    products.base.mood = 'cut';
    products.middle.mood = 'unhealthy';
    products.top.mood = 'unhealthy';
    const diagnosis = await foundOn(hub, 'unreachable', 'base');
    expect(performance.now() - began).toBeLessThan(12_000);
    const [top] = diagnosis.causes;
    expect(top).toMatchObject({ service: 'api', title: 'base/api does not accept connections' });
    expect(top?.confidence).toBeGreaterThan(0.5);
    const kinds = diagnosis.evidence.filter(({ id }) => top?.evidence.includes(id)).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['alert', 'check']));

    const key = await hub.api.post<{ key: string }>('/api/keys', {
      name: 'some',
      role: 'operator',
      projects: ['middle'],
    });
    const some = createApi(hub.url, { 'x-api-key': key.body.key });
    await until(async () => (await diagnoses(hub)).length === 1, { what: 'it is one incident' });
    const seen = await until(
      async () => {
        const answer = await some.get<Diagnosis>(`/api/incidents/${diagnosis.incidentId}/diagnosis`);
        return answer.status === 200 ? answer : undefined;
      },
      { what: 'the middle is part of it' },
    );
    expect(seen.text).not.toContain('base');
    expect(seen.text).not.toContain('top/');
    expect(seen.body.evidence.every(({ project }) => project === 'middle')).toBe(true);
    const again = await hub.api.post<Diagnosis>(`/api/incidents/${diagnosis.incidentId}/diagnose`);
    expect(again).toMatchObject({ status: 200, body: { incidentId: diagnosis.incidentId } });
    expect(again.body.causes[0]).toMatchObject({ kind: 'unreachable', project: 'base' });
    const { items } = await hub.api.read<{ items: OpsEvent[] }>('/ops/events/recent?limit=200&type=diagnosis.');
    expect(
      items.some(({ title, project }) => project === 'base' && title.includes('does not accept connections')),
    ).toBe(true);
  });

  test('is a deploy right before the errors', async () => {
    const hub = await start();
    expect(
      (await push(hub, 'middle', 'events.deploy.finished', { title: 'middle 2.4.1 is out', version: '2.4.1' })).status,
    ).toBeLessThan(300);
    products.middle.mood = 'unhealthy';
    const diagnosis = await foundOn(hub, 'deploy', 'middle');
    const change = diagnosis.evidence.find(({ kind }) => kind === 'change');
    expect(change?.text).toMatch(/^middle 2\.4\.1 is out \(deploy\.finished\), \d+ s before the trouble$/);
    expect(diagnosis.causes[0]?.evidence).toContain(change?.id);
  });

  test('is memory that grew', async () => {
    const hub = await start();
    await samples(hub, 'base', 'process.rss_bytes', [
      ...Array.from({ length: 30 }, (_, i) => 120e6 + (i % 3) * 1e6),
      200e6,
      300e6,
      400e6,
      500e6,
      600e6,
      700e6,
    ]);
    const diagnosis = await foundOn(hub, 'memory', 'base');
    expect(
      diagnosis.evidence.some(
        ({ kind, text }) => kind === 'changepoint' && text.startsWith('process.rss_bytes rose from'),
      ),
    ).toBe(true);
  });

  test('is a statement that became slow', async () => {
    const hub = await start();
    await samples(hub, 'base', 'db.query_p95_ms', [
      ...Array.from({ length: 30 }, (_, i) => 10 + (i % 3)),
      700,
      720,
      710,
      730,
      705,
    ]);
    await foundOn(hub, 'statement', 'base');
  });

  test('is not made up where the data is not enough, and what comes later is taken in', async () => {
    const hub = await start();
    // What was done before the hub knew the project would be no change.
    const known = async () =>
      (await hub.api.read<{ items: OpsEvent[] }>('/ops/events/recent?limit=200&type=project.seen')).items.some(
        ({ project }) => project === 'base',
      );
    await until(known, { what: 'the project was heard of' });
    const deployedAt = new Date().toISOString();
    await samples(hub, 'base', 'strange.figure', [5]);
    const [none] = await until(
      async () => {
        const all = await diagnoses(hub);
        return all[0]?.causes ? all : undefined;
      },
      { what: 'it is diagnosed' },
    );
    expect(none?.causes).toEqual([]);
    expect(none?.evidence.map(({ kind }) => kind)).toEqual(['alert']);
    await push(hub, 'base', 'events.deploy.finished', { title: 'base 7 is out' }, deployedAt);
    await foundOn(hub, 'deploy', 'base');
  });
});
