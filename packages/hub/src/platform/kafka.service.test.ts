import { afterAll, describe, expect, test } from 'vitest';
import { eachDatabase, openSqliteForTest } from '../../../../test/services/databases.ts';
import { startKafka } from '../../../../test/services/kafka.ts';
import { until } from '../../../../test/services/until.ts';
import { systemClock } from './clock.ts';
import { inTransaction } from './db.ts';
import { createKafka } from './kafka.ts';
import { silentLog } from './testing.ts';

const stops: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A clock that can be moved on, so that pauses need not be waited for. */
function movableClock() {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
    advance: (ms: number) => {
      ahead += ms;
    },
  };
}

const numbered = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ topic: 'told', key: `k${(from + i) % 3}`, value: `message ${from + i}` }));

describe('the way to Kafka', () => {
  eachDatabase((kind, open) => {
    test('carries what was committed to a broker, in its order and once, and nothing of what was rolled back', async () => {
      const broker = await startKafka();
      stops.push(broker.stop);
      const { db } = await open();
      const kafka = createKafka({ db, clock: systemClock, log: silentLog, brokers: [broker.broker] });
      stops.push(kafka.close);
      await inTransaction(db, (trx) => kafka.hand(trx, numbered(0, 1500)));
      await inTransaction(db, async (trx) => {
        await kafka.hand(trx, [{ topic: 'told', value: 'never happened' }]);
        throw new Error('changed its mind');
      }).catch(() => undefined);
      expect(await kafka.waiting()).toBe(1500);
      await kafka.deliver();
      expect(await kafka.waiting()).toBe(0);
      const read = await broker.read('told');
      expect(read.length).toBe(1500);
      expect(new Set(read)).toEqual(new Set(numbered(0, 1500).map(({ value }) => value)));
    });

    if (kind === 'sqlite')
      test('loses nothing while the broker is away, and nobody who hands over waits for it', async () => {
        const broker = await startKafka();
        stops.push(broker.stop);
        const { db } = await open();
        const clock = movableClock();
        const kafka = createKafka({ db, clock, log: silentLog, brokers: [broker.broker] });
        stops.push(kafka.close);
        await inTransaction(db, (trx) => kafka.hand(trx, numbered(0, 10)));
        await kafka.deliver();
        broker.freeze();
        const stopped = new AbortController();
        await inTransaction(db, (trx) => kafka.hand(trx, numbered(10, 10)));
        const trying = kafka.deliver(stopped.signal);
        // Handed over while the other side hangs.
        for (let i = 20; i < 60; i++) await inTransaction(db, (trx) => kafka.hand(trx, numbered(i, 1)));
        expect(await kafka.waiting()).toBe(50);
        stopped.abort();
        await trying;
        broker.thaw();
        await until(
          async () => {
            clock.advance(15_000);
            await kafka.deliver();
            return (await kafka.waiting()) === 0;
          },
          { what: 'everything has been sent', timeoutMs: 30_000 },
        );
        const read = await broker.read('told');
        // A group that was under way when the broker froze may be there twice; none is missing.
        expect(new Set(read)).toEqual(new Set(numbered(0, 60).map(({ value }) => value)));
      });
  });

  test('keeps nothing where no broker is named', async () => {
    const { db, dispose } = await openSqliteForTest();
    stops.push(dispose);
    const kafka = createKafka({ db, clock: systemClock, log: silentLog });
    await inTransaction(db, (trx) => kafka.hand(trx, numbered(0, 3)));
    expect([kafka.enabled, await kafka.waiting()]).toEqual([false, 0]);
  });
});
