import { randomUUID } from 'node:crypto';
import type { AttackSighting } from '@orrery/protocol';
import pino from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../../test/services/databases.ts';
import { systemCaller } from '../../access/index.ts';
import { inTransaction } from '../../platform/db.ts';
import { HUB_PROJECT } from '../isolation.ts';
import { createSecurity } from './security.ts';

const CALLER = systemCaller('test');
const sighting = (more: Partial<AttackSighting> = {}): AttackSighting => ({
  ...{ family: 'sql-injection', rule: 'union', route: 'GET /search', place: 'query q', actor: '0123456789abcdef' },
  ...{ count: 1, passed: 1, refused: 0, failed: 0 },
  ...{ firstAt: '2026-11-27T12:00:00Z', lastAt: '2026-11-27T12:00:00Z' },
  ...more,
});

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let now: number;
  let security: ReturnType<typeof createSecurity>;
  const clock = { now: () => now, monotonic: () => now };
  const report = (sightings: readonly AttackSighting[], project = 'veria') =>
    inTransaction(database.db, (trx) =>
      security.take(trx, [{ project, type: 'security.attack', data: { sightings, more: 0 } }]),
    );
  const listed = async (filter: Partial<Parameters<typeof security.list>[1]> = {}) =>
    (await security.list(CALLER, { limit: 100, ...filter })).items;

  beforeEach(async () => {
    database = await open();
    now = Date.parse('2026-11-27T12:00:00Z');
    security = createSecurity({
      ...{ db: database.db, clock, log: pino({ level: 'silent' }), key: new Uint8Array(32) },
      ...{ samples: { latest: async () => [] }, slugs: () => ['veria', 'performia'] },
    });
  });
  afterEach(() => security.own.stop());

  it('adds up what is told at the same time by two hubs, and loses nothing', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        report([sighting({ count: n + 1, passed: n + 1 }), sighting({ rule: 'tautology' })]),
      ),
    );
    const items = await listed();
    expect(items.map(({ rule, total, passed }) => [rule, total, passed]).toSorted()).toEqual([
      ['tautology', 20, 20],
      ['union', 210, 210],
    ]);
    expect(items.find(({ rule }) => rule === 'union')?.hours.reduce((sum, n) => sum + n, 0)).toBe(210);
  });

  it('is active until a quarter of an hour after the last attack, and begins again as the same incident', async () => {
    await report([sighting()]);
    const [first] = await listed({ state: 'active' });
    now += 15 * 60_000;
    expect(await listed({ state: 'active' })).toEqual([]);
    expect(await listed({ state: 'ended' })).toMatchObject([{ id: first?.id, state: 'ended' }]);
    await report([sighting()]);
    expect(await listed({ state: 'active' })).toMatchObject([{ id: first?.id, total: 2 }]);
    expect((await security.facts(undefined, now)).get('veria')).toMatchObject([{ total: 2, rule: 'union' }]);
  });

  it('passes over events of that name that are no reports', async () => {
    await inTransaction(database.db, (trx) =>
      security.take(trx, [
        { project: 'veria', type: 'security.attack', data: { title: 'by a rule of somebody' } },
        { project: 'veria', type: 'deploy.finished', data: { sightings: [sighting()], more: 0 } },
      ]),
    );
    expect(await listed()).toEqual([]);
  });

  it('tells no more than 5,000 incidents of a project apart, whatever is told, and another project has its own', async () => {
    for (let at = 0; at < 5200; at += 64)
      await report(Array.from({ length: 64 }, (_, n) => sighting({ route: `GET /${randomUUID()}/${at + n}` })));
    await report([sighting({ route: 'GET /new' })]);
    await report([sighting()], 'performia');
    const incidents = database.db.withTables<import('./tables.ts').SecurityTables>().selectFrom('security_incidents');
    const rows = await incidents
      .select(['project', ({ fn }) => fn.countAll<number>().as('n')])
      .groupBy('project')
      .execute();
    const n = Object.fromEntries(rows.map((row) => [row.project, Number(row.n)]));
    expect(n.veria).toBeLessThanOrEqual(5000 + 64);
    expect(n.performia).toBe(1);
    const { total } = await incidents.select(({ fn }) => fn.sum<number>('total').as('total')).executeTakeFirstOrThrow();
    expect(Number(total)).toBe(82 * 64 + 2);
  });

  it('forgets after thirty days, and a project that is gone at once', async () => {
    await report([sighting()]);
    await report([sighting()], 'gone');
    await report([sighting()], HUB_PROJECT);
    await security.expire(['veria', HUB_PROJECT]);
    expect((await listed()).map(({ project }) => project).toSorted()).toEqual([HUB_PROJECT, 'veria']);
    now += 31 * 86_400_000;
    await security.expire(['veria', HUB_PROJECT]);
    expect(await listed()).toEqual([]);
  });

  it('counts what the hub sees in its own requests', async () => {
    const request = {
      method: 'POST',
      route: '/api/auth/sign-in/email',
      target: '/api/auth/sign-in/email',
      ip: '203.0.113.7',
    };
    for (let n = 0; n < 12; n++) security.own.see({ ...request, status: n < 6 ? 401 : 429, header: () => undefined });
    await security.own.flush();
    expect(await listed({ project: HUB_PROJECT })).toMatchObject([
      { family: 'brute-force', rule: 'guessing', total: 12, refused: 12, route: 'POST /api/auth/sign-in/email' },
    ]);
    expect(await security.summary()).toMatchObject({
      attacks24h: 12,
      activeIncidents: 1,
      attackedProjects: [HUB_PROJECT],
    });
  });

  it('says how each project stands, attacked or not', async () => {
    await report([sighting({ count: 3 }), sighting({ family: 'xss', rule: 'script' })]);
    expect((await security.posture(CALLER)).items).toMatchObject([
      { project: 'performia', inspected: false, attacks: {}, activeIncidents: 0, lastAttackAt: null },
      { project: 'veria', inspected: true, attacks: { 'sql-injection': 3, xss: 1 }, activeIncidents: 2 },
    ]);
  });
});
