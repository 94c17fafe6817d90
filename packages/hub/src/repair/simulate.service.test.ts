import { HealLimits, HealPolicy } from '@orrery/protocol';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { eachDatabase } from '../../../../test/services/databases.ts';
import { audit } from '../access/index.ts';
import { alertsOn, finding, movableClock, openOutbound, person } from '../alerts/testing.ts';
import type { Db, DbKind } from '../platform/db.ts';
import { createSecrets } from '../platform/secrets.ts';
import { silentLog } from '../platform/testing.ts';
import { createRepair } from './index.ts';

const MINUTE = 60_000;

/** Every row of every table. */
async function everything(db: Db, kind: DbKind): Promise<string> {
  const { rows } = await (kind === 'sqlite'
    ? sql<{ name: string }>`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`
    : sql<{ name: string }>`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`
  ).execute(db);
  expect(rows.length).toBeGreaterThan(40);
  const all = [];
  for (const { name } of rows) all.push([name, (await sql`SELECT * FROM ${sql.table(name)}`.execute(db)).rows]);
  return JSON.stringify(all);
}

eachDatabase((kind, open) => {
  test('a simulation of last week says what would have been done, and leaves every table as it was', async () => {
    const { db } = await open();
    const clock = movableClock();
    const alerts = alertsOn(db, { clock });
    const down = (service: string) =>
      finding({
        ...{
          detector: 'status',
          category: 'availability',
          fingerprint: service,
          service,
          title: `veria/${service} is down`,
        },
        description: 'The http probe of http://x/ says down: answered HTTP 503, expected 200–299.',
        observedAt: clock.now(),
      });
    // Two services were down for ten minutes, one after the other, and one still is.
    for (const service of ['api', 'web']) {
      await alerts.reconcile([down(service)], { scope: ['veria'], at: clock.now() });
      clock.move(10 * MINUTE);
      await alerts.reconcile([], { scope: ['veria'], at: clock.now() });
      clock.move(60 * MINUTE);
    }
    await alerts.reconcile([down('api')], { scope: ['veria'], at: clock.now() });
    clock.move(MINUTE);
    const told: string[] = [];
    const refuse = (what: string) => () => {
      told.push(what);
      throw new Error(`a simulation must not ${what}`);
    };
    const repair = createRepair({
      ...{ db, clock, log: silentLog, audit, outbound: openOutbound(), holderId: 'hub-a' },
      secrets: createSecrets(Buffer.alloc(32, 7).toString('base64'), []),
      limits: () => HealLimits.parse({ maxSharePercent: 100 }),
      enabled: () => true,
      ...{ alerts: alerts.living, pastAlerts: alerts.past, inMaintenance: alerts.inMaintenance },
      states: async () => [],
      lessons: async () => () => ({ expected: 0.5, tries: 0, successes: 0, upper: 0.9 }),
      checkSoon: refuse('look'),
      lookFromElsewhere: refuse('ask others'),
      act: refuse('act'),
      ...{
        appendEvents: refuse('tell'),
        onStep: refuse('tell people'),
        stepped: refuse('tell people'),
        lookNow: refuse('look'),
      },
    });
    const policy = HealPolicy.parse({ name: 'restart', remedy: { kind: 'command', run: ['/bin/false'] } });
    const services = ['api', 'web'].map((name) => ({ name, heal: [policy] }));
    repair.syncProjects([{ slug: 'veria', services, declaredIn: { source: 'file', ref: 'orrery.yaml:1' } } as never]);
    const before = await everything(db, kind);
    const simulation = await repair.simulate(person('otto'), { days: 7 });
    expect(await everything(db, kind)).toBe(before);
    expect(told).toEqual([]);
    const [api, web] = simulation.policies;
    expect(api).toMatchObject({ service: 'api', mode: 'dryRun', alerts: 2 });
    expect(api?.acts[0]).toMatchObject({ kind: 'act', reason: 'the policy is a dry run', endedAfterMs: 10 * MINUTE });
    expect(api?.acts.at(-1)).toMatchObject({ endedAfterMs: null, openForMs: MINUTE });
    expect(web).toMatchObject({ service: 'web', alerts: 1 });
    const others = await repair.simulate(person('eve', 'operator', ['bank']), { days: 7 });
    expect(others.policies).toEqual([]);
    await expect(repair.simulate(person('vic', 'viewer'), { days: 7 })).rejects.toMatchObject({ code: 'forbidden' });
  });
});
