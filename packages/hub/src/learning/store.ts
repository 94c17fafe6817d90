import { Symptom } from '@orrery/protocol';
import { sql } from 'kysely';
import type { Db } from '../platform/db.ts';
import { MEMORY_MS, type Seen } from './believe.ts';
import type { LearningTables } from './tables.ts';

export const learningIn = (db: Db) => db.withTables<LearningTables>();

const DAY = 86_400_000;

/** All that is remembered, summed up by pattern and day: so many rows as days on which something was repaired. */
export async function readSeen(db: Db, now: number): Promise<Seen[]> {
  const rows = await learningIn(db)
    .selectFrom('pattern_evidence as e')
    .leftJoin('pattern_allowances as a', 'a.id', 'e.pattern_id')
    .select(['e.pattern_id', 'e.project', 'e.service', 'e.symptom', 'e.remedy_kind', 'e.remedy_form'])
    .select(({ fn }) => [
      sql<number>`CASE WHEN e.import_id IS NULL THEN 0 ELSE 1 END`.as('imported'),
      fn.sum<number>('e.tries').as('tries'),
      fn.sum<number>('e.successes').as('successes'),
      sql<number>`SUM(CASE WHEN a.at IS NULL OR e.at > a.at THEN e.tries ELSE 0 END)`.as('tries_since'),
      sql<number>`SUM(CASE WHEN a.at IS NULL OR e.at > a.at THEN e.successes ELSE 0 END)`.as('successes_since'),
      fn.max<number>('e.at').as('at'),
    ])
    .where('e.at', '>', now - MEMORY_MS)
    .groupBy(['e.pattern_id', 'e.project', 'e.service', 'e.symptom', 'e.remedy_kind', 'e.remedy_form'])
    .groupBy([sql`CASE WHEN e.import_id IS NULL THEN 0 ELSE 1 END`, sql`e.at / ${sql.lit(DAY)}`])
    .execute();
  return rows.map((row) => ({
    patternId: row.pattern_id,
    project: row.project,
    service: row.service,
    symptom: Symptom.parse(JSON.parse(row.symptom)),
    remedy: { kind: row.remedy_kind, form: row.remedy_form },
    imported: Number(row.imported) === 1,
    tries: Number(row.tries),
    successes: Number(row.successes),
    triesSince: Number(row.tries_since),
    successesSince: Number(row.successes_since),
    at: Number(row.at),
  }));
}
