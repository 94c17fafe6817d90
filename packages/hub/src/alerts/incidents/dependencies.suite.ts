import { describe, expect, it } from 'vitest';
import type { OpenTestDatabase } from '../../../../../test/services/databases.ts';
import { person } from '../testing.ts';
import { down, FOLLOWING, incidentRoom, project, WAIT } from './incident.rooms.ts';

const PROJECTS = [
  project('veria', { api: ['performia/db'], web: ['api'], mail: [] }),
  project('performia', { db: [] }),
];

/** What holds on every database of alerts whose part depends on another one. */
export function dependenciesSuite(open: OpenTestDatabase): void {
  const room = () => incidentRoom(open, PROJECTS);

  describe('what hangs on a part that is down', () => {
    it('is shown, and nobody is told of it while that lasts', async () => {
      const { alerts, firing, deliver, clock, of } = await room();
      await firing(['performia/db']);
      expect(await deliver()).toEqual(['opened performia/db']);
      await firing(['performia/db', 'veria/api', 'veria/web']);
      const root = await of('performia/db');
      expect(await of('veria/api')).toMatchObject({ status: 'open', inhibitedBy: root.id });
      expect(await of('veria/web')).toMatchObject({ status: 'open', inhibitedBy: root.id });
      expect(root).not.toHaveProperty('inhibitedBy');
      for (let minute = 0; minute < 5; minute++) {
        clock.move(60_000);
        await firing(['performia/db', 'veria/api', 'veria/web']);
        expect(await deliver()).toEqual([]);
      }
      const log = await alerts.deliveries(person('eve'), { alert: (await of('veria/api')).id });
      expect(log.items).toMatchObject([{ status: 'suppressed', reason: expect.stringContaining(root.id) }]);
    });

    it('waits for its cause to be found, and is not told of when it is', async () => {
      const { firing, deliver, clock, outbox, of } = await room();
      expect(await firing(['veria/api'])).toMatchObject({ look: [{ project: 'performia', service: 'db' }] });
      expect(await outbox()).toEqual(['opened veria/api in 5 s']);
      clock.move(WAIT - 1);
      expect(await deliver()).toEqual([]);
      expect(await firing(['veria/api'])).toMatchObject({ look: [{ project: 'performia', service: 'db' }] });
      await firing(['veria/api', 'performia/db']);
      expect((await of('veria/api')).inhibitedBy).toBe((await of('performia/db')).id);
      clock.move(WAIT);
      expect(await deliver()).toEqual(['opened performia/db']);
    });

    it('is told of after the wait when nothing that it needs has failed, once', async () => {
      const { firing, deliver, clock } = await room();
      await firing(['veria/api']);
      clock.move(WAIT);
      expect(await deliver()).toEqual(['opened veria/api']);
      expect(await firing(['veria/api'])).not.toHaveProperty('look');
      clock.move(60_000);
      expect(await deliver()).toEqual([]);
    });

    it('waits for nothing when it needs nothing, or nothing that could be looked at', async () => {
      const { firing, deliver } = await incidentRoom(open, [
        project('veria', { api: ['performia/db'], mail: [] }),
        project('performia', { db: [] }, false),
      ]);
      expect(await firing(['veria/mail', 'veria/api'])).not.toHaveProperty('look');
      expect(await deliver()).toEqual(['opened veria/api', 'opened veria/mail']);
    });

    it('is told of once when its cause is over and it does not follow', async () => {
      const { firing, deliver, clock, outbox, of } = await room();
      await firing(['performia/db', 'veria/api']);
      await deliver();
      clock.move(60_000);
      expect(await firing(['veria/api'])).toMatchObject({ resolved: 1, look: [{ project: 'veria', service: 'api' }] });
      expect(await of('veria/api')).not.toHaveProperty('inhibitedBy');
      expect(await outbox()).toEqual(['opened veria/api in 20 s', 'resolved performia/db']);
      expect(await deliver()).toEqual(['resolved performia/db']);
      clock.move(FOLLOWING);
      await firing(['veria/api']);
      expect(await deliver()).toEqual(['opened veria/api']);
      clock.move(FOLLOWING);
      await firing([]);
      expect(await deliver()).toEqual(['resolved veria/api']);
    });

    it('is never told of when it follows its cause', async () => {
      const { alerts, firing, deliver, clock, of } = await room();
      await firing(['performia/db', 'veria/api', 'veria/web']);
      await deliver();
      clock.move(60_000);
      await firing(['veria/api', 'veria/web']);
      clock.move(10_000);
      await firing([]);
      clock.move(60_000);
      expect(await deliver()).toEqual(['resolved performia/db']);
      const log = await alerts.deliveries(person('eve'), { alert: (await of('veria/api')).id });
      expect(log.items).toMatchObject([{ status: 'suppressed', reason: 'it was over before it was to be told' }]);
    });

    it('is kept back again when its cause comes back meanwhile', async () => {
      const { firing, deliver, clock } = await room();
      await firing(['performia/db', 'veria/api']);
      await deliver();
      clock.move(60_000);
      await firing(['veria/api']);
      clock.move(10_000);
      await firing(['performia/db', 'veria/api']);
      clock.move(60_000);
      expect((await deliver()).filter((line) => line.includes('veria'))).toEqual([]);
    });

    it('passes from one cause to the next without a word', async () => {
      const { firing, deliver, clock, of } = await incidentRoom(open, [
        project('veria', { api: ['performia/db'] }),
        project('performia', { db: ['disk'], disk: [] }),
      ]);
      await firing(['performia/db', 'veria/api']);
      expect(await deliver()).toEqual([]);
      await firing(['performia/disk', 'performia/db', 'veria/api']);
      expect((await of('veria/api')).inhibitedBy).toBe((await of('performia/disk')).id);
      expect((await of('performia/db')).inhibitedBy).toBe((await of('performia/disk')).id);
      clock.move(WAIT);
      expect(await deliver()).toEqual(['opened performia/disk']);
      await firing(['performia/db', 'veria/api']);
      expect((await of('veria/api')).inhibitedBy).toBe((await of('performia/db')).id);
      await firing([]);
      clock.move(60_000);
      expect(await deliver()).toEqual(['resolved performia/disk']);
    });

    it('that was told of before its cause was found is not told of again after that', async () => {
      const { firing, deliver, clock, of } = await room();
      await firing(['veria/api']);
      clock.move(WAIT);
      expect(await deliver()).toEqual(['opened veria/api']);
      await firing(['veria/api', 'performia/db']);
      expect(await of('veria/api')).toHaveProperty('inhibitedBy');
      await firing(['veria/api']);
      clock.move(60_000);
      expect(await deliver()).toEqual(['opened performia/db', 'resolved performia/db']);
      await firing([]);
      expect(await deliver()).toEqual(['resolved veria/api']);
    });

    it('is told of when nobody would hear of its cause, and not when somebody has taken that on', async () => {
      const { alerts, receiver, firing, deliver, clock, of } = await room();
      const declaration = { name: 'ops', kind: 'webhook', url: receiver.url } as const;
      await alerts.syncChannels([{ declaration: { ...declaration, projects: ['veria'] }, ref: 'orrery.yaml:3' }]);
      await firing(['performia/db', 'veria/api', 'veria/web']);
      expect(await of('veria/api')).not.toHaveProperty('inhibitedBy');
      expect((await of('veria/web')).inhibitedBy).toBe((await of('veria/api')).id);
      clock.move(WAIT);
      expect(await deliver()).toEqual(['opened veria/api']);
      await alerts.acknowledge(person('ann'), (await of('performia/db')).id);
      await firing(['performia/db', 'veria/api', 'veria/web']);
      expect((await of('veria/web')).inhibitedBy).toBe((await of('performia/db')).id);
    });

    it('is not told of when somebody took it on meanwhile', async () => {
      const { alerts, firing, deliver, clock, of } = await room();
      await firing(['performia/db', 'veria/api']);
      await alerts.acknowledge(person('ann'), (await of('veria/api')).id);
      await firing(['veria/api']);
      clock.move(60_000);
      await firing(['veria/api']);
      await firing([]);
      expect((await deliver()).filter((line) => line.includes('veria'))).toEqual([]);
    });

    it.each(['resolve', 'ignore'] as const)('is told of when a person says %s to its cause', async (verb) => {
      const { alerts, firing, deliver, clock, of } = await room();
      await firing(['performia/db', 'veria/api']);
      await deliver();
      await alerts[verb](person('ann'), (await of('performia/db')).id);
      expect(await of('veria/api')).not.toHaveProperty('inhibitedBy');
      clock.move(FOLLOWING);
      await firing(['performia/db', 'veria/api']);
      expect((await deliver()).filter((line) => line.includes('veria'))).toEqual(['opened veria/api']);
    });

    it('is told of when its cause is no longer watched, or no longer declared to be one', async () => {
      const { alerts, firing, deliver, clock, of } = await room();
      await firing(['performia/db', 'veria/api', 'veria/web']);
      alerts.syncProjects([project('veria', { api: [], web: ['performia/db'] }), project('performia', { db: [] })]);
      await firing(['performia/db', 'veria/api', 'veria/web']);
      expect(await of('veria/api')).not.toHaveProperty('inhibitedBy');
      expect(await of('veria/web')).toHaveProperty('inhibitedBy');
      await alerts.retire(['veria']);
      expect(await of('veria/web')).not.toHaveProperty('inhibitedBy');
      clock.move(FOLLOWING);
      expect((await deliver()).filter((line) => line.includes('veria'))).toEqual([
        'opened veria/api',
        'opened veria/web',
      ]);
    });

    it('is put right by the sweep when its cause is gone from the rows', async () => {
      const { db, firing, of } = await room();
      await firing(['veria/api']);
      const { id } = await of('veria/api');
      const q = db.withTables<{ alerts: { id: string; inhibited_by: string | null } }>();
      await q.updateTable('alerts').set({ inhibited_by: 'alr_gone' }).where('id', '=', id).execute();
      await firing(['veria/api']);
      expect(await of('veria/api')).not.toHaveProperty('inhibitedBy');
    });

    it('is told of or not by whichever hub goes on, since all of it stands in the rows', async () => {
      const { hub, firing, deliver, clock, of } = await room();
      await firing(['veria/api', 'veria/mail']);
      const next = await hub('hub-b');
      await firing(['veria/api', 'veria/mail', 'performia/db'], next);
      expect((await of('veria/api')).inhibitedBy).toBe((await of('performia/db')).id);
      clock.move(WAIT);
      expect(await deliver()).toEqual(['opened performia/db', 'opened veria/mail']);
      const third = await hub('hub-c');
      await firing(['veria/api', 'veria/mail'], third);
      const last = await hub('hub-d');
      clock.move(FOLLOWING);
      await firing(['veria/api', 'veria/mail'], last);
      expect(await deliver()).toEqual(['opened veria/api', 'resolved performia/db']);
    });

    it('makes one notification of a root and fifty that fail with it, on whichever hub and in whichever order', async () => {
      const leaves = Array.from({ length: 50 }, (_, n) => `p${n}/api`);
      const { alerts, hub, deliver, clock, scope, incidents, all } = await incidentRoom(open, [
        project('core', { db: [] }),
        ...leaves.map((leaf) => project(leaf.split('/')[0] ?? '', { api: ['core/db'] })),
      ]);
      const other = await hub('hub-b');
      const batches = [leaves.slice(0, 20), [...leaves.slice(20, 30), 'core/db'], leaves.slice(30)];
      await Promise.all(
        [...batches, ...batches].map((parts, n) =>
          (n % 2 === 0 ? alerts : other).reconcile(
            parts.map((part) => down(part)),
            { scope: parts.map((part) => part.split('/')[0] ?? ''), at: clock.now() },
          ),
        ),
      );
      await alerts.reconcile(
        [...leaves, 'core/db'].map((part) => down(part)),
        { scope, at: clock.now(), whole: true },
      );
      expect((await all()).filter(({ inhibitedBy }) => inhibitedBy === undefined)).toHaveLength(1);
      clock.move(60_000);
      expect(await deliver()).toEqual(['opened core/db']);
      const [only, ...others] = await incidents();
      expect(others).toEqual([]);
      expect(only).toMatchObject({ title: 'core/db is down', project: 'core', openAlerts: 51, severity: 'critical' });
      expect(only?.reason).toMatch(/^p\d+\/api, p\d+\/api, p\d+\/api and 47 more depend on core\/db, which went down/);
    });
  });
}
