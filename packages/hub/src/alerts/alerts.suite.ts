import type { Alert } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import type { OpenTestDatabase } from '../../../../test/services/databases.ts';
import { verifyAudit } from '../access/index.ts';
import { createEvents } from '../events/index.ts';
import { systemClock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { silentLog } from '../platform/testing.ts';
import type { DeclaredChannel } from './index.ts';
import type { AlertTables } from './tables.ts';
import { alertsOn, finding, movableClock, person } from './testing.ts';

const T = Date.UTC(2026, 10, 21, 4);
const scope = ['veria', 'performia'];
const hook = (name: string, more: object = {}): DeclaredChannel => ({
  declaration: { name, kind: 'webhook', url: 'http://127.0.0.1:9/hook', ...more },
  ref: 'orrery.yaml:3',
});
const outbox = (db: Db) =>
  db
    .withTables<AlertTables>()
    .selectFrom('deliveries')
    .select(['alert_id', 'type', 'channel', 'payload'])
    .orderBy('id')
    .execute();
const told = async (db: Db) => (await outbox(db)).map(({ type, channel }) => `${type}>${channel}`).sort();
const happened = async (db: Db) =>
  (await createEvents({ db, clock: systemClock, log: silentLog }).recent(person('eve'), { limit: 100 })).items
    .map(({ type }) => type)
    .filter((type) => type.startsWith('alert.'))
    .reverse();
const one = (alerts: Alert[]): Alert => {
  if (!alerts[0] || alerts.length !== 1) throw new Error(`expected one alert, there are ${alerts.length}`);
  return alerts[0];
};

/** What holds for alerts on every database. */
export function alertsSuite(open: OpenTestDatabase): void {
  const room = async (overrides: Parameters<typeof alertsOn>[1] = {}) => {
    const { db } = await open();
    const clock = movableClock(T);
    const alerts = alertsOn(db, { clock, ...overrides });
    await alerts.syncChannels([hook('ops'), hook('pager', { severities: ['critical'], projects: ['veria'] })]);
    return { db, clock, alerts, all: async () => (await alerts.list(person('eve'))).items };
  };

  describe('reconciling', () => {
    it('opens one alert per finding, tells the channels that want it, and does nothing the second time', async () => {
      const { db, alerts, all } = await room();
      const findings = [finding(), finding({ fingerprint: 'fp-2', project: 'performia', severity: 'warning' })];
      expect(await alerts.reconcile(findings, { scope, at: T })).toEqual({ opened: 2, resolved: 0, repeated: 0 });
      expect(await alerts.reconcile(findings, { scope, at: T + 1 })).toEqual({ opened: 0, resolved: 0, repeated: 0 });
      expect((await all()).map(({ project, status, occurrences }) => [project, status, occurrences]).sort()).toEqual([
        ['performia', 'open', 1],
        ['veria', 'open', 1],
      ]);
      expect(await told(db)).toEqual(['alert.opened>ops', 'alert.opened>ops', 'alert.opened>pager']);
      expect(await happened(db)).toEqual(['alert.opened', 'alert.opened']);
    });

    it('counts a finding when it is newly observed, and shows its newest values', async () => {
      const { alerts, all } = await room();
      await alerts.reconcile([finding()], { scope, at: T });
      await alerts.reconcile([finding({ observedAt: T + 5000, description: 'now 9.9' })], { scope, at: T + 5000 });
      await alerts.reconcile([finding({ observedAt: T + 5000, description: 'now 9.9' })], { scope, at: T + 6000 });
      expect(one(await all())).toMatchObject({
        occurrences: 2,
        description: 'now 9.9',
        lastSeenAt: '2026-11-21T04:00:05.000Z',
        createdAt: '2026-11-21T04:00:00.000Z',
      });
    });

    it('resolves what is gone and tells exactly those who were told that it opened', async () => {
      const { db, alerts, all } = await room();
      await alerts.reconcile([finding()], { scope, at: T });
      await alerts.syncChannels([hook('ops'), hook('late')]);
      expect(await alerts.reconcile([], { scope, at: T + 60_000 })).toEqual({ opened: 0, resolved: 1, repeated: 0 });
      expect(one(await all())).toMatchObject({
        status: 'resolved',
        resolvedBy: 'recovery',
        resolvedAt: '2026-11-21T04:01:00.000Z',
      });
      expect(await told(db)).toEqual([
        'alert.opened>ops',
        'alert.opened>pager',
        'alert.resolved>ops',
        'alert.resolved>pager',
      ]);
      expect(await happened(db)).toEqual(['alert.opened', 'alert.resolved']);
    });

    it('keeps in the outbox what was true at the time', async () => {
      const { db, alerts } = await room();
      await alerts.reconcile([finding()], { scope, at: T });
      await alerts.reconcile([], { scope, at: T + 60_000 });
      const [opened, , resolved] = (await outbox(db)).map(({ payload }) => JSON.parse(payload));
      expect(opened).toMatchObject({ type: 'alert.opened', at: '2026-11-21T04:00:00.000Z', alert: { status: 'open' } });
      expect(resolved).toMatchObject({
        type: 'alert.resolved',
        at: '2026-11-21T04:01:00.000Z',
        alert: { status: 'resolved' },
      });
    });

    it('leaves projects alone that were not evaluated', async () => {
      const { alerts, all } = await room();
      await alerts.reconcile([finding()], { scope, at: T });
      await alerts.reconcile([], { scope: ['performia'], at: T + 1000 });
      await alerts.reconcile([finding({ fingerprint: 'stray', project: 'rollizr' })], { scope, at: T + 1000 });
      expect((await all()).map(({ project }) => project)).toEqual(['veria']);
    });

    it('opens a new alert when the same finding fires again after its end', async () => {
      const { db, alerts, all } = await room();
      await alerts.reconcile([finding()], { scope, at: T });
      await alerts.reconcile([], { scope, at: T + 1000 });
      await alerts.reconcile([finding({ observedAt: T + 2000 })], { scope, at: T + 2000 });
      expect((await all()).map(({ status }) => status)).toEqual(['open', 'resolved']);
      expect((await told(db)).filter((line) => line === 'alert.opened>ops')).toHaveLength(2);
    });

    it('tells a channel for critical alerts when what was a warning is critical, which is another alert', async () => {
      const { db, alerts, all } = await room();
      await alerts.reconcile([finding({ severity: 'warning' })], { scope, at: T });
      expect(await told(db)).toEqual(['alert.opened>ops']);
      await alerts.reconcile([finding({ fingerprint: 'fp-2', severity: 'critical' })], { scope, at: T + 1000 });
      expect((await all()).map(({ severity, status }) => `${severity} ${status}`).sort()).toEqual([
        'critical open',
        'warning resolved',
      ]);
      expect((await told(db)).toSorted()).toEqual([
        'alert.opened>ops',
        'alert.opened>ops',
        'alert.opened>pager',
        'alert.resolved>ops',
      ]);
    });

    it('opens once and tells once when two hubs see the same at once', async () => {
      const { db, alerts, all, clock } = await room();
      const other = alertsOn(db, { clock, holderId: 'hub-b' });
      await other.syncChannels([hook('ops'), hook('pager')]);
      const findings = Array.from({ length: 40 }, (_, i) => finding({ fingerprint: `fp-${i}` }));
      const first = await Promise.all(
        [alerts, other, alerts, other].map((hub) => hub.reconcile(findings, { scope, at: T })),
      );
      expect(first.reduce((sum, { opened }) => sum + opened, 0)).toBe(40);
      expect(await all()).toHaveLength(40);
      const second = await Promise.all(
        [alerts, other, alerts, other].map((hub) => hub.reconcile([], { scope, at: T + 1 })),
      );
      expect(second.reduce((sum, { resolved }) => sum + resolved, 0)).toBe(40);
      const counts = Object.entries(Object.groupBy(await told(db), (line) => line)).map(([line, rows]) => [
        line,
        rows?.length,
      ]);
      expect(counts.sort()).toEqual([
        ['alert.opened>ops', 40],
        ['alert.opened>pager', 40],
        ['alert.resolved>ops', 40],
        ['alert.resolved>pager', 40],
      ]);
      expect(await happened(db)).toHaveLength(80);
    });

    it('ignores what a paused hub found before another one went on, but not a clock that was set back', async () => {
      const { alerts, all, clock } = await room();
      await alerts.reconcile([finding()], { scope, at: T });
      expect(await alerts.reconcile([], { scope, at: T - 60_000 })).toMatchObject({ resolved: 0 });
      expect(await alerts.reconcile([], { scope, at: T - 3_600_000 })).toMatchObject({ resolved: 0 });
      expect(one(await all()).status).toBe('open');
      clock.move(-3_600_000);
      expect(await alerts.reconcile([], { scope, at: T - 3_600_000 })).toMatchObject({ resolved: 1 });
    });

    it('stores nothing of a reconciliation whose event cannot be written', async () => {
      const { db, alerts, all } = await room({
        appendEvents: () => Promise.reject(new Error('the event stream is full')),
      });
      await expect(alerts.reconcile([finding()], { scope, at: T })).rejects.toThrow('the event stream is full');
      expect(await all()).toEqual([]);
      expect(await told(db)).toEqual([]);
    });

    it('ends the alerts of projects that are no longer watched', async () => {
      const { alerts, all } = await room();
      await alerts.reconcile([finding(), finding({ fingerprint: 'fp-2', project: 'performia' })], { scope, at: T });
      expect(await alerts.retire(['performia'])).toBe(1);
      expect(await alerts.retire(['performia'])).toBe(0);
      const gone = (await all()).find(({ project }) => project === 'veria');
      expect(gone).toMatchObject({ status: 'resolved', resolvedBy: 'removal of the project' });
    });
  });

  describe('a person', () => {
    const opened = async () => {
      const made = await room();
      await made.alerts.reconcile([finding()], { scope, at: T });
      return { ...made, id: one(await made.all()).id };
    };

    it('acknowledges an open alert once; of two at the same moment the second is told who was first', async () => {
      const { db, alerts, id } = await opened();
      const results = await Promise.allSettled([
        alerts.acknowledge(person('ann'), id),
        alerts.acknowledge(person('ben'), id),
      ]);
      const won = results.filter((result) => result.status === 'fulfilled');
      const lost = results.filter((result) => result.status === 'rejected');
      expect([won.length, lost.length]).toEqual([1, 1]);
      const winner = won[0]?.value.acknowledgedBy;
      expect(['ann', 'ben']).toContain(winner);
      expect(lost[0]?.reason).toMatchObject({
        code: 'conflict',
        message: `This alert is acknowledged by ${winner} since 2026-11-21T04:00:00.000Z: it cannot be acknowledged now.`,
      });
      expect((await happened(db)).filter((type) => type === 'alert.acknowledged')).toHaveLength(1);
      expect(await verifyAudit(db)).toMatchObject({ ok: true, entries: 1 });
    });

    it('either acknowledges or resolves when both are tried at once, and the outcome is one of the two orders', async () => {
      const { alerts, id } = await opened();
      const [acknowledged, resolved] = await Promise.allSettled([
        alerts.acknowledge(person('ann'), id),
        alerts.resolve(person('ben'), id),
      ]);
      expect(resolved.status).toBe('fulfilled');
      const end = await alerts.get(person('eve'), id);
      expect(end).toMatchObject({ status: 'resolved', resolvedBy: 'ben' });
      expect(end.acknowledgedBy).toBe(acknowledged.status === 'fulfilled' ? 'ann' : undefined);
    });

    it('resolves an alert that a recovery resolves at the same moment: one of them did, and it is told once', async () => {
      const { db, alerts, id } = await opened();
      const [byHand, byRecovery] = await Promise.allSettled([
        alerts.resolve(person('ann'), id),
        alerts.reconcile([], { scope, at: T + 1000 }),
      ]);
      const recovered = byRecovery.status === 'fulfilled' ? byRecovery.value.resolved : -1;
      expect(recovered + (byHand.status === 'fulfilled' ? 1 : 0)).toBe(1);
      expect((await told(db)).filter((line) => line === 'alert.resolved>ops')).toHaveLength(1);
    });

    it('resolves an alert that still fires: it stays resolved until the finding was gone once', async () => {
      const { db, alerts, all, id } = await opened();
      await alerts.resolve(person('ann'), id);
      expect(await alerts.reconcile([finding({ observedAt: T + 1000 })], { scope, at: T + 1000 })).toMatchObject({
        opened: 0,
      });
      expect(await alerts.reconcile([finding({ observedAt: T + 2000 })], { scope, at: T + 2000 })).toMatchObject({
        opened: 0,
      });
      expect(one(await all())).toMatchObject({ status: 'resolved', resolvedBy: 'ann' });
      await alerts.reconcile([], { scope, at: T + 3000 });
      expect(await alerts.reconcile([finding({ observedAt: T + 4000 })], { scope, at: T + 4000 })).toMatchObject({
        opened: 1,
      });
      expect((await told(db)).filter((line) => line === 'alert.resolved>ops')).toHaveLength(1);
    });

    it('ignores an alert for as long as it fires; an acknowledged one stays acknowledged; both end by recovery', async () => {
      const { alerts, all, id } = await opened();
      await alerts.acknowledge(person('ann'), id);
      await alerts.reconcile([finding({ observedAt: T + 1000 })], { scope, at: T + 1000 });
      expect(one(await all())).toMatchObject({ status: 'acknowledged', occurrences: 2 });
      expect(await alerts.ignore(person('ann'), id)).toMatchObject({ status: 'ignored' });
      await alerts.reconcile([finding({ observedAt: T + 2000 })], { scope, at: T + 2000 });
      expect(one(await all())).toMatchObject({ status: 'ignored', occurrences: 3 });
      await alerts.reconcile([], { scope, at: T + 3000 });
      expect(one(await all())).toMatchObject({ status: 'resolved', resolvedBy: 'recovery' });
    });

    it.each(['acknowledge', 'resolve', 'ignore'] as const)(
      'cannot %s what is over, and is told how it stands',
      async (verb) => {
        const { alerts, id } = await opened();
        await alerts.reconcile([], { scope, at: T + 1000 });
        await expect(alerts[verb](person('ann'), id)).rejects.toMatchObject({
          code: 'conflict',
          message: expect.stringContaining('This alert is resolved by recovery since 2026-11-21T04:00:01.000Z'),
        });
      },
    );

    it('needs the permission, and finds of other projects nothing at all', async () => {
      const { alerts, id } = await opened();
      const other = person('ann', 'operator', ['performia']);
      await expect(alerts.acknowledge(person('vic', 'viewer'), id)).rejects.toMatchObject({ code: 'forbidden' });
      await expect(alerts.get(person('vic', 'viewer'), id)).rejects.toMatchObject({ code: 'forbidden' });
      await expect(alerts.list(person('vic', 'viewer'))).rejects.toMatchObject({ code: 'forbidden' });
      for (const verb of ['get', 'acknowledge', 'resolve', 'ignore'] as const) {
        const hidden = await alerts[verb](other, id).catch((error: unknown) => error);
        const absent = await alerts[verb](other, 'alr_00000000000000000000000000').catch((error: unknown) => error);
        expect(hidden).toEqual(absent);
        expect(hidden).toMatchObject({ code: 'not_found' });
      }
      expect((await alerts.list(other)).items).toEqual([]);
      expect((await alerts.list(other, { project: 'veria' })).items).toEqual([]);
      expect((await alerts.list(person('nob', 'operator', []))).items).toEqual([]);
      expect(await alerts.get(person('eve'), id)).toMatchObject({ status: 'open' });
    });

    it.each(['', '*', 'null', ':id', '{id}', '..', '\0', 'alr_%00', "alr_' OR 1=1 --", 'x'.repeat(5000)])(
      'finds nothing under the id %j',
      async (id) => {
        const { alerts } = await opened();
        await expect(alerts.get(person('eve'), id)).rejects.toMatchObject({ code: 'not_found' });
      },
    );
  });

  describe('the list', () => {
    it('pages newest first, each alert exactly once, and filters', async () => {
      const { alerts } = await room();
      for (let i = 0; i < 23; i++)
        await alerts.reconcile(
          [finding({ fingerprint: `f${i}`, project: `p${i}`, severity: i % 2 ? 'critical' : 'info', title: `t${i}` })],
          { scope: [`p${i}`], at: T + i * 1000 },
        );
      const titles: string[] = [];
      let cursor: string | undefined;
      do {
        const page: Awaited<ReturnType<typeof alerts.list>> = await alerts.list(person('eve'), { limit: 5, cursor });
        titles.push(...page.items.map(({ title }) => title));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(titles).toEqual(Array.from({ length: 23 }, (_, i) => `t${22 - i}`));
      await alerts.reconcile([], { scope: ['p1', 'p2'], at: T + 60_000 });
      const count = async (filter: Parameters<typeof alerts.list>[1]) =>
        (await alerts.list(person('eve'), filter)).items.length;
      expect(await count({ status: ['resolved'] })).toBe(2);
      expect(await count({ status: ['open', 'resolved'] })).toBe(23);
      expect(await count({ severity: ['critical'], status: ['open'] })).toBe(10);
      expect(await count({ project: 'p7' })).toBe(1);
      expect((await alerts.list(person('ann', 'operator', ['p3', 'p4']))).items.map(({ project }) => project)).toEqual([
        'p4',
        'p3',
      ]);
    });

    it.each(['1', '', 'dlv_00000000000000000000000000', "alr_'", 'null'])(
      'refuses the cursor %j by name',
      async (cursor) => {
        const { alerts } = await room();
        await expect(alerts.list(person('eve'), { cursor })).rejects.toMatchObject({
          code: 'invalid',
          fields: [{ field: 'query.cursor', reason: 'is not a cursor of this list' }],
        });
      },
    );
  });

  it('forgets what has been over for long, and keeps what lives or is still to be told', async () => {
    const { db, clock, alerts, all } = await room();
    await alerts.reconcile([finding(), finding({ fingerprint: 'fp-2' })], { scope, at: T });
    await alerts.syncChannels([]);
    await alerts.reconcile([finding({ fingerprint: 'fp-3' }), finding({ fingerprint: 'fp-2' })], {
      scope,
      at: T + 1000,
    });
    await alerts.reconcile([finding({ fingerprint: 'fp-2' })], { scope, at: T + 2000 });
    clock.move(3_600_000);
    await alerts.expire(60_000);
    // fp-3 was told to nobody and is gone; fp-1 is over, but its channels have not heard of it.
    expect((await all()).map(({ fingerprint }) => fingerprint).sort()).toEqual(['fp-1', 'fp-2']);
    clock.move(86_400_000);
    await alerts.expire(60_000);
    expect((await all()).map(({ fingerprint }) => fingerprint)).toEqual(['fp-2']);
    expect((await outbox(db)).every(({ alert_id }) => alert_id !== null)).toBe(true);
  });

  it('measures what lives and what waits', async () => {
    const { alerts } = await room();
    await alerts.reconcile([finding(), finding({ fingerprint: 'fp-2', severity: 'info' })], { scope, at: T });
    const measured = await alerts.measures.living();
    expect(measured.map(({ labels, value }) => `${labels.status} ${labels.severity} ${value}`).sort()).toEqual([
      'open critical 1',
      'open info 1',
    ]);
    expect(await alerts.measures.pending()).toEqual([
      { labels: { channel: 'ops' }, value: 2 },
      { labels: { channel: 'pager' }, value: 1 },
    ]);
  });
}
