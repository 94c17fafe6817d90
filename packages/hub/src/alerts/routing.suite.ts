import { type MaintenanceDeclaration, ProjectDeclaration, RouteDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { OpenTestDatabase } from '../../../../test/services/databases.ts';
import { verifyAudit } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { deliveryRooms, told } from './delivery.rooms.ts';
import { alertsOn, finding, person } from './testing.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ann = person('ann');
const veria = { projects: ['veria'] };

/** What holds for routes, silences, maintenance, reminders and escalation on every database. */
export function routingSuite(open: OpenTestDatabase): void {
  const { receiver, room } = deliveryRooms(open);

  /** A room with the channels ops and pager, and routes. */
  async function house(routes: z.input<typeof RouteDeclaration>[] = [], names = ['ops', 'pager']) {
    const receivers = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await receiver()] as const)),
    );
    const made = await room(receivers);
    const declared = routes.map((route) => ({ declaration: RouteDeclaration.parse(route), ref: 'orrery.yaml:9' }));
    made.alerts.syncRoutes(declared);
    const hub = async (holderId: string) => {
      const other = await made.hub(holderId);
      other.syncRoutes(declared);
      return other;
    };
    const said = () =>
      names.flatMap((name) =>
        (receivers[name]?.taken() ?? []).map((request) => `${name} ${told(request).type.slice(6)}`),
      );
    const log = async () => (await made.alerts.deliveries(ann, { limit: 200 })).items.reverse();
    const only = async () => (await made.alerts.list(ann)).items[0] ?? expect.unreachable('there is no alert');
    const pass = async (ms: number) => {
      made.clock.move(ms);
      await made.alerts.deliver();
    };
    return { ...made, hub, receivers, said, log, only, pass };
  }

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
