import { setTimeout as wait } from 'node:timers/promises';
import { type ChannelDeclaration, RouteDeclaration } from '@orrery/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { alertsOn, finding, movableClock, person } from '../../packages/hub/src/alerts/testing.ts';
import { openSqliteForTest } from '../services/databases.ts';
import { figure, seconds } from '../services/figures.ts';
import { type Answer, type Receiver, startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';

/** Fault 23: whoever is to be told is away. */
const AWAY_MS = 20_000;
const ALERTS = 10;
const HOUR = 3_600_000;

const hook = (name: string, { url }: Receiver): { declaration: ChannelDeclaration; ref: string } => ({
  declaration: { name, kind: 'webhook', url },
  ref: 'orrery.yaml:3',
});
const receiver = async (answer: Answer = { status: 204 }) => {
  const made = await during(startReceiver(), (each) => each.close());
  made.answer(answer);
  return made;
};
const idsOf = (receiver: Receiver) => receiver.taken().map(({ headers }) => String(headers['webhook-id']));
const firing = (count: number) =>
  Array.from({ length: count }, (_, n) => finding({ fingerprint: `fp-${n}`, observedAt: Date.now() }));

/** Delivers as the job does: a run, a second of rest, and the next. */
function delivering(alerts: ReturnType<typeof alertsOn>): void {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await alerts.deliver(stopping.signal);
      await wait(1000, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  onTestFinished(async () => {
    stopping.abort();
    await running;
  });
}

test('receivers that are away for 20 s are told everything once, soon after their return, and their neighbour at once', async () => {
  const { db } = await during(openSqliteForTest(), (database) => database.dispose());
  const away: Record<string, Answer> = {
    'answers 500': { status: 500 },
    hangs: 'hang',
    'breaks off': 'reset',
    'answers 429': { status: 429, headers: { 'retry-after': '2' } },
  };
  const names = [...Object.keys(away), 'well'];
  const receivers = await Promise.all(names.map((name) => receiver(away[name])));
  const alerts = alertsOn(db);
  await alerts.syncChannels(receivers.map((each, i) => hook(`channel-${i}`, each)));
  const started = Date.now();
  for (let i = 1; i <= ALERTS; i++) {
    await alerts.reconcile(firing(i), { scope: ['veria'], at: Date.now() });
    if (i === 1) delivering(alerts);
    await wait(started + (i * AWAY_MS) / ALERTS - Date.now());
  }
  const back = Date.now();
  for (const each of receivers) each.answer({ status: 204 });
  await until(() => receivers.every((each) => new Set(idsOf(each)).size >= ALERTS), {
    what: 'everybody was told everything',
    timeoutMs: 60_000,
  });
  // A second copy would come with the next run, or the one after it.
  await wait(3000);

  for (const [i, each] of receivers.entries()) {
    const ids = idsOf(each);
    const first = (each.taken()[0]?.at ?? 0) - (names[i] === 'well' ? started : back);
    figure(
      23,
      `${names[i]}: told, twice, first after its return`,
      `${new Set(ids).size}/${ALERTS}, ${ids.length - new Set(ids).size}, ${seconds(first)}`,
      `10/10, 0, < ${names[i] === 'well' ? 2 : 10} s`,
    );
    expect(new Set(ids).size, names[i]).toBe(ALERTS);
    expect(ids, names[i]).toHaveLength(ALERTS);
    expect(first, names[i]).toBeLessThan(names[i] === 'well' ? 2000 : 10_000);
    expect(each.received.length, `${names[i]} is not pestered`).toBeLessThan(60);
  }
}, 120_000);

test('what a receiver that is gone for good, or away for a minute, must know is told through the next step of the route', async () => {
  const { db } = await during(openSqliteForTest(), (database) => database.dispose());
  const [gone, down, second] = [await receiver({ status: 410 }), await receiver({ status: 500 }), await receiver()];
  const clock = movableClock(Date.now());
  const alerts = alertsOn(db, { clock });
  await alerts.syncChannels([hook('gone', gone), hook('down', down), hook('second', second)]);
  alerts.syncRoutes(
    [
      { name: 'a', match: { titles: ['*gone*'] }, channels: ['gone'] },
      { name: 'b', channels: ['down'] },
    ].map((route) => ({
      declaration: RouteDeclaration.parse({ ...route, escalate: [{ after: '1h', channels: ['second'] }] }),
      ref: 'orrery.yaml:9',
    })),
  );
  const findings = firing(ALERTS).map((each, i) => ({ ...each, title: i < ALERTS / 2 ? 'gone' : 'down' }));
  await alerts.reconcile(findings, { scope: ['veria'], at: clock.now() });
  await alerts.deliver();
  await alerts.deliver();
  expect(second.taken()).toHaveLength(ALERTS / 2);
  clock.move(61_000);
  await alerts.deliver();
  for (let minute = 0; minute < 90; minute++) {
    clock.move(60_000);
    await alerts.deliver();
  }
  const told = new Set(second.taken().map(({ body }) => JSON.parse(body).alert.id));
  figure(
    23,
    'gone (410) or failing for a minute: told through the second channel, twice',
    `${told.size}/${ALERTS}, ${second.taken().length - told.size}`,
    '10/10, 0',
  );
  expect(told.size).toBe(ALERTS);
  expect(second.taken()).toHaveLength(ALERTS);
});

test('a receiver that is away for an hour is told everything once, less than a minute after its return', async () => {
  const { db } = await during(openSqliteForTest(), (database) => database.dispose());
  const ops = await receiver({ status: 503 });
  const clock = movableClock(Date.now());
  const alerts = alertsOn(db, { clock });
  await alerts.syncChannels([hook('ops', ops)]);
  const began = clock.now();
  for (let at = 0; at < HOUR; at += 1000) {
    if (at % (HOUR / ALERTS) === 0)
      await alerts.reconcile(firing(at / (HOUR / ALERTS) + 1), { scope: ['veria'], at: clock.now() });
    clock.move(1000);
    await alerts.deliver();
  }
  const attempts = ops.received.length;
  ops.answer({ status: 204 });
  const back = clock.now();
  while (idsOf(ops).length === 0 && clock.now() - back < HOUR) {
    clock.move(1000);
    await alerts.deliver();
  }
  const first = clock.now() - back;
  for (let i = 0; i < 10; i++) {
    clock.move(1000);
    await alerts.deliver();
  }
  const ids = idsOf(ops);
  figure(
    23,
    'away for an hour: told, twice, first after its return, attempts meanwhile',
    `${new Set(ids).size}/${ALERTS}, ${ids.length - new Set(ids).size}, ${seconds(first)}, ${attempts}`,
    '10/10, 0, ≤ 61 s',
  );
  expect(clock.now() - began).toBeGreaterThan(HOUR);
  expect(ids).toHaveLength(ALERTS);
  expect(new Set(ids).size).toBe(ALERTS);
  // A channel rests for a minute at most.
  expect(first).toBeLessThanOrEqual(61_000);
  expect((await alerts.deliveries(person('eve'), { status: ['delivered'] })).items).toHaveLength(ALERTS);
});
