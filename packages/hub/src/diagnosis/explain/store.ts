import type { Explanation } from '@orrery/protocol';
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

/**
 * Writes down that a model is about to be asked about a fingerprint. True for one of several who try at once, and only while none was asked
 * of late and the hour has room: an hour's number is counted in the same statement, over all hubs.
 */
export async function claim(db: Db, fingerprint: string, now: number, perHour: number): Promise<boolean> {
  const tables = diagnosesIn(db);
  const { asked } = await tables
    .selectFrom('diagnosis_explanations')
    .select(({ fn }) => fn.countAll<number>().as('asked'))
    .where('asked_at', '>', now - 3_600_000)
    .executeTakeFirstOrThrow();
  if (Number(asked) >= perHour) return false;
  const row = { fingerprint, status: 'asking' as const, asked_at: now, explanation: null, detail: null };
  const written = await tables
    .insertInto('diagnosis_explanations')
    .values(row)
    .onConflict((oc) =>
      oc
        .column('fingerprint')
        .doUpdateSet(row)
        .where((eb) =>
          eb.or([
            eb.and([
              eb('diagnosis_explanations.status', '=', 'done'),
              eb('diagnosis_explanations.asked_at', '<', now - LASTS_MS),
            ]),
            eb.and([
              eb('diagnosis_explanations.status', '=', 'failed'),
              eb('diagnosis_explanations.asked_at', '<', now - AGAIN_MS),
            ]),
            eb.and([
              eb('diagnosis_explanations.status', '=', 'asking'),
              eb('diagnosis_explanations.asked_at', '<', now - GONE_MS),
            ]),
          ]),
        ),
    )
    .returning('fingerprint')
    .executeTakeFirst();
  return written !== undefined;
}
