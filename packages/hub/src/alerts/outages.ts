import type { AlertContext } from './context.ts';
import type { AlertRow, AlertTables } from './tables.ts';

export type Outage = Pick<AlertRow, 'project' | 'service' | 'severity' | 'status'> & {
  /** Epoch ms; null while it lasts. */
  startedAt: number;
  endedAt: number | null;
};

/** Times in which services of these projects were down or degraded, as their alerts tell, newest first: those that last, and those that ended after `since`. */
export async function outages(
  { db }: Pick<AlertContext, 'db'>,
  { projects, since }: { projects: readonly string[]; since: number },
): Promise<Outage[]> {
  if (projects.length === 0) return [];
  const rows = await db
    .withTables<AlertTables>()
    .selectFrom('alerts')
    .select(['project', 'service', 'severity', 'status', 'created_at', 'resolved_at'])
    .where('detector', '=', 'status')
    .where('project', 'in', projects)
    .where((eb) => eb.or([eb('resolved_at', '>=', since), eb('status', 'in', ['open', 'acknowledged'])]))
    .orderBy('created_at', 'desc')
    .limit(500)
    .execute();
  return rows.map(({ created_at, resolved_at, ...row }) => ({ ...row, startedAt: created_at, endedAt: resolved_at }));
}
