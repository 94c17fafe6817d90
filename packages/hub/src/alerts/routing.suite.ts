import { ProjectDeclaration, RouteDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import type { OpenTestDatabase } from '../../../../test/services/databases.ts';
import { iso } from '../platform/clock.ts';
import { ann, HOUR, MINUTE, routedRooms, veria } from './routing.rooms.ts';
import { alertsOn, finding, person } from './testing.ts';

/** What holds for routes, reminders and escalation on every database. */
export function routingSuite(open: OpenTestDatabase): void {
  const house = routedRooms(open);

  describe('a route', () => {
    it('leads to its channels, and the log says so', async () => {
      const { alerts, fire, recover, said, log } = await house([
        { name: 'others', match: { projects: ['other'] }, channels: ['pager'] },
        { name: 'rest', channels: ['ops'] },
      ]);
      await fire();
      await alerts.deliver();
      await recover();
      await alerts.deliver();
      expect(said()).toEqual(['ops opened', 'ops resolved']);
      expect(await log()).toMatchObject([{ route: 'rest' }, { route: 'rest' }]);
    });

    it('chooses by the tags and teams of a project', async () => {
      const { alerts, fire, said } = await house([
        { name: 'payments', match: { teams: ['payments'], tags: ['prod*'] }, channels: ['pager'] },
        { name: 'rest', channels: ['ops'] },
      ]);
      const project = {
        slug: 'veria',
        name: 'Veria',
        hubUrl: 'http://veria.test',
        tags: ['production'],
        teams: ['payments'],
      };
      alerts.syncProjects([ProjectDeclaration.parse(project)]);
      await fire();
      await alerts.deliver();
      expect(said()).toEqual(['pager opened']);
    });

    it('that is missing is noticed: nobody is told, and an event says so', async () => {
      const { alerts, fire, said, events } = await house([
        { name: 'others', match: { projects: ['x'] }, channels: ['ops'] },
      ]);
      await fire();
      await alerts.deliver();
      expect(said()).toEqual([]);
      expect((await events()).map(({ type }) => type)).toContain('alert.unrouted');
      expect(await alerts.tryRoutes(ann, trial())).toMatchObject({
        told: [],
        routes: [{ route: 'others', taken: false, reason: 'the project is none of "x"' }],
        summary: expect.stringContaining('no route matches'),
      });
    });

    it('without channels is meant so: no event', async () => {
      const { fire, events } = await house([{ name: 'none', channels: [] }]);
      await fire();
      expect((await events()).map(({ type }) => type)).not.toContain('alert.unrouted');
    });

    it('is looked for without a query for each of a thousand alerts', async () => {
      const { db } = await open();
      let queries = 0;
      const counted = db.withPlugin({
        transformQuery: ({ node }) => {
          queries += 1;
          return node;
        },
        transformResult: async ({ result }) => result,
      });
      const alerts = alertsOn(counted);
      await alerts.syncChannels([
        { declaration: { name: 'ops', kind: 'webhook', url: 'http://127.0.0.1:9/hook' }, ref: 'orrery.yaml:3' },
      ]);
      const routes = Array.from({ length: 50 }, (_, i) => ({
        name: `r${i}`,
        match: { titles: [`*${i}x*`] },
        channels: ['ops'],
      }));
      alerts.syncRoutes(
        [...routes, { name: 'rest', channels: ['ops'] }].map((route) => ({
          declaration: RouteDeclaration.parse(route),
          ref: 'orrery.yaml:9',
        })),
      );
      const many = Array.from({ length: 1000 }, (_, i) => finding({ fingerprint: `fp-${i}` }));
      await alerts.reconcile(many, { scope: ['veria'], at: Date.now() });
      expect(queries).toBeLessThan(100);
      expect((await alerts.deliveries(ann, { limit: 200 })).items).toHaveLength(200);
    });

    it('with quiet hours is taken at their end if it still fires then', async () => {
      const { alerts, clock, fire, recover, said, log, pass } = await house([
        { name: 'day', channels: ['ops'], quietHours: [{ ...around(Date.now()), except: [] }] },
      ]);
      await fire();
      await alerts.deliver();
      expect(said()).toEqual([]);
      const [waiting] = await log();
      expect(waiting).toMatchObject({ status: 'pending' });
      await pass(Date.parse(waiting?.nextAttemptAt ?? '') - clock.now() - 1000);
      expect(said()).toEqual([]);
      await pass(2000);
      expect(said()).toEqual(['ops opened']);
      await recover();
      await alerts.deliver();
      expect(said()).toEqual(['ops opened', 'ops resolved']);
    });

    it('with quiet hours is not taken for what was over before they were', async () => {
      const { alerts, fire, recover, said, log, pass } = await house([
        { name: 'day', channels: ['ops'], quietHours: [{ ...around(Date.now()), except: [] }] },
      ]);
      await fire();
      await pass(MINUTE);
      await recover();
      await pass(12 * HOUR);
      expect(said()).toEqual([]);
      expect(await log()).toMatchObject([
        { status: 'suppressed', reason: 'it was over before it was to be told', attempts: 0 },
      ]);
      await fire(1, 0);
      await alerts.deliver();
      expect(said()).toEqual(['ops opened']);
    });

    it('with quiet hours keeps them also when a channel that failed is back', async () => {
      const { alerts, said, receivers, pass } = await house([
        { name: 'loud', match: { titles: ['loud'] }, channels: ['ops'] },
        { name: 'day', channels: ['ops'], quietHours: [{ ...around(Date.now()), except: [] }] },
      ]);
      receivers.ops?.answer({ status: 500 });
      await alerts.reconcile([finding(), finding({ fingerprint: 'loud', title: 'loud' })], {
        scope: ['veria'],
        at: Date.now(),
      });
      await alerts.deliver();
      receivers.ops?.answer({ status: 204 });
      await pass(5000);
      expect(said()).toEqual(['ops opened']);
    });
  });

  describe('what nobody answers', () => {
    const route = {
      name: 'all',
      channels: ['ops'],
      repeatEvery: '30m',
      escalate: [{ after: '1h', channels: ['pager'] }],
    };

    it('is told again, then to others, and its end to everybody who was told', async () => {
      const { alerts, fire, recover, said, pass, events } = await house([route]);
      await fire();
      await alerts.deliver();
      await pass(29 * MINUTE);
      expect(said()).toEqual(['ops opened']);
      await pass(MINUTE);
      await alerts.deliver();
      expect(said()).toEqual(['ops opened', 'ops reminder']);
      await pass(30 * MINUTE);
      expect(said()).toEqual(['ops opened', 'ops reminder', 'ops reminder', 'pager escalated']);
      await pass(1000);
      await recover();
      await alerts.deliver();
      expect(said()).toEqual([
        'ops opened',
        'ops reminder',
        'ops reminder',
        'ops resolved',
        'pager escalated',
        'pager resolved',
      ]);
      expect((await events()).filter(({ type }) => type === 'alert.escalated')).toHaveLength(1);
      await pass(5 * HOUR);
      expect(said()).toHaveLength(6);
    });

    it.each(['acknowledge', 'ignore'] as const)('stops when somebody does: %s', async (verb) => {
      const { alerts, fire, said, only, pass } = await house([route]);
      await fire();
      await alerts.deliver();
      await alerts[verb](ann, (await only()).id);
      await pass(3 * HOUR);
      expect(said()).toEqual(['ops opened']);
    });

    it('that waits for a failing channel is not told once somebody is on it', async () => {
      const { alerts, clock, fire, said, only, receivers, log, pass } = await house([route]);
      await fire();
      await alerts.deliver();
      receivers.ops?.answer({ status: 500 });
      await pass(30 * MINUTE);
      await alerts.acknowledge(ann, (await only()).id);
      receivers.ops?.answer({ status: 204 });
      clock.move(HOUR);
      await alerts.deliver();
      expect(said()).toEqual(['ops opened']);
      expect((await log())[1]).toMatchObject({ type: 'alert.reminder', status: 'suppressed', reason: 'ann is on it' });
    });

    it('is told once by two hubs, and once after both were away', async () => {
      const { alerts, hub, clock, fire, said } = await house([route]);
      const other = await hub('hub-b');
      await fire(20);
      await Promise.all([alerts.deliver(), other.deliver()]);
      clock.move(5 * HOUR);
      await Promise.all([alerts.deliver(), other.deliver(), alerts.deliver(), other.deliver()]);
      const counts = Object.fromEntries(
        Object.entries(Object.groupBy(said(), (line) => line)).map(([line, all]) => [line, all?.length]),
      );
      expect(counts).toEqual({ 'ops opened': 20, 'ops reminder': 20, 'pager escalated': 20 });
    });

    it('is not said again while it is silenced', async () => {
      const { alerts, fire, said, pass } = await house([route]);
      await fire();
      await alerts.deliver();
      await alerts.silence(ann, { match: veria, reason: 'r', for: '3h' });
      await pass(2 * HOUR);
      expect(said()).toEqual(['ops opened']);
      await pass(HOUR);
      expect(said()).toEqual(['ops opened', 'ops reminder', 'pager escalated']);
    });

    it('and critical is told to the first step when its channel has failed for a minute, once', async () => {
      const { alerts, fire, said, receivers, pass } = await house([route]);
      receivers.ops?.answer({ status: 500 });
      await fire();
      await alerts.deliver();
      await pass(30_000);
      expect(said()).toEqual([]);
      await pass(31_000);
      expect(said()).toEqual(['pager escalated']);
      receivers.ops?.answer({ status: 204 });
      await pass(2 * MINUTE);
      await pass(60 * MINUTE);
      expect(said().filter((line) => line === 'pager escalated')).toHaveLength(1);
      expect(said().filter((line) => line === 'ops opened')).toHaveLength(1);
    });

    it('is what a trial of the routes foretells', async () => {
      const { alerts, clock } = await house([route]);
      const now = clock.now();
      expect(await alerts.tryRoutes(ann, trial())).toEqual({
        told: [
          { channel: 'ops', route: 'all', type: 'alert.opened', at: iso(now) },
          { channel: 'ops', route: 'all', type: 'alert.reminder', at: iso(now + 30 * MINUTE), every: '30m' },
          { channel: 'pager', route: 'all', type: 'alert.escalated', at: iso(now + HOUR) },
        ],
        routes: [{ route: 'all', taken: true, reason: 'it takes all' }],
        summary: 'Told at once: ops.',
      });
      await alerts.silence(ann, { match: veria, reason: 'r', for: '1h' });
      expect(await alerts.tryRoutes(ann, trial())).toMatchObject({
        heldBy: expect.stringContaining('silenced by ann'),
      });
    });
  });

  describe('the delivery log', () => {
    it('is asked by channel, state, alert and project', async () => {
      const { alerts, clock, only } = await house();
      await alerts.reconcile([finding(), finding({ fingerprint: 'p', project: 'performia' })], {
        scope: ['veria', 'performia'],
        at: clock.now(),
      });
      await alerts.deliver();
      await alerts.testChannel(person('root', 'admin'), 'ops');
      const count = async (filter: object, who = ann) => (await alerts.deliveries(who, filter)).items.length;
      expect(await count({})).toBe(5);
      expect(await count({ channel: 'pager' })).toBe(2);
      expect(await count({ status: ['pending'] })).toBe(0);
      expect(await count({ alert: (await only()).id })).toBe(2);
      expect(await count({ project: 'performia', channel: 'ops' })).toBe(1);
      const scoped = person('sam', 'operator', ['veria']);
      expect(await count({}, scoped)).toBe(2);
      await expect(alerts.deliveries(scoped, { project: 'performia' })).rejects.toMatchObject({ code: 'not_found' });
    });
  });
}

const trial = () => ({
  project: 'veria',
  severity: 'critical' as const,
  category: 'availability' as const,
  title: 'x',
});

/** Quiet hours from an hour before to two hours after. */
const around = (now: number) => ({
  from: iso(now - HOUR).slice(11, 16),
  to: iso(now + 2 * HOUR).slice(11, 16),
  timeZone: 'UTC',
});
