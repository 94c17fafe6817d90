import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Db } from '../../platform/db.ts';
import { BASELINE_MS, type Baseline, baselineOf, type Hour } from './baseline.ts';
import { HOUR, subjectOf } from './fold.ts';
import type { PerformanceTables, SubjectKind } from './tables.ts';

/** Names whose two weeks are read at once, and so without a pause. */
const AT_ONCE = 20;

type Kept = { hour: number; baselines: Map<string, Baseline | undefined> };

export type Usual = ReturnType<typeof createUsual>;

/** What is usual of routes and statements, read once an hour for those that are asked about: an hour adds one value to two weeks of them. */
export function createUsual(db: Db) {
  const kept = new Map<string, Kept>();

  return async (
    project: string,
    kind: SubjectKind,
    names: readonly string[],
    now: number,
  ): Promise<ReadonlyMap<string, Baseline>> => {
    const hour = Math.floor(now / HOUR);
    const place = `${project} ${kind}`;
    let mine = kept.get(place);
    if (mine?.hour !== hour) {
      mine = { hour, baselines: new Map() };
      kept.set(place, mine);
    }
    const { baselines } = mine;
    const missing = names.filter((name) => !baselines.has(name));
    for (let from = 0; from < missing.length; from += AT_ONCE) {
      const some = missing.slice(from, from + AT_ONCE);
      await yieldToOthers();
      const hours = await hoursOf(db, project, kind, some, now);
      for (const name of some) baselines.set(name, baselineOf(hours.get(subjectOf(kind, name)) ?? [], now));
    }
    return new Map(
      names.flatMap((name) => {
        const baseline = baselines.get(name);
        return baseline ? [[name, baseline] as const] : [];
      }),
    );
  };
}

async function hoursOf(
  db: Db,
  project: string,
  kind: SubjectKind,
  names: readonly string[],
  now: number,
): Promise<Map<string, Hour[]>> {
  const rows = await db
    .withTables<PerformanceTables>()
    .selectFrom('performance_hours')
    .select(['subject', 'hour', 'count', 'p95_ms'])
    .where('project', '=', project)
    .where('kind', '=', kind)
    .where(
      'subject',
      'in',
      names.map((name) => subjectOf(kind, name)),
    )
    .where('hour', '>=', now - BASELINE_MS)
    .execute();
  const hours = new Map<string, Hour[]>();
  for (const { subject, hour, count, p95_ms } of rows) {
    const own = hours.get(subject) ?? [];
    own.push({ hour, count, p95Ms: p95_ms });
    hours.set(subject, own);
  }
  return hours;
}
