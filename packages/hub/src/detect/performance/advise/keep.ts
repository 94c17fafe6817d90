import { IndexAdvice } from '@orrery/protocol';
import { iso } from '../../../platform/clock.ts';
import { type Db, inTransaction } from '../../../platform/db.ts';
import { fingerprintOf } from '../../finding.ts';
import type { PerformanceTables } from '../tables.ts';

/** What a look advises, before it is known since when. */
export type Advice = Omit<IndexAdvice, 'id' | 'firstAt' | 'lastAt'>;
/** When a project's database was last looked at (epoch ms), and what came of it. */
export type Look = { at: number; goodAt: number | null; error: string | null; notes: string[] };

/** What was advised, by project (of one when it is named): what would win the most first. */
export async function loadAdvice(db: Db, project?: string): Promise<Map<string, IndexAdvice[]>> {
  const rows = await db
    .withTables<PerformanceTables>()
    .selectFrom('performance_advice')
    .selectAll()
    .$if(project !== undefined, (query) => query.where('project', '=', project ?? ''))
    .execute();
  const advice = new Map<string, IndexAdvice[]>();
  for (const row of rows) {
    const one = IndexAdvice.parse({
      ...JSON.parse(row.advice),
      id: row.id,
      firstAt: iso(row.first_at),
      lastAt: iso(row.last_at),
    });
    advice.set(row.project, [...(advice.get(row.project) ?? []), one]);
  }
  for (const some of advice.values()) some.sort((a, b) => worth(b) - worth(a));
  return advice;
}

const worth = ({ kind, timeSharePercent = 0, cost, bytes = 0 }: IndexAdvice): number =>
  (kind === 'create' ? 1e6 + timeSharePercent * 100 + (cost?.gainPercent ?? 0) : 0) + Math.min(bytes / 1e9, 1e5);

export async function loadLooks(db: Db): Promise<Map<string, Look>> {
  const rows = await db.withTables<PerformanceTables>().selectFrom('performance_looks').selectAll().execute();
  return new Map(
    rows.map(({ project, at, good_at: goodAt, error, notes }) => [
      project,
      { at, goodAt, error, notes: JSON.parse(notes) as string[] },
    ]),
  );
}

/** Replaces what an earlier look advised; what both say keeps its beginning. */
export async function keepAdvice(
  db: Db,
  project: string,
  { advice, notes }: { advice: readonly Advice[]; notes: readonly string[] },
  at: number,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    const tables = trx.withTables<PerformanceTables>();
    const known = new Map(
      (
        await tables
          .selectFrom('performance_advice')
          .select(['id', 'first_at'])
          .where('project', '=', project)
          .execute()
      ).map(({ id, first_at }) => [id, first_at]),
    );
    await tables.deleteFrom('performance_advice').where('project', '=', project).execute();
    const rows = new Map(
      advice.map((one) => {
        const id = fingerprintOf('advice', project, one.kind, one.sql);
        return [id, { id, project, first_at: known.get(id) ?? at, last_at: at, advice: JSON.stringify(one) }];
      }),
    );
    if (rows.size > 0)
      await tables
        .insertInto('performance_advice')
        .values([...rows.values()])
        .execute();
    const look = { project, at, good_at: at, error: null, notes: JSON.stringify(notes) };
    await tables
      .insertInto('performance_looks')
      .values(look)
      .onConflict((oc) => oc.column('project').doUpdateSet(look))
      .execute();
  });
}

/** A look that failed leaves what was advised as it was. */
export async function keepFailure(db: Db, project: string, error: string, at: number): Promise<void> {
  await db
    .withTables<PerformanceTables>()
    .insertInto('performance_looks')
    .values({ project, at, good_at: null, error, notes: '[]' })
    .onConflict((oc) => oc.column('project').doUpdateSet({ at, error }))
    .execute();
}

/** Forgets what was advised for databases that are declared no more. */
export async function forgetAdvice(db: Db, keep: readonly string[]): Promise<void> {
  const tables = db.withTables<PerformanceTables>();
  const all = await tables.selectFrom('performance_looks').select('project').execute();
  for (const { project } of all) {
    if (keep.includes(project)) continue;
    await tables.deleteFrom('performance_advice').where('project', '=', project).execute();
    await tables.deleteFrom('performance_looks').where('project', '=', project).execute();
  }
}
