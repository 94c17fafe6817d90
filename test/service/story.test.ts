import type { AlertNotification, AuditRecord, HealAttempt, OpsHealth } from '@orrery/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGrafana } from '../services/grafana.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { startProduct } from '../services/product.ts';
import { startReceiver } from '../services/receiver.ts';
import { startSmtp } from '../services/smtp.ts';
import { until } from '../services/until.ts';

/** The whole story of a repair, as those hear it who were told of the alert: what broke, why, what was done, whether it worked. */
const stops: (() => unknown)[] = [];
let hub: RunningHub;
let product: Awaited<ReturnType<typeof startProduct>>;
let hook: Awaited<ReturnType<typeof startReceiver>>;
let deaf: Awaited<ReturnType<typeof startReceiver>>;
let slack: Awaited<ReturnType<typeof startReceiver>>;
let remedy: Awaited<ReturnType<typeof startReceiver>>;
let smtp: Awaited<ReturnType<typeof startSmtp>>;
let grafana: Awaited<ReturnType<typeof startGrafana>>;

beforeAll(async () => {
  [product, hook, deaf, slack, remedy, smtp, grafana] = await Promise.all([
    ...([startProduct('shop'), startReceiver(), startReceiver(), startReceiver(), startReceiver()] as const),
    ...([startSmtp(), startGrafana('grafana-token')] as const),
  ]);
  stops.push(product.stop, hook.close, deaf.close, slack.close, remedy.close, smtp.close, grafana.close);
  remedy.answer(() => {
    product.mood = 'healthy';
    return { status: 200 };
  });
  hub = await startHub({
    env: { GRAFANA_URL: grafana.url, GRAFANA_API_KEY: 'grafana-token' },
    yaml: `network: { allowPrivate: true }
repair: { enabled: true, maxTargets: 5, maxSharePercent: 100 }
channels:
  - { name: hook, kind: webhook, url: "${hook.url}" }
  - { name: chat, kind: slack, url: "${slack.url.replace('/hook', '/services/T0/B0/X0')}" }
  - { name: mail, kind: email, smtpUrl: "${smtp.url}", to: [ops@example.com] }
  - { name: others, kind: webhook, url: "${deaf.url}" }
routes:
  - { name: all, channels: [hook, chat, mail] }
projects:
  - slug: shop
    name: Shop
    hubUrl: ${product.url}
    services:
      - name: api
        probes: [{ kind: http, url: "${product.url}/api/health", interval: 1s, timeout: 800ms, failAfter: 2 }]
        heal:
          - name: restart
            mode: approve
            remedy: { kind: webhook, url: "${remedy.url}/restart" }
            limits: { cooldown: 0ms }
            verify: { within: 8s, stableFor: 1s }
`,
  });
  stops.push(() => hub.dispose());
});
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const told = () => hook.taken().map(({ body }): AlertNotification => JSON.parse(body));

test('a repair that is approved is told in one thread by mail, chat and webhook, and marked in Grafana within a second', async () => {
  const isUp = async () =>
    (await hub.api.read<OpsHealth>('/ops/health')).services.every(({ status }) => status === 'up');
  await until(isUp, { timeoutMs: 30_000, what: 'it is up' });
  product.mood = 'unhealthy';
  const asks = await until(() => told().find(({ type }) => type === 'heal.approval_needed'), {
    timeoutMs: 30_000,
    what: 'it asks',
  });
  const attempt = asks.heal?.attemptId ?? '';
  const slow = await until(() => grafana.annotations.find(({ tags }) => tags.includes('approval_needed')), {
    what: 'the mark',
    everyMs: 20,
  });
  const markLag = Date.now() - slow.time;
  await hub.api.post(`/ops/autoheal/${attempt}/approve`);
  const [healed, resolved] = await until(
    () => {
      const all = told();
      const two = [all.find(({ type }) => type === 'heal.healed'), all.find(({ type }) => type === 'alert.resolved')];
      return two.every(Boolean) ? two : undefined;
    },
    { timeoutMs: 40_000, what: 'it is healed, and that is told' },
  );
  await until(() => smtp.mails.length >= 5 && slack.taken().length >= 5, { what: 'everybody was told all of it' });

  // In the order in which it happened; a service may be well again before that is proved to last.
  const types = told().map(({ type }) => type);
  expect(types.slice(0, 3)).toEqual(['alert.opened', 'heal.approval_needed', 'heal.approved']);
  expect(types.slice(3).sort()).toEqual(['alert.resolved', 'heal.healed']);
  const [opened] = told();
  for (const one of told()) expect(one.alert.id).toBe(opened?.alert.id);
  expect(asks.alert.incidentId).toBe(healed?.alert.incidentId);
  expect(healed?.heal).toMatchObject({ attemptId: attempt, policy: 'restart', why: expect.stringContaining('503') });
  expect(healed?.heal?.detail).toContain('well');
  expect(resolved?.heal).toBeUndefined();
  expect(deaf.received).toEqual([]);

  // By mail it is one conversation: each answers the mail that told of the alert.
  const [first, ...answers] = smtp.mails;
  for (const { headers } of answers) {
    expect(headers['in-reply-to']).toBe(first?.headers['message-id']);
    expect(headers.references).toContain(first?.headers['message-id']);
  }
  const asked = smtp.mails.find(({ headers }) => headers.subject?.includes('approval needed'));
  expect(asked?.text).toContain(`orrery heal approve ${attempt}`);
  expect(asked?.text).toContain(`${hub.url}/healing?attempt=${attempt}`);
  // Incoming webhooks cannot thread: each message names the alert and leads to it.
  expect(
    JSON.stringify(
      slack
        .taken()
        .map(({ body }) => JSON.parse(body))
        .at(-1),
    ),
  ).toContain('shop/api is down');

  // Marks, events and the audit trail tell the same.
  const marks = grafana.annotations.filter(({ tags }) => tags.includes(attempt));
  await until(() => grafana.annotations.filter(({ tags }) => tags.includes(attempt)).length === 3, { what: '3 marks' });
  expect(marks[0]).toMatchObject({ tags: ['orrery', 'heal', 'approval_needed', 'shop', 'api', attempt] });
  expect(markLag).toBeLessThan(1000);
  console.log(`the mark of a heal attempt came ${markLag} ms after it`);
  const { items } = await hub.api.read<{ items: AuditRecord[] }>(`/api/audit?limit=50`);
  expect(items.filter(({ target }) => target === attempt).map(({ verb }) => verb)).toEqual([
    ...['repair.healed', 'repair.acted', 'repair.approved', 'repair.approval_needed'],
  ]);
  const { items: kept } = await hub.api.read<{ items: HealAttempt[] }>('/ops/autoheal?limit=5');
  expect(kept).toHaveLength(1);
}, 90_000);

test('marks wait while Grafana is away, and repair does not wait for them', async () => {
  grafana.behave(503);
  const before = grafana.annotations.length;
  product.mood = 'unhealthy';
  const asks = await until(() => told().filter(({ type }) => type === 'heal.approval_needed')[1], {
    timeoutMs: 30_000,
    what: 'it asks again',
  });
  expect(grafana.annotations.length).toBe(before);
  await hub.api.post(`/ops/autoheal/${asks.heal?.attemptId}/deny`, { reason: 'not now' });
  grafana.behave(undefined);
  const marks = await until(
    () => {
      const later = grafana.annotations.slice(before);
      return later.length >= 2 ? later : undefined;
    },
    { timeoutMs: 20_000, what: 'both marks come after all' },
  );
  expect(marks.slice(0, 2).map(({ tags }) => tags[2])).toEqual(['approval_needed', 'denied']);
}, 90_000);
