import type { PerformanceWindow } from '@orrery/protocol';
import type { Db } from '../../platform/db.ts';
import type { PerformanceTables } from './tables.ts';

/** A window on its way in; `id` is that of its event, `at` its end in epoch ms. */
export type IncomingWindow = { id: string; at: number; window: PerformanceWindow };

/** Stores what a project told of inside the transaction that takes it in. */
export async function keepWindows(trx: Db, project: string, windows: readonly IncomingWindow[]): Promise<void> {
  await trx
    .withTables<PerformanceTables>()
    .insertInto('performance_windows')
    .values(windows.map(({ id, at, window }) => ({ project, id, at, folded: 0, body: JSON.stringify(window) })))
    .onConflict((oc) => oc.columns(['project', 'id']).doNothing())
    .execute();
}

export type StoredWindow = { project: string; id: string; at: number; window: PerformanceWindow };

/** Windows that ended after `after` and until `until` (epoch ms). They were checked when they came in. */
export async function windowsOf(
  db: Db,
  { project, after, until }: { project: string; after: number; until: number },
): Promise<StoredWindow[]> {
  const rows = await db
    .withTables<PerformanceTables>()
    .selectFrom('performance_windows')
    .select(['project', 'id', 'at', 'body'])
    .where('at', '>', after)
    .where('at', '<=', until)
    .where('project', '=', project)
    .orderBy('at')
    .execute();
  return rows.map(read);
}

export function read(row: { project: string; id: string; at: number; body: string }): StoredWindow {
  // The time it states may have been absurd: what was made of it counts.
  const window = { ...(JSON.parse(row.body) as PerformanceWindow), ts: new Date(row.at).toISOString() };
  return { project: row.project, id: row.id, at: row.at, window };
}
