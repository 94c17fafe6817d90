import type { Fanout, FanoutDetail, FanoutResult } from '@orrery/protocol';
import { authorize, type Caller, visibleProjects } from '../access/index.ts';
import { iso, isoOrNull } from '../platform/clock.ts';
import { HubError } from '../platform/errors.ts';
import type { ActionContext } from './context.ts';
import { storedRun } from './store.ts';
import type { ActionTables, FanoutRow, PartRow } from './tables.ts';

export type FanoutFilter = {
  project?: string | undefined;
  action?: string | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
};

/** What was asked of instances, newest first. Of a fan-out a caller sees what concerns the projects that it sees, and nothing where that is none. */
export async function list(
  context: Pick<ActionContext, 'db'>,
  caller: Caller,
  filter: FanoutFilter,
): Promise<{ items: Fanout[]; nextCursor?: string }> {
  authorize(caller, 'ops:view', filter.project);
  const visible = visibleProjects(caller);
  if (visible !== 'all' && visible.length === 0) return { items: [] };
  const limit = filter.limit ?? 50;
  const tables = context.db.withTables<ActionTables>();
  // Ids sort by the time they were made: they are the order and the cursor.
  let query = tables
    .selectFrom('fanouts')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit + 1);
  const only = filter.project === undefined ? visible : [filter.project];
  if (only !== 'all')
    query = query.where('id', 'in', (eb) =>
      eb.selectFrom('fanout_parts').select('fanout_parts.fanout').where('fanout_parts.project', 'in', only),
    );
  if (filter.action !== undefined) {
    const { action } = filter;
    query = query.where((eb) => eb.or([eb('action', '=', action), eb('instance_action', '=', action)]));
  }
  if (filter.cursor !== undefined) query = query.where('id', '<', filter.cursor);
  const rows = await query.execute();
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  if (!last) return { items: [] };
  let parts = tables
    .selectFrom('fanout_parts')
    .selectAll()
    .where(
      'fanout',
      'in',
      items.map(({ id }) => id),
    );
  if (visible !== 'all') parts = parts.where('project', 'in', visible);
  const found = Map.groupBy(await parts.execute(), ({ fanout }) => fanout);
  return {
    items: items.map((row) => view(row, found.get(row.id) ?? [])),
    ...(rows.length > limit ? { nextCursor: last.id } : {}),
  };
}

/** One fan-out with what came of it at each project; throws not_found for one of which the caller sees no project. */
export async function get(context: Pick<ActionContext, 'db'>, caller: Caller, id: string): Promise<FanoutDetail> {
  authorize(caller, 'ops:view');
  const found = await detailOf(context, caller, id);
  if (!found || (found.results.length === 0 && visibleProjects(caller) !== 'all'))
    throw new HubError('not_found', `No request "${id}".`);
  return found;
}

/** What the caller sees of a fan-out, which may be nothing of its projects. */
export async function detailOf(
  context: Pick<ActionContext, 'db'>,
  caller: Caller,
  id: string,
): Promise<FanoutDetail | undefined> {
  const tables = context.db.withTables<ActionTables>();
  const row = await tables.selectFrom('fanouts').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) return undefined;
  const visible = visibleProjects(caller);
  let query = tables.selectFrom('fanout_parts').selectAll().where('fanout', '=', id).orderBy('project');
  if (visible !== 'all') query = query.where('project', 'in', visible);
  const parts = visible.length > 0 ? await query.execute() : [];
  return {
    ...view(row, parts),
    ...(row.params === null ? {} : { params: JSON.parse(row.params) as Record<string, unknown> }),
    results: parts.map(viewPart),
  };
}

function view(row: FanoutRow, parts: readonly PartRow[]): Fanout {
  const of = (state: PartRow['status']) => parts.filter(({ status }) => status === state).length;
  const sent = parts.filter(({ status }) => status === 'sent');
  const ended = (status: 'succeeded' | 'failed') => sent.filter((part) => part.run_status === status).length;
  const [succeeded, failed] = [ended('succeeded'), ended('failed')];
  const over = (part: PartRow) => part.run_status === 'succeeded' || part.run_status === 'failed';
  const open = sent.filter((part) => part.collect_at !== null && !over(part)).length;
  return {
    requestId: row.id,
    action: row.action,
    instanceAction: row.instance_action,
    requestedBy: row.requested_by,
    createdAt: iso(row.created_at),
    finishedAt: isoOrNull(row.finished_at),
    counts: { pending: of('sending'), sent: sent.length, denied: of('denied'), failed: of('failed') },
    runs: { open, succeeded, failed, unknown: Math.max(0, sent.length - succeeded - failed - open) },
  };
}

function viewPart(part: PartRow): FanoutResult {
  const found = storedRun(part);
  return {
    project: part.project,
    status: part.status === 'sending' ? 'pending' : part.status,
    ...(part.reason === null ? {} : { reason: part.reason }),
    ...(part.audit_id === null ? {} : { auditId: part.audit_id }),
    ...(found === undefined ? {} : { run: found }),
    ...(part.run_unknown === null ? {} : { runUnknown: part.run_unknown }),
    ...(part.sent_at === null ? {} : { sentAt: iso(part.sent_at) }),
    ...(part.via === null ? {} : { via: part.via }),
    attempts: part.attempts,
  };
}
