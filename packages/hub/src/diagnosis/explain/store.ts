import type { Explanation } from '@orrery/protocol';
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Db } from '../../platform/db.ts';
import { diagnosesIn } from '../store.ts';
import type { DiagnosisRow } from '../tables.ts';

/** What was said of an incident serves others of the same fingerprint so long; then it is asked anew. */
const LASTS_MS = 24 * 3_600_000;
/** Who failed is asked again after this long; who has not answered by then is taken for gone. */
const AGAIN_MS = 15 * 60_000;
const GONE_MS = 3 * 60_000;

/** The explanation that belongs to a diagnosis: its claims whose evidence is among these ids. */
export async function explanationOf(
  db: Db,
  { fingerprint }: Pick<DiagnosisRow, 'fingerprint'>,
  ids: ReadonlySet<string>,
): Promise<Explanation | null> {
  const row = await diagnosesIn(db)
    .selectFrom('diagnosis_explanations')
    .selectAll()
    .where('fingerprint', '=', fingerprint)
    .where('status', '=', 'done')
    .executeTakeFirst();
  if (row?.explanation == null) return null;
  const { claims, ...by }: Explanation = JSON.parse(row.explanation);
  return { ...by, claims: claims.filter(({ evidence }) => evidence.every((id) => ids.has(id))) };
}

/** SQL: a model was asked about it so lately that it is not asked again now. */
export const isRecent = (table: string, now: number): RawBuilder<SqlBool> => {
  const [status, at] = [sql.ref(`${table}.status`), sql.ref(`${table}.asked_at`)];
  return sql<SqlBool>`((${status} = 'done' AND ${at} >= ${now - LASTS_MS}) OR (${status} = 'failed' AND ${at} >= ${now - AGAIN_MS}) OR (${status} = 'asking' AND ${at} >= ${now - GONE_MS}))`;
};

/** Whether a model may be asked about one more incident within this hour. */
export async function hasRoom(db: Db, now: number, perHour: number): Promise<boolean> {
  const { asked } = await diagnosesIn(db)
    .selectFrom('diagnosis_explanations')
    .select(({ fn }) => fn.countAll<number>().as('asked'))
    .where('asked_at', '>', now - 3_600_000)
    .executeTakeFirstOrThrow();
  return Number(asked) < perHour;
}

/** Writes down that a model is about to be asked about a fingerprint. True for one of several who try at once, and only while none was asked of late. */
export async function claim(db: Db, fingerprint: string, now: number, perHour: number): Promise<boolean> {
  if (!(await hasRoom(db, now, perHour))) return false;
  const row = { fingerprint, status: 'asking' as const, asked_at: now, explanation: null, detail: null };
  const written = await diagnosesIn(db)
    .insertInto('diagnosis_explanations')
    .values(row)
    .onConflict((oc) =>
      oc
        .column('fingerprint')
        .doUpdateSet(row)
        .where((eb) => eb.not(isRecent('diagnosis_explanations', now))),
    )
    .returning('fingerprint')
    .executeTakeFirst();
  return written !== undefined;
}
