import { expect, test } from 'vitest';
import { AUDIT_TOPIC } from '../../packages/hub/src/ai/accounts/journal.ts';
import { budgets, call, DEAR, ledgerOn, served } from '../../packages/hub/src/ai/accounts/testing.ts';
import { systemClock } from '../../packages/hub/src/platform/clock.ts';
import { openSqliteForTest } from '../services/databases.ts';
import { figure, seconds } from '../services/figures.ts';
import { startKafka } from '../services/kafka.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';

/** Fault 16, Kafka: the brokers hang for ten minutes while calls go on. */
const CALLS = 300;
const AWAY_MS = 10 * 60_000;

test('brokers that hang for ten minutes cost no call its time and no record', async () => {
  const broker = await during(startKafka(), (opened) => opened.stop());
  const { db, kind } = await during(openSqliteForTest(), (opened) => opened.dispose());
  let ahead = 0;
  const clock = { now: () => systemClock.now() + ahead, monotonic: () => systemClock.monotonic() + ahead };
  const config = { budgets: budgets({ name: 'day', per: 'day', costUsd: 1e6 }) };
  const { ledger, kafka } = ledgerOn(db, kind, { clock, config, brokers: [broker.broker] });
  await during(kafka, (opened) => opened.close());
  const made = new Set<string>();
  const measured = async (pass: number) => {
    const took: number[] = [];
    for (let i = 0; i < CALLS; i++) {
      ahead += pass / CALLS;
      const one = call({ at: clock.now() });
      const began = performance.now();
      await ledger.admit(one, [DEAR]);
      await ledger.settle(one, served(10));
      took.push(performance.now() - began);
      made.add(one.id);
    }
    return took.sort((a, b) => a - b)[Math.floor(CALLS * 0.99)] ?? 0;
  };
  const stopped = new AbortController();
  const carry = (async () => {
    while (!stopped.signal.aborted) {
      await kafka.deliver(stopped.signal);
      await new Promise((done) => setTimeout(done, 20));
    }
  })();
  const peace = await measured(0);
  broker.freeze();
  const away = await measured(AWAY_MS);
  const kept = await kafka.waiting();
  broker.thaw();
  await until(
    async () => {
      // Pauses between tries are the clock's.
      ahead += 15_000;
      return (await kafka.waiting()) === 0;
    },
    { what: 'everything has reached the broker', timeoutMs: 60_000 },
  );
  stopped.abort();
  await carry;
  const told = (await broker.read(AUDIT_TOPIC)).map((line) => (JSON.parse(line) as { id: string }).id);
  const missing = [...made].filter((id) => !told.includes(id)).length;
  figure(16, 'added p99 of a call while Kafka hangs', seconds(Math.max(0, away - peace)), 'under 50 ms');
  figure(16, `records kept for it, of ${CALLS}`, String(kept), `${CALLS}`);
  figure(16, `of ${made.size} calls without a record on the topic afterwards`, String(missing), '0');
  expect(kept).toBeGreaterThanOrEqual(CALLS);
  expect(missing).toBe(0);
  expect(new Set(told)).toEqual(made);
});
