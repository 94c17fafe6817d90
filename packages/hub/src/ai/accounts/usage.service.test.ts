import { describe, expect, test } from 'vitest';
import { eachDatabase } from '../../../../../test/services/databases.ts';
import { type Caller, systemCaller } from '../../access/index.ts';
import { getCall, listCalls } from './calls.ts';
import { expireCalls } from './expire.ts';
import { DAY, HOUR, rolledUntil, rollUp } from './rollup.ts';
import type { AccountTables } from './tables.ts';
import { call, DEAR, ledgerOn, served, settings } from './testing.ts';
import { usage } from './usage.ts';

const staff = systemCaller('test');
const acme: Caller = { ...staff, kind: 'user', tenant: 'acme', projects: ['veria'] };
const limited: Caller = { ...staff, kind: 'key', projects: ['veria'] };
/** Half past ten, on the tenth day after the first call. */
const NOW = Date.parse('2026-05-20T10:30:00Z');
const FIRST = NOW - 9 * DAY - HOUR;

describe('usage', () => {
  eachDatabase((kind, open) => {
    const filled = async () => {
      const { db } = await open();
      const { ledger } = ledgerOn(db, kind);
      const one = async (at: number, more: Parameters<typeof call>[0], outcome: ReturnType<typeof served>) => {
        const made = call({ at, ...more });
        await ledger.admit(made, [DEAR]);
        await ledger.settle(made, outcome);
        return made.id;
      };
      const ids: string[] = [];
      for (let hour = 0; hour * HOUR + FIRST < NOW; hour += 6)
        ids.push(await one(FIRST + hour * HOUR, { project: 'veria' }, served(100, { latencyMs: 100 + hour })));
      ids.push(
        await one(
          NOW - 60_000,
          { tenant: 'other', project: 'performia' },
          served(1000, { latencyMs: 5000, failovers: [{ provider: 'a', reason: 'x' }] }),
        ),
      );
      ids.push(await one(NOW - 50_000, { tenant: null }, served(0, { outcome: 'failed', status: 502 })));
      ids.push(await one(NOW - 40_000, {}, served(10, { cached: true })));
      return { db, ids };
    };

    test('says the same before and after calls are added up, and after the calls themselves are gone', async () => {
      const { db } = await filled();
      const query = { from: FIRST, to: NOW, by: 'tenant' } as const;
      const before = await usage(db, staff, query);
      await rollUp(db, NOW);
      expect(await rolledUntil(db, 'hour')).toBe(Date.parse('2026-05-20T09:00:00Z'));
      expect(await rolledUntil(db, 'day')).toBe(Date.parse('2026-05-20T00:00:00Z'));
      const after = await usage(db, staff, query);
      expect(after).toEqual(before);
      await rollUp(db, NOW);
      expect(await usage(db, staff, query)).toEqual(before);
      const keep = { ...settings().retention, calls: 2 * HOUR };
      await expireCalls(db, keep, NOW);
      expect(await usage(db, staff, { ...query, from: FIRST - (FIRST % HOUR) })).toEqual({
        ...before,
        from: new Date(FIRST - (FIRST % HOUR)).toISOString(),
      });
      expect(await db.withTables<AccountTables>().selectFrom('ai_calls').select('id').execute()).toHaveLength(4);

      expect(before.total).toMatchObject({ calls: 40, failovers: 1, cacheHits: 1, refused: 0, unpricedCalls: 0 });
      expect(before.total.successRate).toBe(97.5);
      expect(before.total.costUsd).toBeCloseTo(3.7 + 1, 9);
      expect(before.groups.map(({ name }) => name)).toEqual(['acme', 'other', '']);
      const [own, other] = before.groups;
      expect(own?.p50Ms).toBeGreaterThan(195);
      expect(own?.p50Ms).toBeLessThan(215);
      expect(other?.p99Ms).toBeGreaterThan(4950);
      expect(other?.p99Ms).toBeLessThan(5050);
      expect(before.series.length).toBe(10);
    });

    test('shows a tenant its own, a key of some projects those, and staff all', async () => {
      const { db, ids } = await filled();
      const query = { from: NOW - HOUR / 2, to: NOW, by: 'intent' } as const;
      expect((await usage(db, staff, query)).total.calls).toBe(3);
      expect((await usage(db, acme, query)).total).toMatchObject({ calls: 1, cacheHits: 1 });
      expect((await usage(db, limited, query)).total.calls).toBe(0);
      const seen = async (caller: Caller) => (await listCalls(db, caller, { limit: 100 })).items.map(({ id }) => id);
      expect(await seen(staff)).toEqual(ids.toReversed());
      expect(await seen(acme)).toHaveLength(38);
      expect(await seen(limited)).toHaveLength(37);
      const hidden = ids.at(-3) ?? '';
      expect((await getCall(db, staff, hidden)).tenant).toBe('other');
      await expect(getCall(db, acme, hidden)).rejects.toMatchObject({ code: 'not_found' });
      await expect(getCall(db, acme, 'nothing')).rejects.toMatchObject({ code: 'not_found' });
      await expect(usage(db, acme, { ...query, project: 'performia' })).rejects.toMatchObject({ code: 'not_found' });
    });

    test('gives calls page by page, and those that are asked for', async () => {
      const { db, ids } = await filled();
      const found: string[] = [];
      for (let cursor: string | undefined, pages = 0; pages < 10; pages++) {
        const answer = await listCalls(db, staff, { limit: 7, cursor });
        found.push(...answer.items.map(({ id }) => id));
        cursor = answer.nextCursor;
        if (cursor === undefined) break;
      }
      expect(found).toEqual(ids.toReversed());
      expect((await listCalls(db, staff, { limit: 5, outcome: 'failed' })).items).toMatchObject([{ status: 502 }]);
      expect((await listCalls(db, staff, { limit: 5, failedOver: true })).items).toMatchObject([{ tenant: 'other' }]);
      await expect(listCalls(db, staff, { limit: 5, cursor: 'x' })).rejects.toMatchObject({ code: 'invalid' });
    });
  });
});
