import { describe, expect, it } from 'vitest';
import type { OpenTestDatabase } from '../../../../test/services/databases.ts';
import { until } from '../../../../test/services/until.ts';
import { verifyAudit } from '../access/index.ts';
import { deliveryRooms, idOf, told } from './delivery.rooms.ts';
import { finding, person } from './testing.ts';

/** What holds for channels on every database. */
export function channelsSuite(open: OpenTestDatabase): void {
  const { receiver, room } = deliveryRooms(open);

  describe('a channel', () => {
    it('that is dead is asked rarely, and takes everything in order once it is back', async () => {
      const ops = await receiver();
      const { alerts, clock, fire } = await room({ ops });
      ops.answer({ status: 500 });
      await fire(60);
      for (let i = 0; i < 20; i++) await alerts.deliver();
      expect(ops.received.length).toBeLessThanOrEqual(5);
      for (let minute = 0; minute < 10; minute++) {
        clock.move(61_000);
        await alerts.deliver();
      }
      // One probe at a time, however many wait.
      expect(ops.received.length).toBeLessThanOrEqual(15);
      ops.answer({ status: 204 });
      clock.move(61_000);
      await alerts.deliver();
      expect(ops.taken()).toHaveLength(60);
      expect(new Set(ops.taken().map(idOf)).size).toBe(60);
    });

    it('that hangs delays no other, not even for what happens meanwhile', async () => {
      const [dead, ops] = [await receiver(), await receiver()];
      const { alerts, fire } = await room({ dead, ops }, { timing: { stopGraceMs: 50 } });
      dead.answer('hang');
      await fire(1);
      const started = performance.now();
      const stopping = new AbortController();
      const delivering = alerts.deliver(stopping.signal);
      await until(() => dead.received.length === 1 && ops.taken().length === 1, { what: 'the first alert' });
      await fire(2);
      await until(() => ops.taken().length === 2, { what: 'the second alert' });
      // The one that hangs is given its 10 s all the same.
      expect(performance.now() - started).toBeLessThan(8000);
      expect(dead.received).toHaveLength(1);
      stopping.abort();
      await delivering;
    });

    it('is not stopped by one message that its receiver cannot digest', async () => {
      const ops = await receiver();
      const { alerts, clock, fire } = await room({ ops });
      ops.answer(({ body }) => ({ status: body.includes('fp-0') ? 500 : 204 }));
      await fire(1);
      for (let i = 0; i < 5; i++) {
        await alerts.deliver();
        clock.move(300_000);
      }
      await fire(3);
      clock.move(60_000);
      await alerts.deliver();
      expect(
        ops
          .taken()
          .map((request) => told(request).alert.fingerprint)
          .sort(),
      ).toEqual(['fp-1', 'fp-2']);
    });

    it('that is no longer declared keeps what waits for it until it is back', async () => {
      const ops = await receiver();
      const { alerts, hub, fire } = await room({ ops });
      await fire();
      await alerts.syncChannels([]);
      await alerts.deliver();
      expect(ops.received).toHaveLength(0);
      await (await hub('hub-a')).deliver();
      expect(ops.taken()).toHaveLength(1);
    });

    it('shows where it goes without its secrets, and only to those whose projects it speaks of', async () => {
      const { alerts } = await room({});
      const url = 'https://hooks.slack.com/services/T0/B0/sosecret';
      await alerts.syncChannels([
        { declaration: { name: 'chat', kind: 'slack', url }, ref: 'SLACK_WEBHOOK_URL' },
        { declaration: { name: 'own', kind: 'slack', url, projects: ['veria', 'performia'] }, ref: 'orrery.yaml:9' },
      ]);
      expect(await alerts.channels(person('eve'))).toEqual([
        {
          name: 'chat',
          kind: 'slack',
          target: 'https://hooks.slack.com/…',
          declaredIn: 'SLACK_WEBHOOK_URL',
          pending: 0,
        },
        expect.objectContaining({ name: 'own', projects: ['veria', 'performia'], declaredIn: 'orrery.yaml:9' }),
      ]);
      const rollizr = await alerts.channels(person('ann', 'operator', ['rollizr']));
      expect(rollizr.map(({ name }) => name)).toEqual(['chat']);
      const veria = await alerts.channels(person('ann', 'operator', ['veria']));
      expect(veria.map(({ projects }) => projects)).toEqual([undefined, ['veria']]);
      await expect(alerts.deliveries(person('ann', 'operator', ['rollizr']), { channel: 'own' })).rejects.toMatchObject(
        {
          code: 'not_found',
        },
      );
      await expect(alerts.deliveries(person('eve'), { channel: 'nosuch' })).rejects.toMatchObject({
        code: 'not_found',
      });
      await expect(alerts.channels(person('vic', 'viewer'))).rejects.toMatchObject({ code: 'forbidden' });
    });

    it('shows its deliveries newest first, page by page, and to each only those of their projects', async () => {
      const ops = await receiver();
      const { alerts, fire, clock } = await room({ ops });
      await fire(7);
      await alerts.reconcile([finding({ fingerprint: 'x', project: 'performia' })], {
        scope: ['performia'],
        at: clock.now(),
      });
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page: Awaited<ReturnType<typeof alerts.deliveries>> = await alerts.deliveries(person('eve'), {
          channel: 'ops',
          limit: 3,
          cursor,
        });
        ids.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(new Set(ids).size).toBe(8);
      expect(ids).toEqual([...ids].sort().reverse());
      expect(
        (await alerts.deliveries(person('ann', 'operator', ['performia']), { channel: 'ops' })).items,
      ).toHaveLength(1);
      await expect(alerts.deliveries(person('eve'), { channel: 'ops', cursor: 'x' })).rejects.toMatchObject({
        code: 'invalid',
      });
    });

    it('can be tested: the answer says what the receiver said, once, and the test stands in the audit trail', async () => {
      const ops = await receiver();
      const { db, alerts, clock, rows } = await room({ ops });
      const well = await alerts.testChannel(person('ann', 'admin'), 'ops');
      expect(well).toMatchObject({ ok: true, detail: expect.stringMatching(/^HTTP 204 in \d+ ms$/) });
      expect(ops.received.map((request) => [idOf(request), told(request).type])).toEqual([
        [well.deliveryId, 'channel.test'],
      ]);
      clock.move(1);
      ops.answer({ status: 403, body: 'internal page' });
      expect(await alerts.testChannel(person('ann', 'admin'), 'ops')).toMatchObject({ ok: false, detail: 'HTTP 403' });
      clock.move(86_400_000);
      await alerts.deliver();
      expect(ops.received).toHaveLength(2);
      expect((await rows()).map(({ type, status, attempts }) => [type, status, attempts])).toEqual([
        ['channel.test', 'failed', 1],
        ['channel.test', 'delivered', 1],
      ]);
      expect(await verifyAudit(db)).toMatchObject({ ok: true, entries: 2 });
      await expect(alerts.testChannel(person('ann', 'operator'), 'ops')).rejects.toMatchObject({ code: 'forbidden' });
      await expect(alerts.testChannel(person('ann', 'admin'), 'nosuch')).rejects.toMatchObject({ code: 'not_found' });
    });
  });
}
