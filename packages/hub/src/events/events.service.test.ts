import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../test/services/databases.ts';
import { until } from '../../../../test/services/until.ts';
import { type Caller, systemCaller } from '../access/index.ts';
import { systemClock } from '../platform/clock.ts';
import { inTransaction } from '../platform/db.ts';
import { silentLog } from '../platform/testing.ts';
import { createEvents, type Events } from './events.ts';
import { eventRoutes } from './routes.ts';
import type { StreamedEvent } from './stream.ts';

const staff = systemCaller('test');
const limited: Caller = { ...staff, kind: 'key', projects: ['veria'] };
const at = Date.parse('2026-11-21T03:00:00Z');
eachDatabase((name, open) => {
  let database: TestDatabase;
  let events: Events;
  const stops: (() => void)[] = [];

  beforeEach(async () => {
    database = await open();
    events = createEvents({ db: database.db, clock: systemClock, log: silentLog });
  });
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });

  const store = async (...titles: string[]) => {
    const stored = await inTransaction(database.db, (trx) =>
      events.append(
        trx,
        titles.map((title, i) => ({
          id: title,
          at: at + i,
          type: 'deploy.finished',
          project: title.startsWith('v') ? 'veria' : 'performia',
          title,
        })),
      ),
    );
    events.poke();
    return stored;
  };
  async function watch(
    caller: Caller,
    options: { lastEventId?: string; project?: string } = {},
  ): Promise<StreamedEvent[]> {
    const seen: StreamedEvent[] = [];
    stops.push((await events.subscribe(caller, { ...options, give: (event) => seen.push(event) > 0 })).stop);
    return seen;
  }
  const titles = (seen: StreamedEvent[]) => seen.map(({ event }) => event.title);

  describe('events', () => {
    it('are paged newest first, each once', async () => {
      await store('v1', 'v2', 'v3', 'v4', 'v5');
      const first = await events.recent(staff, { limit: 2 });
      const second = await events.recent(staff, { limit: 2, cursor: first.nextCursor });
      const third = await events.recent(staff, { limit: 2, cursor: second.nextCursor });
      expect([first, second, third].map((page) => page.items.map((event) => event.title))).toEqual([
        ['v5', 'v4'],
        ['v3', 'v2'],
        ['v1'],
      ]);
      expect(third.nextCursor).toBeUndefined();
      await expect(events.recent(staff, { limit: 2, cursor: "1' OR 1=1" })).rejects.toMatchObject({
        code: 'invalid',
        fields: [{ field: 'query.cursor' }],
      });
    });

    it('keep one of each id in a project, and the same id in another', async () => {
      expect(await store('v1')).toBe(1);
      expect(await store('v1')).toBe(0);
      expect(
        await inTransaction(database.db, (trx) =>
          events.append(trx, [{ id: 'v1', at, type: 'x', project: 'performia', title: 'other' }]),
        ),
      ).toBe(1);
    });

    it('are gone with the transaction that told of them', async () => {
      const failed = inTransaction(database.db, async (trx) => {
        await events.append(trx, [{ at, type: 'x', title: 'never' }]);
        throw new Error('the change failed');
      });
      await expect(failed).rejects.toThrow('the change failed');
      expect((await events.recent(staff, { limit: 10 })).items).toEqual([]);
    });

    it('reach those who watch, in order, and those who come back from where they were', async () => {
      const seen = await watch(staff);
      await store('v1', 'p1');
      await store('v2');
      await until(() => seen.length === 3, { what: 'the events to arrive' });
      expect(titles(seen)).toEqual(['v1', 'p1', 'v2']);
      const back = await watch(staff, { lastEventId: String(seen[0]?.seq) });
      await store('v3');
      await until(() => back.length === 3, { what: 'the events to arrive' });
      expect(titles(back)).toEqual(['p1', 'v2', 'v3']);
    });

    it('wait for a watcher that can take no more, and reach it in order once there is room', async () => {
      const slow: StreamedEvent[] = [];
      let room = 2;
      const subscription = await events.subscribe(staff, {
        give: (event) => room-- > 0 && slow.push(event) > 0,
      });
      stops.push(subscription.stop);
      const quick = await watch(staff);
      const names = Array.from({ length: 1500 }, (_, n) => `v${n}`);
      await store(...names);
      await until(() => quick.length === names.length, { what: 'the events to arrive' });
      expect(titles(slow)).toEqual(['v0', 'v1']);
      room = Number.POSITIVE_INFINITY;
      subscription.resume();
      await store('last');
      await until(() => slow.length === names.length + 1, { what: 'the events to arrive' });
      expect(titles(slow)).toEqual([...names, 'last']);
      expect(titles(quick)).toEqual([...names, 'last']);
    });

    it('of another hub on the same database arrive as well', async () => {
      const seen = await watch(staff);
      const other = createEvents({ db: database.db, clock: systemClock, log: silentLog });
      await inTransaction(database.db, (trx) => other.append(trx, [{ at, type: 'x', title: 'from elsewhere' }]));
      await until(() => seen.length === 1, { what: 'the events to arrive' });
      expect(titles(seen)).toEqual(['from elsewhere']);
    });

    it('of projects that a caller may not see are neither listed nor streamed', async () => {
      const seen = await watch(limited);
      await store('v1', 'p1');
      await inTransaction(database.db, (trx) => events.append(trx, [{ at, type: 'x', title: 'of the hub' }]));
      await store('v2');
      await until(() => seen.length === 2, { what: 'the events to arrive' });
      expect(titles(seen)).toEqual(['v1', 'v2']);
      expect((await events.recent(limited, { limit: 10 })).items.map((event) => event.title)).toEqual(['v2', 'v1']);
      await expect(events.recent(limited, { limit: 10, project: 'performia' })).rejects.toMatchObject({
        code: 'not_found',
      });
      await expect(events.subscribe(limited, { project: 'performia', give: () => true })).rejects.toMatchObject({
        code: 'not_found',
      });
    });

    it('are cut to a bounded size, and expire', async () => {
      await inTransaction(database.db, (trx) =>
        events.append(trx, [
          { at: Date.now(), type: 'x', title: 't'.repeat(2000), data: { text: 'x'.repeat(20_000) } },
        ]),
      );
      await store('v1');
      const big = (await events.recent(staff, { limit: 10, type: 'x' })).items[0];
      expect(big?.title).toHaveLength(500);
      expect(big?.data).toEqual({ truncated: true, bytes: 20_011 });
      await events.expire(Date.now() - at - 1000);
      expect((await events.recent(staff, { limit: 10 })).items.map((event) => event.type)).toEqual(['x']);
    });

    // SQLite has one writer: there a lower number cannot commit after a higher one.
    if (name === 'postgres')
      it('that commit late, behind a higher number, reach those who watch all the same', async () => {
        const seen = await watch(staff);
        const late = Promise.withResolvers<void>();
        const begun = Promise.withResolvers<void>();
        const slow = inTransaction(database.db, async (trx) => {
          await events.append(trx, [{ at, type: 'x', project: 'veria', title: 'lower' }]);
          begun.resolve();
          await late.promise;
        });
        await begun.promise;
        await store('v1');
        await until(() => seen.length === 1, { what: 'the higher number to arrive' });
        late.resolve();
        await slow;
        events.poke();
        await until(() => seen.length === 2, { what: 'the lower number to arrive' });
        expect(titles(seen)).toEqual(['v1', 'lower']);
      });

    it('leave no watcher behind when the stream cannot begin', async () => {
      let watching = 0;
      const watched = () => {
        watching++;
        return () => void watching--;
      };
      const [, stream] = eventRoutes(events, watched, new AbortController().signal);
      const ask = (caller: Caller, query: object) =>
        stream?.handle({ caller, query, request: new Request('http://hub/ops/events/stream') } as never);
      await expect(ask(limited, { project: 'performia' })).rejects.toMatchObject({ code: 'not_found' });
      await sql`ALTER TABLE events RENAME TO gone`.execute(database.db);
      await expect(ask(staff, {})).rejects.toThrow();
      expect([watching, events.watching()]).toEqual([0, 0]);
    });
  });
});
