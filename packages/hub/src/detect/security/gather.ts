import type { AttackFamily } from '@orrery/protocol';
import type { Db } from '../../platform/db.ts';
import type { AttackFact } from '../facts.ts';
import { bucketOf } from '../templates/counts.ts';
import { ACTIVE_MS } from './judge.ts';
import type { SecurityTables } from './tables.ts';

const HOUR_MS = 3_600_000;
const MOST = 2000;

/** The incidents that are active now in these projects, in all when absent, with the most attacks that any ten minutes of the last hour had. */
export async function attackFacts(
  db: Db,
  projects: readonly string[] | undefined,
  now: number,
): Promise<Map<string, AttackFact[]>> {
  if (projects?.length === 0) return new Map();
  const tables = db.withTables<SecurityTables>();
  let query = tables
    .selectFrom('security_incidents')
    .selectAll()
    .where('last_at', '>', now - ACTIVE_MS)
    .orderBy('last_at', 'desc')
    .limit(MOST);
  if (projects) query = query.where('project', 'in', projects);
  const rows = await query.execute();
  const counts = new Map<string, Map<number, number>>();
  for (let from = 0; from < rows.length; from += 500) {
    const some = await tables
      .selectFrom('security_counts')
      .selectAll()
      .where(
        'incident',
        'in',
        rows.slice(from, from + 500).map(({ id }) => id),
      )
      .where('bucket', '>=', bucketOf(now - HOUR_MS))
      .execute();
    for (const { incident, bucket, attacks } of some) {
      const own = counts.get(incident) ?? new Map<number, number>();
      counts.set(incident, own.set(Number(bucket), Number(attacks)));
    }
  }
  const facts = new Map<string, AttackFact[]>();
  for (const {
    id,
    project,
    family,
    rule,
    route,
    place,
    actor,
    total,
    passed,
    refused,
    failed,
    first_at,
    last_at,
  } of rows) {
    const fact: AttackFact = {
      ...{ family: family as AttackFamily, rule, route, place, actor },
      ...{ total: Number(total), passed: Number(passed), refused: Number(refused), failed: Number(failed) },
      firstAt: first_at,
      lastAt: last_at,
      buckets: counts.get(id) ?? new Map(),
    };
    facts.set(project, [...(facts.get(project) ?? []), fact]);
  }
  return facts;
}
