import type { HealAttempt, HealControl } from '@orrery/protocol';
import { authorize, authorizeWhole, type Caller, sees } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { RepairContext } from './context.ts';
import { advance, attemptsIn, pausedBy } from './store.ts';
import { type AttemptRow, toAttempt } from './tables.ts';

const ID = /^heal_[0-9a-z]{20,40}$/;

/** The attempt's row; the same not_found whether it does not exist or belongs to a project that the caller may not see. */
export async function findAttempt(context: RepairContext, caller: Caller, id: string): Promise<AttemptRow> {
  const row = ID.test(id)
    ? await attemptsIn(context.db).selectFrom('heal_attempts').selectAll().where('id', '=', id).executeTakeFirst()
    : undefined;
  if (!row || !sees(caller, row.project)) throw new HubError('not_found', 'There is no such heal attempt.');
  return row;
}

/** Lets an attempt act that asks for it: the plan is the one that was frozen when it asked. Of two who decide the first has it. */
export async function approve(context: RepairContext, caller: Caller, id: string): Promise<HealAttempt> {
  authorize(caller, 'actions:run');
  const row = await findAttempt(context, caller, id);
  if (row.status !== 'awaiting approval') throw settled(row);
  const now = context.clock.now();
  if ((row.expires_at ?? 0) <= now)
    throw new HubError('conflict', 'This approval has expired; a new one is asked for while the alert lives.');
  const paused = await pausedBy(context.db);
  if (paused) throw new HubError('conflict', `Repair is paused by ${paused.by}: resume it first.`);
  const after = await advance(
    context,
    row,
    { status: 'acting', approved_by: caller.name, holder: null },
    {
      type: 'heal.approved',
      title: `${caller.name} approved: ${row.remedy_text} for ${row.project}/${row.service}`,
      caller,
    },
  );
  if (!after) throw settled(await findAttempt(context, caller, id));
  return toAttempt(after);
}

/** Says no to an attempt that asks: while its alert lives nothing of its policy is asked for again, or done. */
export async function deny(context: RepairContext, caller: Caller, id: string, reason: string): Promise<HealAttempt> {
  authorize(caller, 'actions:run');
  const row = await findAttempt(context, caller, id);
  if (row.status !== 'awaiting approval') throw settled(row);
  const detail = `${caller.name} said no${reason ? `: ${reason}` : ''}`;
  const after = await advance(
    context,
    row,
    { status: 'done', outcome: 'refused', detail, denied_by: caller.name, ended_at: context.clock.now() },
    { type: 'heal.denied', title: `${detail} (${row.remedy_text} for ${row.project}/${row.service})`, caller },
  );
  if (!after) throw settled(await findAttempt(context, caller, id));
  return toAttempt(after);
}

const settled = (row: AttemptRow) =>
  new HubError(
    'conflict',
    `This attempt is ${row.status}${row.outcome ? ` (${row.outcome})` : ''}: it asks for nothing any more.`,
  );

/** Pulls the kill switch, or lets go of it: nothing acts while it is pulled, and what acts already is still verified. */
export async function setPaused(
  context: RepairContext,
  caller: Caller,
  paused: boolean,
  reason: string,
): Promise<HealControl> {
  authorizeWhole(caller, 'actions:run');
  const at = context.clock.now();
  await inTransaction(context.db, async (trx) => {
    const change = paused
      ? { paused_by: caller.name, paused_at: at, reason }
      : { paused_by: null, paused_at: null, reason: null };
    const done = await attemptsIn(trx)
      .updateTable('heal_control')
      .set(change)
      .where('id', '=', 1)
      .where('paused_at', paused ? 'is' : 'is not', null)
      .executeTakeFirst();
    // Said twice it is as it was: who was first stands there.
    if (Number(done.numUpdatedRows) === 0) return;
    const word = paused ? 'paused' : 'resumed';
    await context.appendEvents(trx, [
      { at, type: `heal.${word}`, title: `${caller.name} ${word} repair${reason ? `: ${reason}` : ''}` },
    ]);
    await context.audit(trx, {
      caller,
      verb: `repair.${paused ? 'pause' : 'resume'}`,
      target: 'repair',
      after: { paused, reason },
      at,
    });
  });
  return control(context);
}

export async function control(context: RepairContext): Promise<HealControl> {
  const paused = await pausedBy(context.db);
  return { enabled: context.enabled(), paused: paused ? { ...paused, at: iso(paused.at) } : null };
}
