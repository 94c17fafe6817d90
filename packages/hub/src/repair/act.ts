import type { RemedyDeclaration } from '@orrery/protocol';
import type { RepairContext } from './context.ts';
import { lookAgain } from './lookAgain.ts';
import { type Acted, actOn, describeRemedy } from './remedies/index.ts';
import { advance, attemptsIn, end } from './store.ts';
import type { AttemptRow } from './tables.ts';

type Plan = { remedy: RemedyDeclaration; rollback?: RemedyDeclaration };
const planOf = (context: RepairContext, row: AttemptRow): Plan => JSON.parse(context.secrets.open(row.plan, row.id));

/**
 * Carries out the remedy of an attempt, once, if a second look confirms that it is still needed: that it is about to be done is committed before it is, so that whoever finds the attempt
 * after a crash does not do it again but looks at what came of it.
 */
export async function act(context: RepairContext, row: AttemptRow, signal: AbortSignal): Promise<void> {
  const { remedy } = planOf(context, row);
  const looked = await lookAgain(context, row, signal);
  if (!looked) return;
  const seen = { second_look: looked.detail, looked_at: context.clock.now() };
  if (looked.kind === 'refused') return void (await end(context, row, 'refused', looked.detail, seen));
  const at = context.clock.now();
  const claimed = await attemptsIn(context.db)
    .updateTable('heal_attempts')
    .set({ acting_at: at, ...seen })
    .where('id', '=', row.id)
    .where('status', '=', 'acting')
    .where('holder', '=', context.holderId)
    .where('acting_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (!claimed) return;
  const acted = await carryOut(context, claimed, remedy, signal);
  const now = context.clock.now();
  if (!acted.done && (acted.needless || !signal.aborted)) {
    await end(context, claimed, acted.needless ? 'refused' : 'failed', acted.detail, { acted_at: now });
    return;
  }
  await toVerify(
    context,
    claimed,
    signal.aborted ? `the hub was stopped while it acted: ${acted.detail}` : acted.detail,
  );
}

/** The act is over, or may have happened: now the service's own checks have the word. */
export async function toVerify(context: RepairContext, row: AttemptRow, detail: string): Promise<void> {
  await advance(
    context,
    row,
    { status: 'verifying', acted_at: context.clock.now(), detail, holder: null },
    { type: 'heal.acted', title: `${row.project}/${row.service}: ${row.remedy_text}; now its checks are watched` },
  );
  context.checkSoon([{ project: row.project, service: row.service }]);
}

/** Undoes what an attempt did, where its policy says how; in words what came of it, null when there is nothing to undo. */
export async function rollBack(context: RepairContext, row: AttemptRow, signal: AbortSignal): Promise<string | null> {
  const { rollback } = planOf(context, row);
  if (rollback === undefined) return null;
  const { done, detail } = await carryOut(context, row, rollback, signal);
  return `${describeRemedy(rollback)}: ${done ? 'done' : 'failed'}, ${detail}`;
}

function carryOut(
  context: RepairContext,
  row: AttemptRow,
  remedy: RemedyDeclaration,
  signal: AbortSignal,
): Promise<Acted> {
  return actOn(remedy, {
    clock: context.clock,
    outbound: context.outbound,
    signal,
    project: row.project,
    service: row.service,
    attemptId: row.id,
    act: (...asked) => context.act(row.project, ...asked),
  });
}
