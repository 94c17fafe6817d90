import type { Delivery } from '@orrery/protocol';
import { authorize, type Caller, visibleProjects } from '../access/index.ts';
import type { AlertContext } from './context.ts';
import { readCursor } from './cursor.ts';
import { findChannel } from './listChannels.ts';
import { type AlertTables, toDelivery } from './tables.ts';

export type DeliveryFilter = {
  channel?: string | undefined;
  status?: readonly Delivery['status'][] | undefined;
  /** An alert's id. */
  alert?: string | undefined;
  project?: string | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
};
export type DeliveryPage = { items: Delivery[]; nextCursor?: string };

/** What was told, or not and why, newest first. Who may not see every project sees what was told of theirs. */
export async function deliveries(
  { db, book }: AlertContext,
  caller: Caller,
  filter: DeliveryFilter = {},
): Promise<DeliveryPage> {
  authorize(caller, 'ops:view', filter.project);
  if (filter.channel !== undefined) findChannel(book, caller, filter.channel);
  const visible = visibleProjects(caller);
  const limit = filter.limit ?? 50;
  const { channel, status, alert, project } = filter;
  let query = db.withTables<AlertTables>().selectFrom('deliveries').selectAll();
  if (channel !== undefined) query = query.where('channel', '=', channel);
  if (status !== undefined) query = query.where('status', 'in', status);
  if (alert !== undefined) query = query.where('alert_id', '=', alert);
  const projects = project === undefined ? visible : [project];
  if (projects !== 'all')
    query = query.where('alert_id', 'in', (eb) =>
      eb
        .selectFrom('alerts')
        .select('alerts.id')
        .where('project', 'in', projects.length > 0 ? projects : ['']),
    );
  if (filter.cursor !== undefined) query = query.where('id', '<', readCursor(filter.cursor, 'dlv'));
  const rows = await query
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items: items.map(toDelivery), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) };
}
