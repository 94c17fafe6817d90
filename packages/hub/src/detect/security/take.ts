import { AttackReport, type AttackSighting } from '@orrery/protocol';
import type { Db } from '../../platform/db.ts';
import { newId } from '../../platform/ids.ts';
import { fingerprintOf } from '../finding.ts';
import { bucketOf } from '../templates/counts.ts';
import type { SecurityTables } from './tables.ts';

/** The event by which a product tells of attacks. */
export const ATTACK_EVENT = 'security.attack';
/** Incidents of one project that are told apart; whoever changes routes, names and actors all the time fills no more. */
const MOST_INCIDENTS = 5000;

type Told = { project: string; type: string; data?: unknown };
type Tally = Pick<
  AttackSighting,
  'family' | 'rule' | 'route' | 'place' | 'actor' | 'count' | 'passed' | 'refused' | 'failed'
>;

/** Counts the attacks that some events tell of, inside the transaction that stores them. The time is the hub's: clocks of products differ. */
export async function takeAttacks(trx: Db, events: readonly Told[], now: number): Promise<void> {
  for (const { project, type, data } of events) {
    if (type !== ATTACK_EVENT) continue;
    // The door has parsed what a product pushed; a rule of somebody's may write an event of this name as well.
    const report = AttackReport.safeParse(data);
    if (report.success) await countAttacks(trx, project, report.data.sightings, now);
  }
}

/** Adds sightings to the incidents of a project. */
export async function countAttacks(trx: Db, project: string, sightings: readonly Tally[], now: number): Promise<void> {
  const full = await isFull(trx, project);
  const tallies = new Map<string, Tally>();
  for (const one of sightings) {
    const { family, rule, route, place, actor } = full ? folded(one) : one;
    const fingerprint = fingerprintOf('attack', project, family, rule, route, actor);
    const known = tallies.get(fingerprint);
    const sum = (field: 'count' | 'passed' | 'refused' | 'failed') => (known?.[field] ?? 0) + one[field];
    tallies.set(fingerprint, {
      ...{ family, rule, route, place, actor },
      ...{ count: sum('count'), passed: sum('passed'), refused: sum('refused'), failed: sum('failed') },
    });
  }
  // In one order, so that two deliveries wait for each other and do not block each other.
  for (const [fingerprint, tally] of [...tallies].sort(([a], [b]) => (a < b ? -1 : 1)))
    await add(trx, project, fingerprint, tally, now);
}

async function add(trx: Db, project: string, fingerprint: string, tally: Tally, now: number): Promise<void> {
  const tables = trx.withTables<SecurityTables>();
  const { count, ...rest } = tally;
  const { id } = await tables
    .insertInto('security_incidents')
    .values({ id: newId('sec', now), project, fingerprint, ...rest, total: count, first_at: now, last_at: now })
    .onConflict((conflict) =>
      conflict.column('fingerprint').doUpdateSet(({ eb, ref }) => ({
        total: eb('security_incidents.total', '+', ref('excluded.total')),
        passed: eb('security_incidents.passed', '+', ref('excluded.passed')),
        refused: eb('security_incidents.refused', '+', ref('excluded.refused')),
        failed: eb('security_incidents.failed', '+', ref('excluded.failed')),
        last_at: ref('excluded.last_at'),
      })),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  await tables
    .insertInto('security_counts')
    .values({ incident: id, bucket: bucketOf(now), attacks: count })
    .onConflict((conflict) =>
      conflict
        .columns(['incident', 'bucket'])
        .doUpdateSet(({ eb, ref }) => ({ attacks: eb('security_counts.attacks', '+', ref('excluded.attacks')) })),
    )
    .execute();
}

async function isFull(trx: Db, project: string): Promise<boolean> {
  const { n } = await trx
    .withTables<SecurityTables>()
    .selectFrom('security_incidents')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('project', '=', project)
    .executeTakeFirstOrThrow();
  return Number(n) >= MOST_INCIDENTS;
}

const folded = (one: Tally): Tally => ({ ...one, rule: 'other', route: '(other)', place: 'path', actor: 'others' });

const KEPT_MS = 30 * 86_400_000;
const DAY_MS = 86_400_000;

/** Forgets incidents that were not seen for 30 days or whose project is gone, and counts older than a day. */
export async function expireAttacks(db: Db, now: number, projects: readonly string[]): Promise<void> {
  const tables = db.withTables<SecurityTables>();
  await tables
    .deleteFrom('security_incidents')
    .where('last_at', '<', now - KEPT_MS)
    .execute();
  const known = await tables.selectFrom('security_incidents').select('project').distinct().execute();
  for (const { project } of known)
    if (!projects.includes(project))
      await tables.deleteFrom('security_incidents').where('project', '=', project).execute();
  await tables
    .deleteFrom('security_counts')
    .where('bucket', '<', bucketOf(now - DAY_MS) - 1)
    .execute();
}
