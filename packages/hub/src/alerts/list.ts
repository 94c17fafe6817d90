import type { Alert, AlertStatus, Severity } from '@orrery/protocol';
import { authorize, type Caller, inProjects } from '../access/index.ts';
import type { AlertContext } from './context.ts';
import { readCursor } from './cursor.ts';
import { show } from './show.ts';
import type { AlertTables } from './tables.ts';

export type AlertFilter = {
  status?: readonly AlertStatus[] | undefined;
  severity?: readonly Severity[] | undefined;
  project?: string | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
};
export type AlertPage = { items: Alert[]; nextCursor?: string };

/** Alerts, newest first, 50 to a page unless said otherwise. A project that the caller may not see has none. */
export async function list(context: AlertContext, caller: Caller, filter: AlertFilter = {}): Promise<AlertPage> {
  authorize(caller, 'ops:view');
  const limit = filter.limit ?? 50;
  // Ids sort by the time they were made: they are the order and the cursor.
  let query = context.db
    .withTables<AlertTables>()
    .selectFrom('alerts')
    .selectAll()
    .where(inProjects(caller, 'project'))
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (filter.project !== undefined) query = query.where('project', '=', filter.project);
  if (filter.status) query = query.where('status', 'in', filter.status);
  if (filter.severity) query = query.where('severity', 'in', filter.severity);
  if (filter.cursor !== undefined) query = query.where('id', '<', readCursor(filter.cursor, 'alr'));
  const rows = await query.execute();
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items: await show(context, items), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) };
}
