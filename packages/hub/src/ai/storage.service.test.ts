import { describe, expect, it } from 'vitest';
import { eachDatabase } from '../../../../test/services/databases.ts';
import { until } from '../../../../test/services/until.ts';
import { type Caller, systemCaller } from '../access/index.ts';
import { systemClock } from '../platform/clock.ts';
import { inTransaction } from '../platform/db.ts';
import { silentLog } from '../platform/testing.ts';
import { createLeads } from './leads/leads.ts';
import { createBook } from './providers/book.ts';
import { shareRests } from './providers/shared.ts';

const staff = systemCaller('test');
const tenant = (name: string, projects: readonly string[]): Caller => ({
  ...staff,
  kind: 'key',
  tenant: name,
  projects,
});

eachDatabase((name, open) => {
  describe(`leads on ${name}`, () => {
    it('are stored once, paged, and seen by their tenant alone', async () => {
      const database = await open();
      const told: string[] = [];
      const leads = createLeads({
        ...{ db: database.db, clock: systemClock },
        async appendEvents(_, events) {
          told.push(...events.map(({ type }) => type));
          return events.length;
        },
      });
      const lead = (id: string, of: string | null, project?: string) =>
        leads.add({ tenant: of, project, source: 'call', sourceId: id, fields: { name: id } });
      for (const [id, of, project] of [
        ['a', 'acme'],
        ['b', 'other'],
        ['c', null, 'veria'],
        ['d', 'acme', 'veria'],
      ] as const)
        await lead(id, of, project);
      await Promise.all([lead('a', 'acme'), lead('a', 'acme')]);
      await leads.add({ tenant: null, source: 'call', sourceId: 'nothing', fields: {} });
      expect(told).toEqual(Array(4).fill('lead.created'));
      const names = async (caller: Caller) =>
        (await leads.list(caller, { limit: 10 })).items.map(({ sourceId }) => sourceId).sort();
      expect(await names(staff)).toEqual(['a', 'b', 'c', 'd']);
      expect(await names(tenant('acme', ['veria']))).toEqual(['a', 'c', 'd']);
      expect(await names(tenant('acme', []))).toEqual(['a', 'd']);
      expect(await names(tenant('other', []))).toEqual(['b']);
      const first = await leads.list(staff, { limit: 3 });
      const rest = await leads.list(staff, { limit: 3, cursor: first.nextCursor });
      expect([...first.items, ...rest.items].map(({ sourceId }) => sourceId).sort()).toEqual(['a', 'b', 'c', 'd']);
      await expect(leads.list(staff, { limit: 3, cursor: "led_' OR 1=1" })).rejects.toMatchObject({ code: 'invalid' });
    });

    it('are kept for as long as is said', async () => {
      const database = await open();
      let now = Date.now();
      const clock = { ...systemClock, now: () => now };
      const leads = createLeads({ db: database.db, clock, appendEvents: async () => 0 });
      await leads.add({ tenant: null, source: 'call', sourceId: 'old', fields: { name: 'old' } });
      now += 2000;
      await leads.add({ tenant: null, source: 'call', sourceId: 'new', fields: { name: 'new' } });
      now += 1000;
      await leads.expire(2500);
      const { items } = await leads.list(staff, { limit: 10 });
      expect(items.map(({ sourceId }) => sourceId)).toEqual(['new']);
    });

    it('of events are stored with them, or not at all', async () => {
      const database = await open();
      const leads = createLeads({ db: database.db, clock: systemClock, appendEvents: async () => 0 });
      const event = { id: 'e1', at: 1, type: 'lead.created', project: 'veria', title: 't', data: { email: 'a@b.c' } };
      const failing = inTransaction(database.db, async (trx) => {
        await leads.fromEvents(trx, [event]);
        throw new Error('the event could not be stored');
      });
      await expect(failing).rejects.toThrow();
      expect((await leads.list(staff, { limit: 5 })).items).toEqual([]);
      for (let i = 0; i < 2; i++)
        await inTransaction(database.db, (trx) =>
          leads.fromEvents(trx, [event, { ...event, type: 'other', id: 'e2' }]),
        );
      expect((await leads.list(staff, { limit: 5 })).items).toMatchObject([{ source: 'event', sourceId: 'veria:e1' }]);
    });
  });

  it(`on ${name} a key that one hub leaves alone is left alone by the others`, async () => {
    const { db } = await open();
    const hubOf = (hub: string) => {
      const rests = shareRests({ db, clock: systemClock, log: silentLog, hub, book: () => book });
      const book = createBook({ clock: systemClock, breaker: { failures: 2, restMs: 60_000 }, onRest: rests.tell });
      book.sync([
        {
          name: 'p',
          kind: 'compatible',
          url: 'http://h:1',
          key: 'k',
          priority: 1,
          weight: 1,
          models: [],
          timeouts: {},
        },
      ]);
      return { rests, key: book.all()[0]?.keys[0] };
    };
    const [one, other] = [hubOf('one'), hubOf('other')];
    one.key?.fail({ reason: 'status', status: 429, detail: 'x', retryAfterMs: 60_000 });
    await until(
      async () => {
        await one.rests.settled();
        await other.rests.read();
        return (other.key?.restMs() ?? 0) > 50_000;
      },
      { what: 'the other hub leaves it alone' },
    );
    await one.rests.read();
    expect(one.key?.restMs()).toBeGreaterThan(50_000);
  });
});
