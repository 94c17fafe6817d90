import { type Db, inTransaction } from '../platform/db.ts';
import type { EndedAttempt } from '../repair/index.ts';
import { patternId, symptomText } from './key.ts';
import { learningIn } from './store.ts';

/** So many in one transaction. */
const BATCH = 200;

export type WorkDeps = {
  db: Db;
  clock: { now(): number };
  /** Attempts with a verified outcome that nobody has learned of; and the mark that somebody has, which tells whose it was. */
  unlearned(limit: number): Promise<readonly EndedAttempt[]>;
  markLearned(trx: Db, ids: readonly string[], at: number): Promise<ReadonlySet<string>>;
};

/**
 * Counts every verified attempt once: the mark on the attempt and what was learned of it are one transaction, so that a crash leaves both
 * or neither, and of two hubs the one whose mark it was counts it. Resolves with how many were counted.
 */
export async function learn({ db, clock, unlearned, markLearned }: WorkDeps, signal: AbortSignal): Promise<number> {
  for (let counted = 0; ; ) {
    signal.throwIfAborted();
    const ended = await unlearned(BATCH);
    if (ended.length === 0) return counted;
    const now = clock.now();
    counted += await inTransaction(db, async (trx) => {
      const ids = ended.map(({ id }) => id);
      const mine = await markLearned(trx, ids, now);
      const rows = ended.filter(({ id }) => mine.has(id)).map((attempt) => toEvidence(attempt, now));
      if (rows.length > 0) await learningIn(trx).insertInto('pattern_evidence').values(rows).execute();
      return rows.length;
    });
  }
}

function toEvidence({ id, project, service, symptom, remedy, healed, at }: EndedAttempt, now: number) {
  const text = symptomText(symptom);
  return {
    id,
    pattern_id: patternId(text, remedy, project, service),
    import_id: null,
    project,
    service,
    symptom: text,
    remedy_kind: remedy.kind,
    remedy_form: remedy.form,
    tries: 1,
    successes: healed ? 1 : 0,
    at,
    learned_at: now,
  };
}
