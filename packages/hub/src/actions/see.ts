import { ActionRun } from '@orrery/protocol';
import type { NewEvent } from '../events/index.ts';
import type { Db } from '../platform/db.ts';
import type { ActionContext } from './context.ts';
import { noteAccepted, partOf, settleCollect } from './store.ts';
import type { ActionTables } from './tables.ts';

const AUDIT_ID = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * Reads what instances tell of their runs by themselves, inside the transaction that takes the events in: `action.accepted` and
 * `action.finished`. A project can speak only of what it was asked for itself, and a run that has ended stays ended.
 */
export async function see(context: Pick<ActionContext, 'clock'>, trx: Db, events: readonly NewEvent[]): Promise<void> {
  for (const { type, project, data } of events) {
    if ((type !== 'action.accepted' && type !== 'action.finished') || project === undefined) continue;
    const told = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
    const { requestId, auditId } = told;
    if (typeof requestId !== 'string' || typeof auditId !== 'string' || !AUDIT_ID.test(auditId)) continue;
    const part = await partOf(trx, requestId, project);
    if (part?.status !== 'sent' || (part.audit_id !== null && part.audit_id !== auditId)) continue;
    if (part.audit_id === null) await noteAccepted(trx, requestId, project, auditId);
    if (type !== 'action.finished') continue;
    const fanout = await trx
      .withTables<ActionTables>()
      .selectFrom('fanouts')
      .select('instance_action')
      .where('id', '=', requestId)
      .executeTakeFirst();
    const run = ActionRun.safeParse({
      ...told,
      startedAt: told.startedAt ?? new Date(context.clock.now()).toISOString(),
    });
    if (!run.success || run.data.action !== fanout?.instance_action) continue;
    const now = context.clock.now();
    // What came of it may be left out of the event; then the instance is asked for it once the end is known.
    const nextAt = 'result' in told ? null : now;
    await settleCollect(trx, { ...part, audit_id: auditId }, { kind: 'run', run: run.data }, nextAt, now);
  }
}
