import type { MaintenanceDeclaration } from '@orrery/protocol';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { OpenTestDatabase } from '../../../../test/services/databases.ts';
import { until } from '../../../../test/services/until.ts';
import { verifyAudit } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { inTransaction } from '../platform/db.ts';
import { takeTurn } from './incidents/store.ts';
import { ann, HOUR, MINUTE, routedRooms, veria } from './routing.rooms.ts';
import type { AlertTables } from './tables.ts';
import { person } from './testing.ts';

/** What holds for silences and maintenance on every database. */
export function holdsSuite(open: OpenTestDatabase): void {
  const house = routedRooms(open);

  describe('a silence', () => {
    it('keeps everybody from being told, shows on the alert, and is told of once when it ends', async () => {
      const { db, alerts, fire, said, log, only, pass } = await house([{ name: 'all', channels: ['ops'] }]);
      const silence = await alerts.silence(ann, { match: veria, reason: 'moving house', for: '2h' });
      expect(silence).toMatchObject({ status: 'active', createdBy: 'ann', match: veria });
      await fire();
      await alerts.deliver();
      expect(said()).toEqual([]);
      expect(await only()).toMatchObject({ silencedBy: silence.id });
      expect(await log()).toMatchObject([
        { status: 'suppressed', reason: expect.stringMatching(/^silenced by ann until .*: moving house$/) },
      ]);
      await pass(2 * HOUR);
      await alerts.deliver();
      expect(said()).toEqual(['ops opened']);
      expect(await only()).not.toHaveProperty('silencedBy');
      expect(await alerts.silences(ann)).toMatchObject([{ id: silence.id, status: 'ended' }]);
      expect(await verifyAudit(db)).toMatchObject({ ok: true, entries: 1 });
    });

    it('swallows what is over before it ends, with its resolution', async () => {
      const { alerts, fire, recover, said, pass } = await house([{ name: 'all', channels: ['ops'] }]);
      await alerts.silence(ann, { match: veria, reason: 'r', for: '1h' });
      await fire();
      await alerts.deliver();
      await recover();
      await pass(2 * HOUR);
      expect(said()).toEqual([]);
    });

    it('that begins while a channel fails keeps back what waits, and its resolution too', async () => {
      const { alerts, clock, fire, recover, said, log, receivers, pass } = await house([
        { name: 'all', channels: ['ops'] },
      ]);
      receivers.ops?.answer({ status: 500 });
      await fire();
      await alerts.deliver();
      await alerts.silence(ann, { match: veria, reason: 'r', for: '1h' });
      receivers.ops?.answer({ status: 204 });
      clock.move(MINUTE);
      await recover();
      await alerts.deliver();
      expect(said()).toEqual([]);
      expect((await log()).map(({ type, status, reason }) => [type, status, reason])).toEqual([
        ['alert.opened', 'suppressed', expect.stringContaining('silenced by ann')],
        ['alert.resolved', 'suppressed', 'its opening was not told'],
      ]);
      await pass(2 * HOUR);
      expect(said()).toEqual([]);
    });

    it('that ends in the moment in which the alert does tells of neither', async () => {
      const { db, kind, alerts, clock, fire, said, only } = await house([{ name: 'all', channels: ['ops'] }]);
      const { id } = await alerts.silence(ann, { match: veria, reason: 'r', for: '1h' });
      await fire();
      await alerts.endSilence(ann, id);
      const alert = (await only()).id;
      const ended = Promise.withResolvers<void>();
      const commit = Promise.withResolvers<void>();
      const recovering = inTransaction(db, async (trx) => {
        await takeTurn(trx);
        const over = { status: 'resolved', resolved_by: 'recovery', resolved_at: clock.now() + 1 } as const;
        await trx.withTables<AlertTables>().updateTable('alerts').set(over).where('id', '=', alert).execute();
        ended.resolve();
        await commit.promise;
      });
      await ended.promise;
      const delivering = alerts.deliver();
      // SQLite has one connection: whoever tells waits for it.
      if (kind === 'postgres')
        await Promise.race([
          delivering,
          until(async () => (await sql`SELECT 1 FROM pg_locks WHERE NOT granted`.execute(db)).rows.length > 0, {
            what: 'whoever tells waits for its turn',
          }),
        ]);
      commit.resolve();
      await recovering;
      await delivering;
      await alerts.deliver();
      expect(said()).toEqual([]);
    });

    it('that was told before is still told to be over', async () => {
      const { alerts, fire, recover, said } = await house([{ name: 'all', channels: ['ops'] }]);
      await fire();
      await alerts.deliver();
      await alerts.silence(ann, { match: veria, reason: 'r', for: '1h' });
      await recover();
      await alerts.deliver();
      expect(said()).toEqual(['ops opened', 'ops resolved']);
    });

    it('is ended by hand once, and tells then', async () => {
      const { alerts, fire, said } = await house([{ name: 'all', channels: ['ops'] }]);
      const { id } = await alerts.silence(ann, { match: veria, reason: 'r', for: '1h' });
      await fire();
      const ends = await Promise.allSettled([alerts.endSilence(ann, id), alerts.endSilence(person('ben'), id)]);
      expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      await Promise.all([alerts.deliver(), alerts.deliver()]);
      expect(said()).toEqual(['ops opened']);
      await expect(alerts.endSilence(ann, id)).rejects.toMatchObject({ code: 'conflict' });
      await expect(alerts.endSilence(ann, 'sil_nosuch')).rejects.toMatchObject({ code: 'not_found' });
    });

    it('may be planned', async () => {
      const { alerts, clock, fire, said, pass } = await house();
      const from = iso(clock.now() + HOUR);
      expect(await alerts.silence(ann, { match: veria, reason: 'r', from, for: '1h' })).toMatchObject({
        status: 'planned',
      });
      await fire(1);
      await alerts.deliver();
      expect(said()).toHaveLength(2);
      await pass(90 * MINUTE);
      await fire(2);
      await alerts.deliver();
      expect(said()).toHaveLength(2);
    });

    it.each([
      ['in the past', { until: '2020-01-01T00:00:00Z' }],
      ['for longer than a year', { until: '2099-01-01T00:00:00Z' }],
    ])('%s is refused', async (_what, when) => {
      const { alerts } = await house();
      await expect(alerts.silence(ann, { match: veria, reason: 'r', ...when })).rejects.toMatchObject({
        code: 'invalid',
      });
    });

    it('of a caller who sees some projects is about those alone', async () => {
      const { alerts } = await house();
      const scoped = person('sam', 'operator', ['veria']);
      const input = { reason: 'r', for: '1h' };
      const refusals = [
        [{ services: ['api'] }, 'forbidden'],
        [{ projects: ['ver*'] }, 'forbidden'],
        [{ projects: ['veria', 'performia'] }, 'not_found'],
      ] as const;
      for (const [match, code] of refusals)
        await expect(
          alerts.silence(scoped, { match: structuredClone(match) as never, ...input }),
        ).rejects.toMatchObject({ code });
      await expect(alerts.silence(person('vic', 'viewer'), { match: veria, ...input })).rejects.toMatchObject({
        code: 'forbidden',
      });
      const own = await alerts.silence(scoped, { match: veria, ...input });
      const other = await alerts.silence(ann, { match: { projects: ['performia'] }, ...input });
      const both = await alerts.silence(ann, { match: { projects: ['performia', 'veria'] }, ...input });
      const shown = await alerts.silences(scoped);
      expect(shown.map(({ match }) => match.projects)).toEqual([['veria'], ['veria']]);
      expect(shown.map(({ id }) => id).sort()).toEqual([both.id, own.id].sort());
      await expect(alerts.endSilence(scoped, other.id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(alerts.endSilence(scoped, both.id)).rejects.toMatchObject({ code: 'forbidden' });
      expect(await alerts.endSilence(scoped, own.id)).toMatchObject({ status: 'ended', endedBy: 'sam' });
    });

    it('is kept for ninety days after its end', async () => {
      const { alerts, clock } = await house();
      await alerts.silence(ann, { match: veria, reason: 'r', for: '1h' });
      clock.move(HOUR + 90 * 24 * HOUR);
      await alerts.expire(24 * HOUR);
      expect(await alerts.silences(ann)).toHaveLength(1);
      clock.move(1000);
      await alerts.expire(24 * HOUR);
      expect(await alerts.silences(ann)).toHaveLength(0);
    });
  });

  describe('maintenance', () => {
    const once = (from: number, until: number, more: object = {}): MaintenanceDeclaration => ({
      name: 'move',
      title: 'Moving house',
      match: veria,
      public: true,
      from: iso(from),
      until: iso(until),
      ...more,
    });

    it('of the file keeps everybody from being told while it lasts, and what lasts longer is told then', async () => {
      const { alerts, clock, fire, said, only, log, pass } = await house();
      const now = clock.now();
      alerts.syncMaintenance([{ declaration: once(now, now + HOUR), ref: 'orrery.yaml:20' }]);
      await fire();
      await alerts.deliver();
      expect(said()).toEqual([]);
      expect(await only()).toMatchObject({ silencedBy: 'maintenance:move' });
      expect((await log())[0]).toMatchObject({ status: 'suppressed', reason: 'maintenance: Moving house' });
      expect([alerts.inMaintenance('veria', 'api', now), alerts.inMaintenance('other', 'api', now)]).toEqual([
        true,
        false,
      ]);
      await pass(HOUR);
      expect(said().sort()).toEqual(['ops opened', 'pager opened']);
      expect(alerts.inMaintenance('veria', 'api', clock.now())).toBe(false);
      await expect(alerts.endMaintenance(ann, 'move')).rejects.toMatchObject({
        code: 'conflict',
        message: '"move" is declared in orrery.yaml:20; take it out there.',
      });
    });

    it('is declared and taken away through the API, and every hub keeps to it', async () => {
      const { alerts, clock, hub, fire, said } = await house();
      const other = await hub('hub-b');
      const now = clock.now();
      expect(await alerts.declareMaintenance(ann, once(now, now + HOUR))).toMatchObject({
        active: true,
        createdBy: 'ann',
        declaredIn: 'the API',
        window: { from: iso(now), until: iso(now + HOUR) },
      });
      await expect(other.declareMaintenance(ann, once(now, now + HOUR))).rejects.toMatchObject({ code: 'conflict' });
      await fire();
      await other.deliver();
      expect(said()).toEqual([]);
      expect(await other.publicWindows(now)).toMatchObject([{ title: 'Moving house', from: now }]);
      await other.endMaintenance(ann, 'move');
      await alerts.deliver();
      expect(said().sort()).toEqual(['ops opened', 'pager opened']);
      await expect(alerts.endMaintenance(ann, 'move')).rejects.toMatchObject({ code: 'not_found' });
    });

    it('comes again and again', async () => {
      const { alerts } = await house();
      const declaration = {
        name: 'm',
        title: 'M',
        match: {},
        public: false,
        cron: '0 2 * * *',
        timeZone: 'Europe/Berlin',
        lasts: '1h',
      };
      expect(await alerts.declareMaintenance(ann, declaration)).toMatchObject({ schedule: { cron: '0 2 * * *' } });
      await expect(
        alerts.declareMaintenance(ann, { ...declaration, name: 'x', cron: '0 2 * * * *' }),
      ).rejects.toMatchObject({
        code: 'invalid',
        fields: [{ field: 'body.cron' }],
      });
      const at = (text: string) => alerts.inMaintenance('veria', 'api', Date.parse(text));
      expect([at('2026-07-01T00:30:00Z'), at('2026-07-01T01:00:00Z'), at('2026-12-01T01:30:00Z')]).toEqual([
        true,
        false,
        true,
      ]);
      expect(await alerts.publicWindows(Date.now())).toEqual([]);
    });

    it('of a caller who sees some projects is about those alone', async () => {
      const { alerts, clock } = await house();
      const scoped = person('sam', 'operator', ['veria']);
      const now = clock.now();
      await expect(alerts.declareMaintenance(scoped, once(now, now + HOUR, { match: {} }))).rejects.toMatchObject({
        code: 'forbidden',
      });
      await alerts.declareMaintenance(
        ann,
        once(now, now + HOUR, { name: 'theirs', match: { projects: ['performia'] } }),
      );
      await alerts.declareMaintenance(scoped, once(now, now + HOUR));
      expect((await alerts.maintenance(scoped)).map(({ name }) => name)).toEqual(['move']);
      await expect(alerts.endMaintenance(scoped, 'theirs')).rejects.toMatchObject({ code: 'not_found' });
      await alerts.endMaintenance(scoped, 'move');
    });
  });
}
