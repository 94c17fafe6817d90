import { type AttackFamily, type AttackState, attackShape, type SecurityIncident } from '@orrery/protocol';
import { authorize, type Caller, inProjects } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import { bucketOf, byHour } from '../templates/counts.ts';
import { ACTIVE_MS, gravity } from './judge.ts';
import type { IncidentRow, SecurityTables } from './tables.ts';

export type SecurityFilter = {
  limit: number;
  project?: string | undefined;
  family?: AttackFamily | undefined;
  state?: AttackState | undefined;
  cursor?: string | undefined;
};
type Deps = { db: Db; now: () => number };

const DAY_MS = 86_400_000;

/** Security incidents, those seen last first; of projects that the caller may see. */
export async function listSecurity(
  { db, now: clock }: Deps,
  caller: Caller,
  filter: SecurityFilter,
): Promise<{ items: SecurityIncident[]; nextCursor?: string }> {
  authorize(caller, 'ops:view', filter.project);
  const now = clock();
  let query = db
    .withTables<SecurityTables>()
    .selectFrom('security_incidents')
    .selectAll()
    .where(inProjects(caller, 'project'))
    .orderBy('last_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  if (filter.project !== undefined) query = query.where('project', '=', filter.project);
  if (filter.family !== undefined) query = query.where('family', '=', filter.family);
  if (filter.state !== undefined)
    query = query.where('last_at', filter.state === 'active' ? '>' : '<=', now - ACTIVE_MS);
  const after = filter.cursor === undefined ? undefined : readCursor(filter.cursor);
  if (after)
    query = query.where(({ eb, or, and }) =>
      or([eb('last_at', '<', after.at), and([eb('last_at', '=', after.at), eb('id', '<', after.id)])]),
    );
  const rows = await query.execute();
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  return {
    items: await toIncidents(db, page, now),
    ...(rows.length > filter.limit && last ? { nextCursor: `${last.last_at}_${last.id}` } : {}),
  };
}

/** One security incident; throws not_found for one of a project that does not exist for the caller. */
export async function getSecurity({ db, now: clock }: Deps, caller: Caller, id: string): Promise<SecurityIncident> {
  authorize(caller, 'ops:view');
  const row = await db
    .withTables<SecurityTables>()
    .selectFrom('security_incidents')
    .selectAll()
    .where('id', '=', id)
    .where(inProjects(caller, 'project'))
    .executeTakeFirst();
  const [incident] = row ? await toIncidents(db, [row], clock()) : [];
  if (!incident) throw new HubError('not_found', `No security incident "${id}".`);
  return incident;
}

export const CURSOR = /^\d{1,16}_sec_[0-9a-z]{20,40}$/;

function readCursor(cursor: string): { at: number; id: string } {
  const end = cursor.indexOf('_');
  return { at: Number(cursor.slice(0, end)), id: cursor.slice(end + 1) };
}

async function toIncidents(db: Db, rows: readonly IncidentRow[], now: number): Promise<SecurityIncident[]> {
  const counts = await countsOf(
    db,
    rows.map(({ id }) => id),
    now,
  );
  return rows.map((row) => {
    const own = counts.get(row.id) ?? [];
    const family = row.family as AttackFamily;
    const [total, passed, refused, failed] = [row.total, row.passed, row.refused, row.failed].map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const peak = Math.max(0, ...own.filter(([bucket]) => bucket >= bucketOf(now - 3_600_000)).map(([, n]) => n));
    return {
      id: row.id,
      project: row.project,
      family,
      rule: row.rule,
      route: row.route,
      shape: attackShape({ ...row, family }),
      actor: row.actor,
      severity: gravity([{ family, rule: row.rule, passed, failed }], peak),
      state: now - row.last_at < ACTIVE_MS ? 'active' : 'ended',
      ...{ total, passed, refused, failed },
      firstAt: iso(row.first_at),
      lastAt: iso(row.last_at),
      hours: byHour(own, now),
      fingerprint: row.fingerprint,
    };
  });
}

/** Attacks of incidents by ten minutes of the last day, oldest first. */
async function countsOf(db: Db, ids: readonly string[], now: number): Promise<Map<string, [number, number][]>> {
  const counts = new Map<string, [number, number][]>();
  if (ids.length === 0) return counts;
  const rows = await db
    .withTables<SecurityTables>()
    .selectFrom('security_counts')
    .selectAll()
    .where('incident', 'in', ids)
    .where('bucket', '>', bucketOf(now - DAY_MS))
    .orderBy('bucket')
    .execute();
  for (const { incident, bucket, attacks } of rows)
    counts.set(incident, [...(counts.get(incident) ?? []), [Number(bucket), Number(attacks)]]);
  return counts;
}
