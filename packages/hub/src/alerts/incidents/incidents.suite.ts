import type { Incident } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import type { OpenTestDatabase } from '../../../../../test/services/databases.ts';
import { verifyAudit } from '../../access/index.ts';
import type { EventTables } from '../../events/index.ts';
import type { AlertTables } from '../tables.ts';
import { person } from '../testing.ts';
import { down, incidentRoom, project, T } from './incident.rooms.ts';

const PROJECTS = [
  project('veria', { api: ['performia/db'], mail: [] }),
  project('rollizr', { shop: ['performia/db'] }),
  project('performia', { db: [] }),
  project('apart', { api: [] }),
];
const one = (incidents: Incident[]): Incident => {
  if (!incidents[0] || incidents.length !== 1) throw new Error(`expected one incident, there are ${incidents.length}`);
  return incidents[0];
};

/** What holds for incidents on every database. */
export function incidentsSuite(open: OpenTestDatabase): void {
  const room = () => incidentRoom(open, PROJECTS);

  describe('an incident', () => {
    it('begins with an alert, says why others belong to it, and is over when all of them are', async () => {
      const { alerts, firing, clock, incidents, of, happened } = await room();
      await firing(['veria/api']);
      expect(one(await incidents())).toMatchObject({
        status: 'open',
        severity: 'critical',
        title: 'veria/api is down',
        reason: 'It is the only alert so far.',
        project: 'veria',
        projects: ['veria'],
        openAlerts: 1,
        startedAt: '2026-11-21T04:00:00.000Z',
      });
      clock.move(2000);
      await firing(['veria/api', 'performia/db']);
      const both = one(await incidents());
      expect(both).toMatchObject({
        title: 'performia/db is down',
        reason: 'veria/api depends on performia/db, which went down 2 s later.',
        project: 'performia',
        projects: ['performia', 'veria'],
        rootAlertId: (await of('performia/db')).id,
        openAlerts: 2,
      });
      expect((await of('veria/api')).incidentId).toBe(both.id);
      expect(await alerts.measures.incidents()).toEqual([{ labels: {}, value: 1 }]);
      expect((await of('performia/db')).incidentId).toBe(both.id);
      clock.move(2000);
      await firing(['veria/api']);
      expect(one(await incidents())).toMatchObject({ status: 'open', openAlerts: 1, title: 'performia/db is down' });
      clock.move(2000);
      await firing([]);
      expect(one(await incidents())).toMatchObject({
        status: 'resolved',
        openAlerts: 0,
        severity: 'critical',
        resolvedAt: '2026-11-21T04:00:06.000Z',
      });
      expect(await happened('incident.')).toEqual(['incident.opened', 'incident.resolved']);
    });

    it('shows of each alert what keeps it back', async () => {
      const { alerts, firing, incidents } = await room();
      await firing(['veria/api']);
      const { id } = await alerts.silence(person('ann'), { match: { projects: ['veria'] }, reason: 'r', for: '1h' });
      const asked = one(await incidents()).id;
      expect((await alerts.incidents.get(person('eve'), asked)).alerts).toMatchObject([{ silencedBy: id }]);
      expect((await alerts.incidents.acknowledge(person('ann'), asked)).alerts).toMatchObject([
        { status: 'acknowledged', silencedBy: id },
      ]);
    });

    it('says in its events which detector found its root, so that no rule acts on what a rule has raised', async () => {
      const { db, firing } = await room();
      await firing([down('veria/api', { detector: 'rule' })]);
      await firing([]);
      const told = db.withTables<EventTables>().selectFrom('events').select('data').where('type', 'like', 'incident.%');
      expect((await told.execute()).map(({ data }) => JSON.parse(data ?? '').detector)).toEqual(['rule', 'rule']);
    });

    it('is as severe as the worst of what is open', async () => {
      const { firing, incidents } = await room();
      const slow = down('veria/mail', { severity: 'warning', category: 'performance', fingerprint: 'slow' });
      await firing(['veria/api', slow]);
      expect(one(await incidents()).severity).toBe('critical');
      await firing([slow]);
      expect(one(await incidents()).severity).toBe('warning');
    });

    it('does not take in what fails elsewhere at the same time', async () => {
      const { firing, incidents } = await room();
      await firing(['veria/api', 'veria/mail', 'apart/api']);
      expect((await incidents()).map(({ alertIds }) => alertIds.length).sort()).toEqual([1, 2]);
    });

    it('takes in another one that turns out to be part of it; who asks for that is led on', async () => {
      const { alerts, firing, clock, incidents, of, happened, all } = await room();
      await firing(['veria/api']);
      clock.move(600_000);
      await firing(['veria/api', 'rollizr/shop']);
      const [later, older] = await incidents();
      expect([later?.project, older?.project]).toEqual(['rollizr', 'veria']);
      clock.move(1000);
      await firing(['veria/api', 'rollizr/shop', 'performia/db']);
      const merged = one(await incidents());
      expect(merged).toMatchObject({ id: older?.id, title: 'performia/db is down', openAlerts: 3 });
      expect(new Set((await all()).map(({ incidentId }) => incidentId))).toEqual(new Set([older?.id]));
      expect(await alerts.incidents.get(person('eve'), later?.id ?? '')).toMatchObject({ id: older?.id });
      expect(await happened('incident.')).toEqual(['incident.opened', 'incident.opened', 'incident.merged']);
      expect((await of('rollizr/shop')).inhibitedBy).toBe(merged.rootAlertId);
    });

    it('that two hubs open at once is one', async () => {
      const { hub, alerts, incidents, all, happened } = await room();
      const other = await hub('hub-b');
      const see = (by: typeof alerts, part: string) =>
        by.reconcile([down(part)], { scope: [part.split('/')[0] ?? ''], at: T });
      await Promise.all([
        see(alerts, 'veria/api'),
        see(other, 'performia/db'),
        see(alerts, 'rollizr/shop'),
        see(other, 'veria/api'),
        see(other, 'rollizr/shop'),
        see(alerts, 'performia/db'),
      ]);
      expect(await all()).toHaveLength(3);
      expect(one(await incidents())).toMatchObject({ title: 'performia/db is down', openAlerts: 3 });
      const opened = (await happened('incident.')).filter((type) => type === 'incident.opened').length;
      const merged = (await happened('incident.')).filter((type) => type === 'incident.merged').length;
      expect(opened - merged).toBe(1);
    });

    it('is made for alerts of a hub that knew no incidents', async () => {
      const { db, firing, incidents, of } = await room();
      await firing(['veria/api']);
      const q = db.withTables<AlertTables>();
      await q.updateTable('alerts').set({ incident_id: null }).execute();
      await q.deleteFrom('incidents').execute();
      await firing(['veria/api']);
      expect((await of('veria/api')).incidentId).toBe(one(await incidents()).id);
    });

    it('is forgotten with the last of its alerts', async () => {
      const { db, alerts, firing, clock, incidents } = await room();
      await alerts.syncChannels([]);
      await firing(['veria/api']);
      clock.move(600_000);
      await firing(['veria/api', 'rollizr/shop']);
      await firing(['veria/api', 'rollizr/shop', 'performia/db']);
      await firing([]);
      clock.move(3_600_000);
      await firing(['apart/api']);
      await alerts.expire(60_000);
      expect(one(await incidents()).project).toBe('apart');
      const rows = await db.withTables<AlertTables>().selectFrom('incidents').select('id').execute();
      // The one that was taken in goes a round later, when nothing leads there any more.
      await alerts.expire(60_000);
      expect(rows.length).toBeLessThanOrEqual(2);
      expect(await db.withTables<AlertTables>().selectFrom('incidents').select('id').execute()).toHaveLength(1);
    });
  });

  describe('a person and an incident', () => {
    const both = async () => {
      const made = await room();
      await made.firing(['performia/db', 'veria/api']);
      return { ...made, id: one(await made.incidents()).id };
    };

    it('takes on all of its open alerts at once, once', async () => {
      const { db, alerts, id, all } = await both();
      const answers = await Promise.allSettled([
        alerts.incidents.acknowledge(person('ann'), id),
        alerts.incidents.acknowledge(person('ben'), id),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(answers.find((answer) => answer.status === 'rejected')?.reason).toMatchObject({ code: 'conflict' });
      expect(new Set((await all()).map(({ status }) => status))).toEqual(new Set(['acknowledged']));
      expect(await verifyAudit(db)).toMatchObject({ ok: true, entries: 2 });
    });

    it('ends it with all of its alerts; each stays ended until its finding was gone once', async () => {
      const { alerts, firing, clock, id, happened, deliver, incidents } = await both();
      await deliver();
      const ended = await alerts.incidents.resolve(person('ann'), id);
      expect(ended).toMatchObject({ status: 'resolved', openAlerts: 0 });
      expect(ended.alerts.map(({ resolvedBy }) => resolvedBy)).toEqual(['ann', 'ann']);
      await firing(['performia/db', 'veria/api']);
      clock.move(60_000);
      expect(await deliver()).toEqual(['resolved performia/db']);
      expect(one(await incidents()).status).toBe('resolved');
      expect((await happened()).filter((type) => type.endsWith('resolved')).sort()).toEqual([
        'alert.resolved',
        'alert.resolved',
        'incident.resolved',
      ]);
      await expect(alerts.incidents.resolve(person('ann'), id)).rejects.toMatchObject({
        code: 'conflict',
        message: 'This incident has no alert that could be resolved now: it is resolved.',
      });
    });

    it('sees of it what belongs to visible projects, and learns nothing of the others', async () => {
      const { alerts, id, of } = await both();
      const ann = person('ann', 'operator', ['veria']);
      const seen = await alerts.incidents.get(ann, id);
      expect(seen).toMatchObject({
        title: 'veria/api is down',
        reason: 'It reaches beyond the projects that you may see.',
        projects: ['veria'],
        alertIds: [(await of('veria/api')).id],
        rootAlertId: (await of('veria/api')).id,
        openAlerts: 1,
      });
      expect(JSON.stringify({ ...seen, alerts: [] })).not.toContain('performia');
      expect((await alerts.incidents.list(ann)).items.map((incident) => incident.id)).toEqual([id]);
      expect((await alerts.incidents.list(ann, { project: 'performia' })).items).toEqual([]);
      await alerts.incidents.acknowledge(ann, id);
      expect((await of('veria/api')).status).toBe('acknowledged');
      expect((await of('performia/db')).status).toBe('open');
      for (const other of [person('ben', 'operator', ['apart']), person('nob', 'operator', [])]) {
        expect((await alerts.incidents.list(other)).items).toEqual([]);
        for (const verb of ['get', 'acknowledge', 'resolve'] as const) {
          const hidden = await alerts.incidents[verb](other, id).catch((error: unknown) => error);
          const absent = await alerts.incidents[verb](other, 'inc_00000000000000000000000000').catch((e: unknown) => e);
          expect(hidden).toEqual(absent);
          expect(hidden).toMatchObject({ code: 'not_found' });
        }
      }
    });

    it('needs the permission', async () => {
      const { alerts, id } = await both();
      const vic = person('vic', 'viewer');
      await expect(alerts.incidents.list(vic)).rejects.toMatchObject({ code: 'forbidden' });
      for (const verb of ['get', 'acknowledge', 'resolve'] as const)
        await expect(alerts.incidents[verb](vic, id)).rejects.toMatchObject({ code: 'forbidden' });
    });

    it.each(['', '*', '{id}', '..', '\0', "inc_' OR 1=1 --", 'x'.repeat(5000)])('finds none under %j', async (id) => {
      const { alerts } = await both();
      await expect(alerts.incidents.get(person('eve'), id)).rejects.toMatchObject({ code: 'not_found' });
    });
  });

  it('costs a handful of statements for a thousand alerts that open, repeat, end and come back at once', async () => {
    const slugs = Array.from({ length: 50 }, (_, n) => `p${n}`);
    const services = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`s${n}`, n === 0 ? [] : ['s0']]));
    const parts = slugs.flatMap((slug) => Object.keys(services).map((name) => `${slug}/${name}`));
    const projects = slugs.map((slug) => project(slug, services));
    const { db, clock, scope, hub, incidents } = await incidentRoom(open, projects);
    const counting = { statements: 0 };
    const alerts = await hub(
      'hub-b',
      db.withPlugin({
        transformQuery: ({ node }) => {
          counting.statements += 1;
          return node;
        },
        transformResult: async ({ result }) => result,
      }),
    );
    const cost = async (firing: readonly string[]) => {
      counting.statements = 0;
      clock.move(1000);
      const findings = firing.map((part) => down(part, { observedAt: clock.now(), settleMs: 10_000 }));
      const done = await alerts.reconcile(findings, { scope, at: clock.now(), whole: true });
      return { ...done, statements: counting.statements };
    };
    const [opened, repeated, resolved, reopened] = [
      await cost(parts),
      await cost(parts),
      await cost([]),
      await cost(parts),
    ];
    expect([opened.opened, repeated.repeated, resolved.resolved, reopened.reopened]).toEqual([1000, 1000, 1000, 1000]);
    for (const { statements } of [opened, repeated, resolved, reopened]) expect(statements).toBeLessThan(60);
    expect((await incidents()).map(({ openAlerts }) => openAlerts)).toEqual(slugs.map(() => 20));
  });

  it('pages incidents newest first, each exactly once, and filters', async () => {
    const slugs = Array.from({ length: 13 }, (_, n) => `p${n}`);
    const { alerts, clock, firing } = await incidentRoom(
      open,
      slugs.map((slug) => project(slug, { api: [] })),
    );
    for (const [n] of slugs.entries()) {
      await firing(slugs.slice(0, n + 1).map((slug) => `${slug}/api`));
      clock.move(1000);
    }
    await firing(slugs.slice(0, 10).map((slug) => `${slug}/api`));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page: Awaited<ReturnType<typeof alerts.incidents.list>> = await alerts.incidents.list(person('eve'), {
        limit: 5,
        cursor,
      });
      seen.push(...page.items.map((incident) => incident.project));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(slugs.toReversed());
    const count = async (filter: Parameters<typeof alerts.incidents.list>[1]) =>
      (await alerts.incidents.list(person('eve'), filter)).items.length;
    expect(await count({ status: 'open' })).toBe(10);
    expect(await count({ status: 'resolved' })).toBe(3);
    expect(await count({ project: 'p3' })).toBe(1);
    await expect(alerts.incidents.list(person('eve'), { cursor: 'alr_1' })).rejects.toMatchObject({ code: 'invalid' });
  });
}
