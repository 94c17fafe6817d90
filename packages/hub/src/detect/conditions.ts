import { type Db, inTransaction } from '../platform/db.ts';
import type { Condition, Verdict } from './facts.ts';
import type { Finding } from './finding.ts';
import type { DetectTables } from './tables.ts';

const ROWS = 200;

/** What was remembered of these projects (of all when absent), by project and fingerprint. */
export async function loadConditions(
  db: Db,
  projects: readonly string[] | undefined,
): Promise<Map<string, Map<string, Condition>>> {
  let query = db.withTables<DetectTables>().selectFrom('conditions').selectAll();
  if (projects) query = query.where('project', 'in', projects);
  const conditions = new Map<string, Map<string, Condition>>();
  for (const row of await query.execute()) {
    const ofProject = conditions.get(row.project) ?? new Map<string, Condition>();
    conditions.set(row.project, ofProject);
    ofProject.set(row.fingerprint, {
      since: row.since,
      seenAt: row.seen_at,
      firing: row.firing === 1,
      ...(row.finding === null ? {} : { finding: JSON.parse(row.finding) as Finding }),
    });
  }
  return conditions;
}

export type Change =
  | { kind: 'put'; project: string; detector: string; fingerprint: string; condition: Condition }
  | { kind: 'drop'; fingerprint: string };

/** What a round of verdicts changes in what is remembered; nothing when all is as it was. */
export function changesOf(
  project: string,
  remembered: ReadonlyMap<string, Condition>,
  verdicts: readonly (Verdict & { detector: string })[],
): Change[] {
  const changes: Change[] = [];
  const mentioned = new Set(verdicts.map((verdict) => verdict.fingerprint));
  for (const fingerprint of remembered.keys())
    if (!mentioned.has(fingerprint)) changes.push({ kind: 'drop', fingerprint });
  for (const verdict of verdicts) {
    if (verdict.state === 'unknown') continue;
    const { fingerprint, detector, since, seenAt } = verdict;
    const firing = verdict.state === 'firing';
    const known = remembered.get(fingerprint);
    if (known && known.since === since && known.seenAt === seenAt && known.firing === firing) continue;
    const condition = { since, seenAt, firing, ...(firing ? { finding: verdict.finding } : {}) };
    changes.push({ kind: 'put', project, detector, fingerprint, condition });
  }
  return changes;
}

export async function saveConditions(db: Db, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const drops = changes.flatMap((change) => (change.kind === 'drop' ? [change.fingerprint] : []));
  const puts = changes.flatMap((change) => (change.kind === 'put' ? [change] : []));
  await inTransaction(db, async (trx) => {
    const tables = trx.withTables<DetectTables>();
    for (let from = 0; from < drops.length; from += ROWS)
      await tables
        .deleteFrom('conditions')
        .where('fingerprint', 'in', drops.slice(from, from + ROWS))
        .execute();
    for (let from = 0; from < puts.length; from += ROWS)
      await tables
        .insertInto('conditions')
        .values(
          puts.slice(from, from + ROWS).map(({ project, detector, fingerprint, condition }) => ({
            fingerprint,
            project,
            detector,
            since: condition.since,
            seen_at: condition.seenAt,
            firing: condition.firing ? 1 : 0,
            finding: condition.finding ? JSON.stringify(condition.finding) : null,
          })),
        )
        .onConflict((conflict) =>
          conflict.column('fingerprint').doUpdateSet(({ ref }) => ({
            since: ref('excluded.since'),
            seen_at: ref('excluded.seen_at'),
            firing: ref('excluded.firing'),
            finding: ref('excluded.finding'),
          })),
        )
        .execute();
  });
}
