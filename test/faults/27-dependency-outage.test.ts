import type { Alert, AlertNotification, Incident, IncidentDetail } from '@orrery/protocol';
import { expect, test } from 'vitest';
import { figure, seconds } from '../services/figures.ts';
import { startHub } from '../services/hub.ts';
import { startProduct } from '../services/product.ts';
import { startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';

/** Fault 27: what fifty products depend on goes down, and all of them with it in the same second. */
const DEPENDANTS = 50;
const ROOT = 'core';
const slugs = Array.from({ length: DEPENDANTS }, (_, n) => `leaf-${n}`);

test(`one root and ${DEPENDANTS} that fail with it make one incident, with the root named, and one notification`, async () => {
  const receiver = await during(startReceiver(), (opened) => opened.close());
  const products = new Map<string, Awaited<ReturnType<typeof startProduct>>>();
  for (const slug of [ROOT, ...slugs]) products.set(slug, await during(startProduct(slug), (opened) => opened.stop()));
  const service = (slug: string, needs: string) =>
    `      - { name: api, ${needs} probes: [{ kind: http, url: "${products.get(slug)?.url}/api/health", interval: 2s, timeout: 2s, failAfter: 2, recoverAfter: 1 }] }`;
  const declared = [...products].map(
    ([slug, { url }]) =>
      `  - slug: ${slug}\n    name: ${slug}\n    hubUrl: ${url}\n    services:\n${service(slug, slug === ROOT ? '' : `dependsOn: [${ROOT}/api],`)}`,
  );
  const hub = await during(
    startHub({
      yaml: `projects:\n${declared.join('\n')}\nnetwork: { allowPrivate: true }\nchannels:\n  - { name: hook, kind: webhook, url: "${receiver.url}" }\n`,
    }),
    (opened) => opened.dispose(),
  );
  const told = () => receiver.taken().map(({ body }): AlertNotification => JSON.parse(body));
  const alerts = async (query: string) =>
    (await hub.api.read<{ items: Alert[] }>(`/api/fed/alerts?limit=200&${query}`)).items;
  const incidents = async () => (await hub.api.read<{ items: Incident[] }>('/ops/incidents')).items;
  const allUp = async () => {
    const { services } = await hub.api.read<{ services: { status: string }[] }>('/ops/health');
    return services.length === DEPENDANTS + 1 && services.every(({ status }) => status === 'up');
  };
  await until(allUp, { timeoutMs: 30_000, what: 'all are up' });
  const turn = (mood: 'cut' | 'healthy') => {
    for (const product of products.values()) product.mood = mood;
  };

  turn('cut');
  const from = performance.now();
  await until(async () => (await alerts('status=open')).length === DEPENDANTS + 1, {
    timeoutMs: 30_000,
    what: `${DEPENDANTS + 1} alerts`,
  });
  const foundAfter = performance.now() - from;
  const open = await alerts('status=open');
  const root = open.find(({ project }) => project === ROOT);
  await until(() => told().length > 0, { timeoutMs: 30_000, what: 'the root is told' });
  const toldAfter = performance.now() - from;
  // Whatever was held back is due by now: nobody depends on anything for longer than ten seconds.
  const held = async () => {
    const { items } = await hub.api.read<{ items: { status: string }[] }>('/api/channels/hook/deliveries?limit=200');
    return items.filter(({ status }) => status === 'pending' || status === 'sending').length;
  };
  await until(async () => (await held()) === 0, { timeoutMs: 30_000, what: 'nothing waits in the outbox' });

  expect(told().map(({ type, alert }) => `${type} ${alert.project}/${alert.service}`)).toEqual([
    `alert.opened ${ROOT}/api`,
  ]);
  const explained = (await alerts('status=open')).filter(({ inhibitedBy }) => inhibitedBy === root?.id);
  expect(explained).toHaveLength(DEPENDANTS);
  const [incident, ...others] = await incidents();
  expect(others).toEqual([]);
  expect(incident).toMatchObject({
    status: 'open',
    severity: 'critical',
    project: ROOT,
    title: `${ROOT}/api is down`,
    rootAlertId: root?.id,
    openAlerts: DEPENDANTS + 1,
  });
  expect(incident?.reason).toContain(`depend on ${ROOT}/api, which went down`);
  figure(27, `notifications of 1 root and ${DEPENDANTS} dependants that fail together`, `${told().length}`, '1');
  figure(27, 'all of them in the API after, the root told after', `${seconds(foundAfter)}, ${seconds(toldAfter)}`, '–');

  // All come back: who was told hears of it, once, and the incident is over.
  turn('healthy');
  await until(async () => (await incidents())[0]?.status === 'resolved', { timeoutMs: 30_000, what: 'it is over' });
  await until(() => told().length > 1, { timeoutMs: 60_000, what: 'the end of the root is told' });
  await until(async () => (await held()) === 0, { timeoutMs: 60_000, what: 'nothing waits in the outbox' });
  expect(told().map(({ type, alert }) => `${type} ${alert.project}/${alert.service}`)).toEqual([
    `alert.opened ${ROOT}/api`,
    `alert.resolved ${ROOT}/api`,
  ]);
  const whole = await hub.api.read<IncidentDetail>(`/ops/incidents/${incident?.id}`);
  expect(whole.alerts[0]?.id).toBe(root?.id);
  expect(whole.alerts).toHaveLength(DEPENDANTS + 1);
}, 240_000);
