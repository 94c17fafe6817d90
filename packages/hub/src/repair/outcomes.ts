import { type GeneralRemedy, Symptom } from '@orrery/protocol';
import type { Db } from '../platform/db.ts';
import { attemptsIn } from './store.ts';

/** An attempt whose outcome was verified, as learning wants it. Times are epoch ms. */
export type EndedAttempt = {
  id: string;
  project: string;
  service: string;
  symptom: Symptom;
  remedy: GeneralRemedy;
  healed: boolean;
  at: number;
};

/** What says whether a remedy helps; a dry run, a refusal and an approval that expired say nothing. */
const TELLING = ['healed', 'no effect', 'worse', 'failed'] as const;

/** Verified attempts that nobody has learned of yet, oldest first. */
export async function unlearned(db: Db, limit: number): Promise<EndedAttempt[]> {
  const rows = await attemptsIn(db)
    .selectFrom('heal_attempts')
    .selectAll()
    .where('learned_at', 'is', null)
    .where('symptom', 'is not', null)
    .where('outcome', 'in', TELLING)
    .orderBy('ended_at')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    project: row.project,
    service: row.service,
    symptom: Symptom.parse(JSON.parse(row.symptom ?? '')),
    remedy: { kind: row.remedy_kind, form: row.remedy_form ?? row.remedy_kind },
    healed: row.outcome === 'healed',
    at: row.ended_at ?? row.created_at,
  }));
}

/** The symptoms that were frozen in attempts since, by alert. */
export async function symptomsSince(db: Db, since: number): Promise<ReadonlyMap<string, Symptom>> {
  const rows = await attemptsIn(db)
    .selectFrom('heal_attempts')
    .select(['alert_id', 'symptom'])
    .where('created_at', '>', since)
    .where('symptom', 'is not', null)
    .execute();
  return new Map(rows.map(({ alert_id, symptom }) => [alert_id, Symptom.parse(JSON.parse(symptom ?? ''))]));
}

/** Marks attempts as learned inside the transaction that learns of them; resolves with those that nobody had marked before. */
export async function markLearned(trx: Db, ids: readonly string[], at: number): Promise<Set<string>> {
  const marked = await attemptsIn(trx)
    .updateTable('heal_attempts')
    .set({ learned_at: at })
    .where('id', 'in', ids)
    .where('learned_at', 'is', null)
    .returning('id')
    .execute();
  return new Set(marked.map(({ id }) => id));
}
