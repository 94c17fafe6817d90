import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { OpenTestDatabase } from '../../../../test/services/databases.ts';
import { until } from '../../../../test/services/until.ts';
import { inTransaction } from '../platform/db.ts';
import { down, incidentRoom, project } from './incidents/incident.rooms.ts';
import { claim } from './outbox.ts';
import { person } from './testing.ts';

const SETTLE = 10_000;
const api = (more: Parameters<typeof down>[1] = {}) => down('veria/api', { settleMs: SETTLE, ...more });
const PROJECTS = [project('veria', { api: [] })];

/** What holds on every database of alerts whose recovery does not last. */
export function reopenSuite(open: OpenTestDatabase): void {
  /** Its opening was told; it recovered `ms` ago. */
  const recovered = async (ms: number) => {
    const made = await incidentRoom(open, PROJECTS);
    await made.firing([api()]);
    expect(await made.deliver()).toEqual(['opened veria/api']);
    const { id } = await made.of('veria/api');
    made.clock.move(60_000);
    await made.firing([]);
    expect(await made.outbox()).toEqual(['resolved veria/api in 10 s']);
    made.clock.move(ms);
    return { ...made, id };
  };

  describe('a recovery', () => {
    it('is in the API at once and told when it has lasted', async () => {
      const { deliver, clock, of } = await recovered(SETTLE - 1);
      expect(await of('veria/api')).toMatchObject({ status: 'resolved', resolvedBy: 'recovery' });
      expect(await deliver()).toEqual([]);
      clock.move(1);
      expect(await deliver()).toEqual(['resolved veria/api']);
    });

    it('that did not last was none: the same alert goes on, and nobody hears a word', async () => {
      const { firing, deliver, clock, id, all, happened, outbox, incidents } = await recovered(SETTLE - 1);
      expect((await incidents())[0]?.status).toBe('resolved');
      expect(await firing([api()])).toEqual({ opened: 0, resolved: 0, repeated: 0, reopened: 1 });
      expect(await all()).toMatchObject([{ id, status: 'open', occurrences: 2 }]);
      expect((await all())[0]).not.toHaveProperty('resolvedAt');
      expect((await all())[0]).not.toHaveProperty('resolvedBy');
      expect(await outbox()).toEqual([]);
      expect(await incidents()).toMatchObject([{ status: 'open', openAlerts: 1 }]);
      clock.move(60_000);
      expect(await deliver()).toEqual([]);
      expect(await happened()).toEqual(ORDER);
    });

    it('is told once in the end, however often it came and went', async () => {
      const { firing, deliver, clock, all } = await recovered(1000);
      for (let n = 0; n < 20; n++) {
        await firing([api()]);
        clock.move(2000);
        expect(await deliver()).toEqual([]);
        await firing([]);
        clock.move(2000);
        expect(await deliver()).toEqual([]);
      }
      clock.move(SETTLE);
      expect(await deliver()).toEqual(['resolved veria/api']);
      expect(await all()).toMatchObject([{ status: 'resolved', occurrences: 21 }]);
      expect(await deliver()).toEqual([]);
    });

    it('that lasted was one: what fires after it is another alert', async () => {
      const { firing, deliver, all } = await recovered(SETTLE);
      expect(await firing([api()])).toMatchObject({ opened: 1 });
      expect((await all()).map(({ status }) => status)).toEqual(['open', 'resolved']);
      expect(await deliver()).toEqual(['opened veria/api', 'resolved veria/api']);
    });

    it('whose end has been told, to whomever, was one', async () => {
      const { db, alerts, receiver, clock, firing, all } = await incidentRoom(open, PROJECTS);
      const channel = (name: string, path: string) => ({
        declaration: { name, kind: 'webhook' as const, url: `${receiver.url}${path}` },
        ref: 'orrery.yaml:3',
      });
      await alerts.syncChannels([channel('ops', ''), channel('pager', '/pager')]);
      await firing([api()]);
      await alerts.deliver();
      clock.move(1000);
      await firing([]);
      // A clock that was wrong for a moment has let one of the two go early.
      const early = { channel: 'pager', limit: 5, holder: 'hub-b', now: clock.now() + SETTLE, leaseMs: 30_000 };
      expect(await claim(db, early)).toHaveLength(1);
      expect(await firing([api()])).toMatchObject({ opened: 1 });
      expect((await all()).map(({ status }) => status)).toEqual(['open', 'resolved']);
    });

    it.each(['acknowledge', 'ignore'] as const)('that did not last leaves what somebody said: %s', async (verb) => {
      const { alerts, firing, clock, of } = await incidentRoom(open, PROJECTS);
      await firing([api()]);
      const said = await alerts[verb](person('ann'), (await of('veria/api')).id);
      await firing([]);
      clock.move(1000);
      expect(await firing([api()])).toMatchObject({ reopened: 1 });
      expect(await of('veria/api')).toMatchObject({ status: said.status });
      expect((await of('veria/api')).acknowledgedBy).toBe(verb === 'acknowledge' ? 'ann' : undefined);
    });

    it('by hand is none that could fail to last', async () => {
      const { alerts, firing, clock, of, outbox } = await incidentRoom(open, PROJECTS);
      await firing([api()]);
      await alerts.resolve(person('ann'), (await of('veria/api')).id);
      expect(await outbox()).toEqual(['opened veria/api', 'resolved veria/api']);
      await firing([]);
      clock.move(1000);
      expect(await firing([api()])).toMatchObject({ opened: 1 });
    });

    it('of what nobody had been told of yet takes back nothing: it is told when it is time', async () => {
      const { firing, deliver, clock, outbox } = await incidentRoom(open, [
        project('veria', { api: ['performia/db'] }),
        project('performia', { db: [] }),
      ]);
      await firing([api()]);
      clock.move(1000);
      await firing([]);
      expect(await outbox()).toEqual([]);
      clock.move(1000);
      expect(await firing([api()])).toMatchObject({ reopened: 1 });
      expect(await outbox()).toEqual(['opened veria/api in 5 s']);
      clock.move(5000);
      expect(await deliver()).toEqual(['opened veria/api']);
    });

    it('that two hubs see fail at once goes on once', async () => {
      const { hub, firing, all, happened } = await recovered(1000);
      const other = await hub('hub-b');
      const results = await Promise.all([
        firing([api()]),
        firing([api()], other),
        firing([api()]),
        firing([api()], other),
      ]);
      expect(results.reduce((sum, { reopened = 0 }) => sum + reopened, 0)).toBe(1);
      expect(await all()).toMatchObject([{ status: 'open', occurrences: 2 }]);
      expect((await happened()).filter((type) => type === 'alert.reopened')).toHaveLength(1);
    });

    it('is told by a hub that was quicker than the one that takes it back, and then it was one', async () => {
      const { db, kind, clock, firing, all } = await recovered(SETTLE - 1);
      const claimed = Promise.withResolvers<void>();
      const commit = Promise.withResolvers<void>();
      const sending = inTransaction(db, async (trx) => {
        const rows = await claim(trx, {
          channel: 'ops',
          limit: 5,
          holder: 'hub-b',
          now: clock.now() + 1,
          leaseMs: 30_000,
        });
        claimed.resolve();
        await commit.promise;
        return rows;
      });
      await claimed.promise;
      const back = firing([api()]);
      if (kind === 'postgres') await waiting(db);
      commit.resolve();
      expect(await sending).toHaveLength(1);
      expect(await back).toMatchObject({ opened: 1 });
      expect((await all()).map(({ status }) => status)).toEqual(['open', 'resolved']);
    });

    it('is not told by a hub that comes to it while another one takes it back', async () => {
      const { db, kind, alerts, clock, hub, all } = await recovered(SETTLE - 1);
      const written = Promise.withResolvers<void>();
      const commit = Promise.withResolvers<void>();
      const slow = await hub('hub-b');
      const back = inTransaction(db, async (trx) => {
        const held = await hub('hub-c', trx);
        const result = await held.reconcile([api({ observedAt: clock.now() })], { scope: ['veria'], at: clock.now() });
        written.resolve();
        await commit.promise;
        return result;
      });
      await written.promise;
      const reach = { channel: 'ops', limit: 5, holder: 'hub-b', now: clock.now() + 1, leaseMs: 30_000 };
      const claiming = claim(db, reach);
      if (kind === 'postgres') await waiting(db);
      commit.resolve();
      expect(await back).toMatchObject({ reopened: 1 });
      expect(await claiming).toEqual([]);
      await slow.deliver();
      await alerts.deliver();
      expect((await all()).map(({ status }) => status)).toEqual(['open']);
    });
  });
}

const ORDER = [
  'alert.opened',
  'incident.opened',
  'alert.resolved',
  'incident.resolved',
  'alert.reopened',
  'incident.reopened',
];

/** SQLite queues the second by itself; on PostgreSQL it waits for a lock. */
const waiting = (db: Parameters<typeof inTransaction>[0]) =>
  until(async () => (await sql`SELECT 1 FROM pg_locks WHERE NOT granted`.execute(db)).rows.length > 0, {
    what: 'the second hub waits',
  });
