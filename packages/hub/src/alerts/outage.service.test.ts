import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { openSqliteForTest } from '../../../../test/services/databases.ts';
import { type Answer, startReceiver } from '../../../../test/services/receiver.ts';
import { until } from '../../../../test/services/until.ts';
import { alertsOn, finding } from './testing.ts';

const AWAY_MS = 20_000;

describe('a receiver that is away for 20 s', () => {
  const cleanUps: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const step of cleanUps.splice(0).reverse()) await step();
  });

  it('is told everything once, the first of it less than 10 s after its return, while its neighbour is told at once', async () => {
    const database = await openSqliteForTest();
    cleanUps.push(database.dispose);
    const away: Record<string, Answer> = {
      failing: { status: 500 },
      hanging: 'hang',
      breaking: 'reset',
      busy: { status: 429, headers: { 'retry-after': '2' } },
    };
    const receivers = await Promise.all(
      [...Object.entries(away), ['well', { status: 204 }] as const].map(async ([name, answer]) => {
        const receiver = await startReceiver();
        cleanUps.push(receiver.close);
        receiver.answer(answer);
        return { name, receiver };
      }),
    );
    const alerts = alertsOn(database.db);
    await alerts.syncChannels(
      receivers.map(({ name, receiver }) => ({
        declaration: { name, kind: 'webhook', url: receiver.url },
        ref: 'test',
      })),
    );
    const stopping = new AbortController();
    // As the job does: a run, a second of rest, and the next.
    const running = (async () => {
      while (!stopping.signal.aborted) {
        await alerts.deliver(stopping.signal);
        await wait(1000, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    })();
    const started = Date.now();
    for (let i = 0; i < 5; i++) {
      const firing = Array.from({ length: i + 1 }, (_, n) =>
        finding({ fingerprint: `fp-${n}`, observedAt: Date.now() }),
      );
      await alerts.reconcile(firing, { scope: ['veria'], at: Date.now() });
      await wait(started + ((i + 1) * AWAY_MS) / 5 - Date.now());
    }
    const back = Date.now();
    for (const { receiver } of receivers) receiver.answer({ status: 204 });
    await until(() => receivers.every(({ receiver }) => receiver.taken().length >= 5), {
      what: 'everybody was told everything',
      timeoutMs: 30_000,
    });
    stopping.abort();
    await running;
    for (const { name, receiver } of receivers) {
      const ids = receiver.taken().map(({ headers }) => headers['webhook-id']);
      expect(new Set(ids).size, name).toBe(5);
      expect(ids, name).toHaveLength(5);
      const [first] = receiver.taken();
      if (name === 'well') expect((first?.at ?? 0) - started).toBeLessThan(2000);
      else expect((first?.at ?? 0) - back, name).toBeLessThan(10_000);
      expect(receiver.received.length, `${name} is not pestered`).toBeLessThan(40);
    }
  }, 90_000);
});
