import type { HealNewsType } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import type { OpenTestDatabase } from '../../../../test/services/databases.ts';
import { inTransaction } from '../platform/db.ts';
import { told } from './delivery.rooms.ts';
import { ann, HOUR, MINUTE, routedRooms, veria } from './routing.rooms.ts';

/** What holds for the follow-ups that tell of repair, on every database. */
export function repairSuite(open: OpenTestDatabase): void {
  const house = routedRooms(open);
  const rooms = async (...[routes, names]: Parameters<typeof house>) => {
    const made = await house(routes, names);
    const { db, alerts, clock, receivers, only } = made;
    /** Something happens to an attempt for the one alert there is. */
    const step = async (type: HealNewsType, ordinal = 1, room = alerts) => {
      const { id } = await only();
      const heal = {
        attemptId: `heal_${ordinal}`,
        policy: 'restart',
        remedy: 'restart it',
        why: 'it ran out of memory',
      };
      clock.move(1);
      await inTransaction(db, (trx) => room.tellOfRepair(trx, { type, alertId: id, ordinal, at: clock.now(), heal }));
    };
    const heard = () =>
      Object.entries(receivers).flatMap(([name, { taken }]) =>
        taken().map((request) => `${name} ${told(request).type}`),
      );
    return { ...made, step, heard };
  };
  const all = [{ name: 'all', channels: ['ops'] }];

  describe('what became of a repair', () => {
    it('is told to those who heard of the alert, and to nobody else, in the order in which it happened', async () => {
      const { alerts, fire, recover, step, heard, receivers } = await rooms(all);
      await fire();
      await step('heal.began');
      await step('heal.no_effect');
      await step('heal.began', 2);
      await step('heal.healed', 2);
      await recover();
      // All of it is due at once: what waits must not overtake what comes before it.
      await alerts.deliver();
      expect(heard()).toEqual([
        'ops alert.opened',
        'ops heal.began',
        'ops heal.no_effect',
        'ops heal.began',
        'ops heal.healed',
        'ops alert.resolved',
      ]);
      const [opened, began, , , healed] = (receivers.ops?.taken() ?? []).map(told);
      expect(began).toMatchObject({
        alert: { id: opened?.alert.id, incidentId: opened?.alert.incidentId },
        heal: { attemptId: 'heal_1', why: 'it ran out of memory' },
      });
      expect(healed?.heal?.attemptId).toBe('heal_2');
    });

    it('is told once of each attempt, by however many hubs', async () => {
      const { alerts, hub, fire, step, heard } = await rooms(all);
      const other = await hub('hub-b');
      await fire();
      await alerts.deliver();
      await Promise.all([step('heal.began'), step('heal.began', 1, other)]);
      await Promise.all([alerts.deliver(), other.deliver()]);
      await step('heal.began');
      await alerts.deliver();
      expect(heard()).toEqual(['ops alert.opened', 'ops heal.began']);
    });

    it('waits for the opening that fails, and stays behind it', async () => {
      const { alerts, clock, fire, step, heard, receivers } = await rooms(all);
      receivers.ops?.answer({ status: 500 });
      await fire();
      await alerts.deliver();
      await step('heal.began');
      receivers.ops?.answer({ status: 204 });
      clock.move(MINUTE);
      await alerts.deliver();
      expect(heard()).toEqual(['ops alert.opened', 'ops heal.began']);
    });

    it('is not told while a silence holds, nor of an alert that somebody put aside', async () => {
      const { alerts, fire, step, heard, log, only } = await rooms(all);
      await fire();
      await alerts.deliver();
      await alerts.silence(ann, { match: veria, reason: 'moving house', for: '2h' });
      await step('heal.began');
      await alerts.deliver();
      expect(heard()).toEqual(['ops alert.opened']);
      expect((await log()).at(-1)).toMatchObject({
        status: 'suppressed',
        reason: expect.stringContaining('moving house'),
      });
      await alerts.ignore(ann, (await only()).id);
      await step('heal.healed');
      await alerts.deliver();
      expect(heard()).toEqual(['ops alert.opened']);
    });

    it('reaches nobody whom the opening did not reach', async () => {
      const { alerts, fire, step, heard, recover, pass } = await rooms(all);
      await alerts.silence(ann, { match: veria, reason: 'r', for: '1h' });
      await fire();
      await alerts.deliver();
      await step('heal.began');
      await recover();
      await step('heal.healed');
      await pass(2 * HOUR);
      expect(heard()).toEqual([]);
    });

    it('waits for the end of quiet hours, and is not told when all is over by then', async () => {
      const quietHours = { from: '22:00', to: '07:00', timeZone: 'UTC', except: [] };
      const night = { name: 'night', channels: ['ops'], quietHours: [quietHours] };
      const { alerts, clock, fire, recover, step, heard, pass, log } = await rooms([night]);
      const noon = 24 * HOUR - (clock.now() % (24 * HOUR)) + 12 * HOUR;
      clock.move(noon);
      await fire();
      await alerts.deliver();
      await pass(11 * HOUR);
      await step('heal.began');
      await alerts.deliver();
      expect(heard()).toEqual(['ops alert.opened']);
      await pass(9 * HOUR);
      expect(heard()).toEqual(['ops alert.opened', 'ops heal.began']);
      await pass(15 * HOUR);
      await step('heal.no_effect');
      await recover();
      await alerts.deliver();
      expect(heard()).toEqual(['ops alert.opened', 'ops heal.began', 'ops alert.resolved']);
      await pass(9 * HOUR);
      expect(heard()).toHaveLength(3);
      expect((await log()).find(({ type }) => type === 'heal.no_effect')).toMatchObject({
        reason: 'it was over before it was to be told',
      });
    });
  });
}
