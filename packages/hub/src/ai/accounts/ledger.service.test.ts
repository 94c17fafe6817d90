import { afterAll, describe, expect, test } from 'vitest';
import { eachDatabase } from '../../../../../test/services/databases.ts';
import { openDatabase } from '../../platform/db.ts';
import type { AccountTables } from './tables.ts';
import { budgets, call, DEAR, LOCAL, ledgerOn, served } from './testing.ts';
import { auditRecord } from './view.ts';

const stops: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

describe('the ledger', () => {
  eachDatabase((kind, open) => {
    const rowsOf = async (db: Awaited<ReturnType<typeof open>>['db']) =>
      db.withTables<AccountTables>().selectFrom('ai_calls').selectAll().orderBy('id').execute();
    const counterOf = async (db: Awaited<ReturnType<typeof open>>['db']) =>
      db.withTables<AccountTables>().selectFrom('ai_counters').selectAll().executeTakeFirstOrThrow();

    test('writes the intent before the call, and one row of it afterwards', async () => {
      const { db } = await open();
      const { ledger } = ledgerOn(db, kind);
      const one = call({ user: 'u\0ser', key: 'key_1', project: 'veria' });
      expect(await ledger.admit(one, [DEAR])).toEqual({ ok: true });
      const tables = db.withTables<AccountTables>();
      expect((await tables.selectFrom('ai_open').selectAll().execute()).map(({ id }) => id)).toEqual([one.id]);
      await ledger.settle(one, served(250, { failovers: [{ provider: 'first', reason: 'HTTP 529' }] }));
      expect(await tables.selectFrom('ai_open').selectAll().execute()).toEqual([]);
      const [row] = await rowsOf(db);
      expect(row && auditRecord(row)).toMatchObject({
        ...{ id: one.id, tenant: 'acme', project: 'veria', key: 'key_1', user: 'user', modelAsked: 'dear' },
        ...{
          provider: 'test',
          model: 'dear',
          outcome: 'ok',
          status: 200,
          latencyMs: 120,
          firstTokenMs: 40,
          overheadMs: 0.4,
        },
        usage: { inputTokens: 10, outputTokens: 250, estimated: false },
        ...{ costUsd: 0.25, costNanoUsd: 250_000_000, priceSource: 'orrery.yaml' },
        failovers: [{ provider: 'first', reason: 'HTTP 529' }],
        decision: { because: 'the only one' },
      });
    });

    test('never lets 64 calls at once go beyond a budget, whatever they turn out to cost', async () => {
      const { db } = await open();
      const { ledger } = ledgerOn(db, kind, { config: { budgets: budgets({ name: 'day', per: 'day', costUsd: 10 }) } });
      const calls = Array.from({ length: 64 }, () => call());
      const answers = await Promise.all(
        calls.map(async (one) => {
          const admitted = await ledger.admit(one, [DEAR]);
          if (admitted.ok) await ledger.settle(one, served(1000));
          return admitted;
        }),
      );
      const refused = answers.filter(({ ok }) => !ok);
      expect(answers.length - refused.length).toBe(10);
      expect(refused[0]).toMatchObject({ ok: false, status: 402, reason: 'over_budget' });
      const rows = await rowsOf(db);
      expect(rows.length).toBe(64);
      expect(rows.reduce((sum, row) => sum + (row.cost_nano ?? 0), 0)).toBe(10e9);
      expect(await counterOf(db)).toMatchObject({ used_nano: 10e9, held_nano: 0, used_requests: 10, held_requests: 0 });
    });

    test('gives back at once what a call was held for and did not use', async () => {
      const { db } = await open();
      const { ledger } = ledgerOn(db, kind, { config: { budgets: budgets({ name: 'day', per: 'day', costUsd: 1 }) } });
      const one = call();
      expect(await ledger.admit(one, [DEAR])).toEqual({ ok: true });
      expect(await ledger.admit(call(), [DEAR])).toMatchObject({ ok: false, status: 402 });
      await ledger.settle(one, served(0, { outcome: 'failed', status: 502 }));
      expect(await ledger.admit(call(), [DEAR])).toEqual({ ok: true });
    });

    test('goes to a local model beyond a budget that allows it, and says so', async () => {
      const { db } = await open();
      const list = budgets({ name: 'month', per: 'month', costUsd: 0.5, over: 'local' });
      const { ledger } = ledgerOn(db, kind, { config: { budgets: list } });
      const one = call();
      expect(await ledger.admit(one, [DEAR, LOCAL])).toEqual({ ok: true, localOnly: true });
      await ledger.settle(one, served(400, { provider: 'ollama', model: 'llama3' }));
      const [row] = await rowsOf(db);
      expect(row).toMatchObject({ cost_nano: 0, price_source: 'local', output_tokens: 400 });
      expect(await ledger.admit(call(), [DEAR])).toMatchObject({ ok: false, status: 402 });
    });

    test('counts what a client that left has had, and says when a price is unknown', async () => {
      const { db } = await open();
      const { ledger } = ledgerOn(db, kind);
      const left = call({ id: 'call_1' });
      await ledger.admit(left, [DEAR]);
      const { usage: _, ...cut } = served(0, { outcome: 'cancelled', status: 499, receivedChars: 300 });
      await ledger.settle(left, cut);
      const unknown = call({ id: 'call_2' });
      await ledger.admit(unknown, [{ provider: 'own', model: 'nobody-knows-it', local: false }]);
      await ledger.settle(unknown, served(10, { provider: 'own', model: 'nobody-knows-it' }));
      const [first, second] = await rowsOf(db);
      expect(first).toMatchObject({
        outcome: 'cancelled',
        estimated: 1,
        input_tokens: 10,
        output_tokens: 100,
        cost_nano: 1e8,
      });
      expect(second).toMatchObject({ cost_nano: null, price_source: null, output_tokens: 10 });
    });

    test('settles what a dead hub has left with what was set aside for it, once', async () => {
      const { db } = await open();
      const list = budgets({ name: 'day', per: 'day', costUsd: 10 });
      const { ledger: dead } = ledgerOn(db, kind, { hub: 'dead', config: { budgets: list } });
      const lost = call();
      await dead.admit(lost, [DEAR]);
      const { ledger } = ledgerOn(db, kind, { hub: 'alive', config: { budgets: list } });
      const mine = call();
      await ledger.admit(mine, [DEAR]);
      expect(await Promise.all([ledger.recover(['dead']), ledger.recover(['dead'])])).toContain(1);
      expect(await rowsOf(db)).toMatchObject([
        { id: lost.id, outcome: 'cut', cost_nano: 1e9, price_source: 'estimate' },
      ]);
      expect(await counterOf(db)).toMatchObject({ used_nano: 1e9, held_nano: 1e9, used_requests: 1 });
      // One that was only thought dead comes too late: its call is settled already, and is not counted again.
      if (kind === 'postgres') {
        await dead.settle(lost, served(10));
        expect(await rowsOf(db)).toMatchObject([{ id: lost.id, outcome: 'cut' }]);
      }
      await ledger.settle(mine, served(500));
      expect(await counterOf(db)).toMatchObject({ used_nano: 1.5e9, held_nano: 0 });
    });

    if (kind === 'postgres')
      test('holds for two hubs on one database: 64 calls at once through both spend no more than one would', async () => {
        const { db, options } = await open();
        const other = await openDatabase(options);
        stops.push(other.close);
        const config = {
          budgets: budgets(
            { name: 'day', per: 'day', costUsd: 10 },
            { name: 'each', per: 'day', each: 'key', requests: 5 },
          ),
        };
        const hubs = [
          ledgerOn(db, kind, { hub: 'one', config }).ledger,
          ledgerOn(other.db, kind, { hub: 'two', config }).ledger,
        ];
        const answers = await Promise.all(
          Array.from({ length: 64 }, async (_, i) => {
            const hub = hubs[i % 2];
            const one = call({ key: `key_${i % 3}` });
            const admitted = await hub?.admit(one, [DEAR]);
            if (admitted?.ok) await hub?.settle(one, served(900));
            return admitted?.ok;
          }),
        );
        const rows = await rowsOf(db);
        const spent = rows.reduce((sum, row) => sum + (row.cost_nano ?? 0), 0);
        expect(spent).toBeLessThanOrEqual(10e9);
        expect(spent).toBe(answers.filter(Boolean).length * 0.9e9);
        expect(answers.filter(Boolean).length).toBeGreaterThanOrEqual(10);
        const byKey = Map.groupBy(
          rows.filter(({ outcome }) => outcome === 'ok'),
          ({ key_id }) => key_id,
        );
        for (const [, own] of byKey) expect(own.length).toBeLessThanOrEqual(5);
        const held = await db.withTables<AccountTables>().selectFrom('ai_counters').select('held_nano').execute();
        expect(held.every(({ held_nano }) => held_nano === 0)).toBe(true);
      });
  });
});
