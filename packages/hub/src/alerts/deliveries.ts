import type { Delivery } from '@orrery/protocol';
import { authorize, type Caller, visibleProjects } from '../access/index.ts';
import type { AlertContext } from './context.ts';
import { readCursor } from './cursor.ts';
import { findChannel } from './listChannels.ts';
import { type AlertTables, toDelivery } from './tables.ts';

export type DeliveryPage = { items: Delivery[]; nextCursor?: string };

/** What one channel was told, newest first. Who may not see every project sees what was told of theirs. */
export async function deliveries(
  { db, book }: AlertContext,
  caller: Caller,
  channel: string,
  filter: { cursor?: string | undefined; limit?: number | undefined } = {},
): Promise<DeliveryPage> {
  authorize(caller, 'ops:view');
  findChannel(book, caller, channel);
  const visible = visibleProjects(caller);
  const limit = filter.limit ?? 50;
  const q = db.withTables<AlertTables>();
  let query = q.selectFrom('deliveries').selectAll().where('channel', '=', channel);
  if (visible !== 'all')
    query = query.where('alert_id', 'in', (eb) =>
      eb
        .selectFrom('alerts')
        .select('alerts.id')
        .where('project', 'in', visible.length > 0 ? visible : ['']),
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
