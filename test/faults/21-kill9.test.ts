import { setTimeout as pause } from 'node:timers/promises';
import { type Alert, CLOUDEVENT_BATCH_TYPE, type EventReceipt, type FedMetrics, type OpsEvent } from '@orrery/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { figure, seconds } from '../services/figures.ts';
import { type ApiClient, type RunningHub, startHub } from '../services/hub.ts';
import { freePort } from '../services/ports.ts';
import { type FakeProduct, startProduct } from '../services/product.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';

/** Fault 21: the hub is killed at any moment, again and again, and nothing that it acknowledged is lost or told twice. */
const KILLS = 16;
const PUSH_KEY = 'push-key-of-the-kill-suite-0001';
const SAMPLES_PER_EVENT = 5;

const yaml = (product: FakeProduct, jumpy: FakeProduct, receiver: Receiver) => `projects:
  - { slug: pusher, name: Pusher, hubUrl: "http://127.0.0.1:9/", meshNs: pusher.mesh, apiKey: ${PUSH_KEY} }
  - slug: flappy
    name: Flappy
    hubUrl: ${product.url}
    services:
      - { name: api, probes: [{ kind: http, url: "${product.url}/api/health", interval: 1s, timeout: 300ms, failAfter: 1, recoverAfter: 1 }] }
  - slug: jumpy
    name: Jumpy
    hubUrl: ${jumpy.url}
    services:
      - { name: api, probes: [{ kind: instance, interval: 1s, timeout: 300ms, logs: false }] }
    thresholds: [{ metric: good.value, above: 100 }]
network: { allowPrivate: true }
channels:
  - { name: hook, kind: webhook, url: "${receiver.url}" }
`;

/** Pushes batches and keeps a log of what was acknowledged; what was not is sent again with the same ids, as the SDK does. */
function startPusher(url: string) {
  const acked = new Set<string>();
  let stopped = false;
  let refused: EventReceipt['refused'] = [];
  const run = async () => {
    for (let round = 0; !stopped; round++) {
      const at = new Date().toISOString();
      const tick = {
        specversion: '1.0',
        id: `tick-${round}`,
        source: 'urn:pusher',
        type: 'pusher.mesh.events.tick',
        time: at,
        data: { round },
      };
      const samples = Array.from({ length: SAMPLES_PER_EVENT }, (_, n) => ({
        key: 'load.value',
        value: round,
        at: new Date(Date.parse(at) + n).toISOString(),
      }));
      const metrics = {
        ...tick,
        id: `samples-${round}`,
        type: 'pusher.mesh.metrics.samples',
        data: { projectSlug: 'pusher', samples },
      };
      while (!stopped) {
        const receipt = await send(url, [tick, metrics]);
        if (receipt) {
          refused = [...refused, ...receipt.refused];
          acked.add(tick.id).add(metrics.id);
          break;
        }
        await pause(20);
      }
      await pause(5);
    }
  };
  const done = run();
  return {
    acked,
    refused: () => refused,
    async stop() {
      stopped = true;
      await done;
    },
  };
}

async function send(url: string, events: unknown[]): Promise<EventReceipt | undefined> {
  try {
    const response = await fetch(`${url}/api/fed/events`, {
      method: 'POST',
      headers: { 'content-type': CLOUDEVENT_BATCH_TYPE, 'x-api-key': PUSH_KEY },
      body: JSON.stringify(events),
      signal: AbortSignal.timeout(3000),
    });
    return response.status === 200 || response.status === 207 ? ((await response.json()) as EventReceipt) : undefined;
  } catch {
    return undefined;
  }
}

test(`killed ${KILLS} times in the middle of its work, it loses nothing it acknowledged and tells nobody twice`, async () => {
  const product = await during(startProduct('flappy'), (opened) => opened.stop());
  // Its value jumps over a limit and back: each time is told, while a recovery that does not last is told to nobody.
  const jumpy = await during(startProduct('jumpy'), (opened) => opened.stop());
  const receiver = await during(startReceiver(), (opened) => opened.close());
  const port = await freePort();
  const startedAt = Date.now();
  const starting = performance.now();
  let hub: RunningHub = await startHub({ yaml: yaml(product, jumpy, receiver), port });
  const usualStart = performance.now() - starting;
  onTestFinished(() => hub.dispose());
  const { dataDir } = hub;
  const pusher = await during(startPusher(hub.url), (opened) => opened.stop());
  const acknowledged = new Map<string, string>();
  const backAfterMs: number[] = [];

  for (let kill = 0; kill < KILLS; kill++) {
    product.mood = kill % 2 === 0 ? 'unhealthy' : 'healthy';
    jumpy.metrics['good.value'] = kill % 2 === 0 ? 500 : 42;
    await until(() => pusher.acked.size > kill * 10, { what: `the pusher works before kill ${kill}` });
    // Each life sees the product as it is now, and ends at any moment of what follows from that.
    const asked = [product.hits.length, jumpy.hits.length] as const;
    await until(() => product.hits.length > asked[0] && jumpy.hits.length > asked[1], {
      what: `the products are asked before kill ${kill}`,
    });
    await pause(Math.random() * 900);
    // The first life lasts until there is something to acknowledge; later ones take what they find.
    if (kill === 0) await until(() => acknowledgeSome(hub.api, acknowledged), { what: 'an alert to acknowledge' });
    else await acknowledgeSome(hub.api, acknowledged);
    await hub.kill();
    const from = performance.now();
    hub = await startHub({ dataDir, port });
    await until(async () => (await hub.api.get('/api/fed/projects')).status === 200, { what: 'it serves again' });
    backAfterMs.push(performance.now() - from);
  }
  // Three seconds at most; on a machine that takes that long for a first start, as long as two of them.
  expect(Math.max(...backAfterMs)).toBeLessThan(Math.max(3000, usualStart * 2));

  product.mood = 'healthy';
  jumpy.metrics['good.value'] = 42;
  await pusher.stop();
  expect(pusher.refused()).toEqual([]);
  expect(pusher.acked.size).toBeGreaterThan(KILLS * 10);

  // Every acknowledged event is there, once.
  const stored = await allEvents(hub.api, 'pusher');
  const ticks = stored.map((event) => event.id).filter((id) => id.startsWith('tick-'));
  expect(new Set(ticks).size).toBe(ticks.length);
  expect([...pusher.acked].filter((id) => id.startsWith('tick-') && !ticks.includes(id))).toEqual([]);

  // Every acknowledged sample is there, and none of a repeated batch is there twice.
  const counts = await hub.api.read<FedMetrics>(
    `/api/fed/metrics/pusher?key=load.value&from=${startedAt - 60_000}&step=1s&stat=count`,
  );
  const sampleCount = counts.series.flatMap((series) => series.points).reduce((sum, [, n]) => sum + n, 0);
  const batches = [...pusher.acked].filter((id) => id.startsWith('samples-')).length;
  expect(sampleCount).toBeGreaterThanOrEqual(batches * SAMPLES_PER_EVENT);
  expect(sampleCount).toBeLessThanOrEqual((batches + 1) * SAMPLES_PER_EVENT);

  // Every acknowledgement is there: with who did it, or resolved since.
  for (const [id, by] of acknowledged) {
    const alert = await hub.api.read<Alert>(`/api/fed/alerts/${id}`);
    expect(alert.acknowledgedBy, id).toBe(by);
    expect(['acknowledged', 'resolved']).toContain(alert.status);
  }
  expect(acknowledged.size).toBeGreaterThan(0);

  // What flapped stays open for a while; what jumped is over.
  await until(async () => (await alertsOf(hub.api)).every((alert) => alert.project !== 'jumpy' || alert.resolvedAt), {
    timeoutMs: 30_000,
    what: 'the jumps are over',
  });

  // Everything is told once. Only what was under way when the hub died may come again: under the same id, and marked.
  await until(async () => (await deliveriesLeft(hub.api)) === 0, { timeoutMs: 45_000, what: 'the outbox is empty' });
  const about = new Map<string, Set<string>>();
  const seen = new Set<string>();
  for (const { headers, body } of receiver.taken()) {
    const id = String(headers['webhook-id']);
    const { type, alert } = JSON.parse(body);
    const subject = `${type} ${alert.id}`;
    about.set(subject, (about.get(subject) ?? new Set()).add(id));
    if (seen.has(id)) expect(headers['orrery-possible-repeat'], `${subject} came twice without a mark`).toBe('true');
    seen.add(id);
  }
  expect(about.size).toBeGreaterThan(1);
  for (const [subject, ids] of about) expect(ids.size, subject).toBe(1);
  expect(receiver.taken().length - seen.size).toBeLessThanOrEqual(KILLS / 4);

  // And every alert that ever opened was told.
  for (const alert of await alertsOf(hub.api)) expect(about.has(`alert.opened ${alert.id}`), alert.id).toBe(true);
  const repeats = receiver.taken().length - seen.size;
  figure(21, `${KILLS} kills, serving again after at most`, seconds(Math.max(...backAfterMs)), '3 s');
  figure(
    21,
    `of ${pusher.acked.size} acknowledged batches lost, notifications repeated`,
    `0, ${repeats}`,
    '0, marked only',
  );
}, 240_000);

const alertsOf = async (api: ApiClient): Promise<Alert[]> =>
  (await api.read<{ items: Alert[] }>('/api/fed/alerts?limit=200')).items.filter(({ project }) => project !== 'pusher');

async function acknowledgeSome(api: ApiClient, acknowledged: Map<string, string>): Promise<boolean> {
  const { items } = await api.read<{ items: Alert[] }>('/api/fed/alerts?status=open');
  for (const { id } of items) {
    const answer = await api.post<Alert>(`/api/fed/alerts/${id}/acknowledge`);
    if (answer.status === 200 && answer.body.acknowledgedBy) acknowledged.set(id, answer.body.acknowledgedBy);
  }
  return acknowledged.size > 0;
}

async function allEvents(api: ApiClient, project: string): Promise<OpsEvent[]> {
  const items: OpsEvent[] = [];
  let cursor: string | undefined;
  do {
    const page: { items: OpsEvent[]; nextCursor?: string } = await api.read(
      `/ops/events/recent?project=${project}&limit=500${cursor ? `&cursor=${cursor}` : ''}`,
    );
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return items;
}

async function deliveriesLeft(api: ApiClient): Promise<number> {
  const { items } = await api.read<{ items: { status: string }[] }>('/api/channels/hook/deliveries?limit=200');
  return items.filter((delivery) => delivery.status === 'pending' || delivery.status === 'sending').length;
}
