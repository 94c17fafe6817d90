import { type Db, inTransaction } from '../../platform/db.ts';
import { fingerprintOf } from '../finding.ts';
import type { Said, Word } from './facts.ts';
import type { PerformanceTables } from './tables.ts';

/** A problem as it is told of; times are epoch ms. */
export type PerformanceProblem = {
  fingerprint: string;
  project: string;
  kind: Word['kind'];
  subject: string;
  since: number;
  seenAt: number;
  said: Said;
};

/** Of what nothing is heard for a day, nobody can say that it is still so. */
const FORGOTTEN_MS = 24 * 3_600_000;

/** Pure: the problems after this turn. A bad word begins or goes on, a good one ends, silence changes nothing for a day. */
export function nextProblems(
  project: string,
  before: readonly PerformanceProblem[],
  words: readonly Word[],
  now: number,
): PerformanceProblem[] {
  const kept = new Map(before.map((problem) => [problem.fingerprint, problem]));
  for (const word of words) {
    const { kind, subject } = word;
    const fingerprint = fingerprintOf('performance', project, kind, subject);
    if (word.state === 'good') kept.delete(fingerprint);
    else {
      const since = kept.get(fingerprint)?.since ?? now;
      kept.set(fingerprint, { fingerprint, project, kind, subject, since, seenAt: now, said: word.said });
    }
  }
  return [...kept.values()].filter(({ seenAt }) => now - seenAt < FORGOTTEN_MS);
}

export async function loadProblems(db: Db, project?: string): Promise<PerformanceProblem[]> {
  const rows = await db
    .withTables<PerformanceTables>()
    .selectFrom('performance_problems')
    .selectAll()
    .$if(project !== undefined, (query) => query.where('project', '=', project ?? ''))
    .orderBy('since', 'desc')
    .execute();
  return rows.map(({ seen_at: seenAt, said, kind, ...row }) => ({
    ...row,
    kind: kind as Word['kind'],
    seenAt,
    said: JSON.parse(said) as Said,
  }));
}

/** Makes what is stored of a project equal to `problems`. */
export async function saveProblems(db: Db, project: string, problems: readonly PerformanceProblem[]): Promise<void> {
  await inTransaction(db, async (trx) => {
    const tables = trx.withTables<PerformanceTables>();
    await tables.deleteFrom('performance_problems').where('project', '=', project).execute();
    if (problems.length === 0) return;
    await tables
      .insertInto('performance_problems')
      .values(
        problems.map(({ seenAt, said, ...problem }) => ({ ...problem, seen_at: seenAt, said: JSON.stringify(said) })),
      )
      .execute();
  });
}
