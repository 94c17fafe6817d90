import type { Alert, AlertStatus } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { announce } from './announce.ts';
import type { AlertContext } from './context.ts';
import { takeTurn } from './incidents/store.ts';
import { alertEvent } from './notify.ts';
import { type AlertRow, type AlertTables, toAlert } from './tables.ts';

const ID = /^alr_[0-9a-z]{20,40}$/;

/** The alert's row; the same not_found whether it does not exist or belongs to a project that the caller may not see. */
export async function findAlert(db: Db, caller: Caller, id: string): Promise<AlertRow> {
  const row = ID.test(id)
    ? await db.withTables<AlertTables>().selectFrom('alerts').selectAll().where('id', '=', id).executeTakeFirst()
    : undefined;
  if (!row || !sees(caller, row.project)) throw new HubError('not_found', 'There is no such alert.');
  return row;
}

export type Transition = {
  verb: 'acknowledge' | 'resolve' | 'ignore';
  /** States that allow it. */
  from: readonly AlertStatus[];
  /** What becomes of the row. */
  change(by: string, at: number): Partial<AlertRow>;
  event: 'alert.acknowledged' | 'alert.resolved' | 'alert.ignored';
};

/** A person's decision on one alert. The UPDATE's WHERE decides who was first; whoever was not is told how the alert stands. */
export async function transition(
  context: AlertContext,
  caller: Caller,
  id: string,
  { verb, from, change, event }: Transition,
): Promise<Alert> {
  authorize(caller, 'alerts:manage');
  const alert = await inTransaction(context.db, async (trx) => {
    await takeTurn(trx);
    const before = await findAlert(trx, caller, id);
    const at = context.clock.now();
    const after = await trx
      .withTables<AlertTables>()
      .updateTable('alerts')
      .set(change(caller.name, at))
      .where('id', '=', id)
      .where('status', 'in', from)
      .returningAll()
      .executeTakeFirst();
    if (!after) throw refusal(verb, await findAlert(trx, caller, id));
    // What somebody puts aside or ends no longer explains others.
    if (event === 'alert.resolved') await announce(trx, context, { resolved: [after], at, now: at, by: caller.name });
    else {
      await context.appendEvents(trx, [alertEvent(event, after, at, caller.name)]);
      if (event === 'alert.ignored') await announce(trx, context, { at, now: at });
    }
    await context.audit(trx, {
      caller,
      verb: `alerts.${verb}`,
      target: id,
      project: after.project,
      before: { status: before.status },
      after: { status: after.status },
      at,
    });
    return after;
  });
  return toAlert(alert);
}

function refusal(verb: Transition['verb'], row: AlertRow): HubError {
  const who = {
    open: '',
    acknowledged: row.acknowledged_at === null ? '' : ` by ${row.acknowledged_by} since ${iso(row.acknowledged_at)}`,
    resolved: row.resolved_at === null ? '' : ` by ${row.resolved_by} since ${iso(row.resolved_at)}`,
    ignored: '',
  }[row.status];
  return new HubError('conflict', `This alert is ${row.status}${who}: it cannot be ${PAST[verb]} now.`);
}

const PAST: Record<Transition['verb'], string> = {
  acknowledge: 'acknowledged',
  resolve: 'resolved',
  ignore: 'ignored',
};
