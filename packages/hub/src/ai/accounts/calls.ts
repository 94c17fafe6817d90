import type { AiCall } from '@orrery/protocol';
import { authorize, type Caller } from '../../access/index.ts';
import type { Db } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import type { AccountTables } from './tables.ts';
import { visibleTo } from './usage.ts';
import { auditRecord } from './view.ts';

export type CallFilter = {
  limit: number;
  cursor?: string | undefined;
  project?: string | undefined;
  tenant?: string | undefined;
  provider?: string | undefined;
  model?: string | undefined;
  intent?: string | undefined;
  outcome?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
  failedOver?: boolean | undefined;
};

/** Calls, newest first, as the caller may see them. The cursor is the time and id of the last one given. */
export async function listCalls(
  db: Db,
  caller: Caller,
  filter: CallFilter,
): Promise<{ items: AiCall[]; nextCursor?: string }> {
  authorize(caller, 'ops:view', filter.project);
  let query = db
    .withTables<AccountTables>()
    .selectFrom('ai_calls')
    .selectAll()
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  if (caller.tenant !== null) query = query.where('tenant', '=', caller.tenant);
  if (caller.projects !== 'all') {
    const { projects, tenant, limited } = caller;
    query = query.where((eb) =>
      eb.or([
        eb('project', 'in', projects.length > 0 ? [...projects] : ['']),
        ...(tenant === null || limited ? [] : [eb('project', 'is', null)]),
      ]),
    );
  }
  for (const word of ['project', 'tenant', 'provider', 'model', 'intent', 'outcome'] as const) {
    const value = filter[word];
    if (value !== undefined) query = query.where(word, '=', value);
  }
  if (filter.failedOver) query = query.where('failovers', '>', 0);
  if (filter.from !== undefined) query = query.where('at', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('at', '<', filter.to);
  const after = filter.cursor === undefined ? undefined : readCursor(filter.cursor);
  if (after)
    query = query.where((eb) =>
      eb.or([eb('at', '<', after.at), eb.and([eb('at', '=', after.at), eb('id', '<', after.id)])]),
    );
  const rows = await query.execute();
  const items = rows.slice(0, filter.limit);
  const last = items.at(-1);
  return {
    items: items.map(auditRecord),
    ...(rows.length > filter.limit && last ? { nextCursor: `${last.at}.${last.id}` } : {}),
  };
}

function readCursor(text: string): { at: number; id: string } {
  const [, at = '', id = ''] = /^(\d{1,15})\.(.{1,100})$/.exec(text) ?? [];
  if (id === '')
    throw new HubError('invalid', 'query.cursor: is not a cursor of this list', {
      fields: [{ field: 'query.cursor', reason: 'is not a cursor of this list' }],
    });
  return { at: Number(at), id };
}

/** One call with everything that is known of it; one that the caller may not see does not exist. */
export async function getCall(db: Db, caller: Caller, id: string): Promise<AiCall> {
  authorize(caller, 'ops:view');
  const row = await db
    .withTables<AccountTables>()
    .selectFrom('ai_calls')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row || !visibleTo(caller)(row)) throw new HubError('not_found', `No call "${id}".`);
  return auditRecord(row);
}
