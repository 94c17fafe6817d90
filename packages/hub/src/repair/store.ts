import type { HealOutcome } from '@orrery/protocol';
import type { AuditEntry } from '../access/index.ts';
import { systemCaller } from '../access/index.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import type { RepairContext } from './context.ts';
import type { AttemptRow, RepairTables } from './tables.ts';

export const REPAIR = systemCaller('repair');

export const attemptsIn = (db: Db) => db.withTables<RepairTables>();

/** Attempts that have not ended, oldest first. */
export const openAttempts = (db: Db): Promise<AttemptRow[]> =>
  attemptsIn(db).selectFrom('heal_attempts').selectAll().where('status', '<>', 'done').orderBy('created_at').execute();

/** Whether an attempt has not ended, or something is still said of a policy. */
export async function anythingStands(db: Db): Promise<boolean> {
  const attempts = attemptsIn(db).selectFrom('heal_attempts').select('id').where('status', '<>', 'done').limit(1);
  const verdicts = attemptsIn(db).selectFrom('heal_verdicts').select('policy').limit(1);
  return (await attempts.executeTakeFirst()) !== undefined || (await verdicts.executeTakeFirst()) !== undefined;
}

/**
 * Moves an attempt on: the WHERE decides who was first. What happened is told as an event and written to the audit trail in the same
 * transaction. Undefined when somebody else was first.
 */
export async function advance(
  context: RepairContext,
  row: AttemptRow,
  change: Partial<AttemptRow>,
  told: { type: string; title: string; caller?: AuditEntry['caller'] },
  work?: (trx: Db) => Promise<void>,
): Promise<AttemptRow | undefined> {
  const at = context.clock.now();
  const moved = await inTransaction(context.db, async (trx) => {
    const after = await attemptsIn(trx)
      .updateTable('heal_attempts')
      .set(change)
      .where('id', '=', row.id)
      .where('status', '=', row.status)
      .where((eb) => (row.acting_at === null ? eb('acting_at', 'is', null) : eb('acting_at', '=', row.acting_at)))
      .returningAll()
      .executeTakeFirst();
    if (!after) return undefined;
    await work?.(trx);
    await tell(context, trx, after, told, at);
    await context.audit(trx, {
      caller: told.caller ?? REPAIR,
      verb: told.type.replace(/^heal\./, 'repair.'),
      target: row.id,
      project: row.project,
      before: { status: row.status },
      after: { status: after.status, outcome: after.outcome, detail: after.detail },
      at,
    });
    return after;
  });
  if (moved) context.stepped();
  return moved;
}

/** Puts what happened to an attempt into the stream, and hands it to whoever tells people of it. */
export async function tell(
  context: RepairContext,
  trx: Db,
  row: AttemptRow,
  { type, title }: { type: string; title: string },
  at: number,
): Promise<void> {
  await context.appendEvents(trx, [
    {
      at,
      type,
      project: row.project,
      service: row.service,
      title,
      data: {
        attemptId: row.id,
        policy: row.policy,
        remedy: row.remedy_text,
        outcome: row.outcome,
        ...(row.detail === null ? {} : { detail: row.detail }),
        alertId: row.alert_id,
      },
    },
  ]);
  await context.onStep(trx, {
    ...{ type, at, title, project: row.project, service: row.service, alertId: row.alert_id },
    ...{ policy: row.policy, remedy: row.remedy_text, why: row.diagnosis },
    attempt: {
      ...{ id: row.id, detail: row.detail, expiresAt: row.expires_at },
      ordinal: await ordinalOf(trx, row),
    },
  });
}

/** Which attempt for its alert it is; ids grow with time. */
async function ordinalOf(trx: Db, { id, alert_id }: AttemptRow): Promise<number> {
  const { n } = await attemptsIn(trx)
    .selectFrom('heal_attempts')
    .select(({ fn }) => fn.countAll().as('n'))
    .where('alert_id', '=', alert_id)
    .where('id', '<=', id)
    .executeTakeFirstOrThrow();
  return Number(n);
}

/** Ends an attempt with its outcome. */
export function end(
  context: RepairContext,
  row: AttemptRow,
  outcome: HealOutcome,
  detail: string,
  more: Partial<AttemptRow> = {},
): Promise<AttemptRow | undefined> {
  const name = `${row.project}/${row.service}`;
  const said: Record<HealOutcome, string> = {
    healed: `${name} was healed: ${row.remedy_text}`,
    'no effect': `${name} is not healed: ${row.remedy_text} had no effect`,
    worse: `${name} became worse after ${row.remedy_text}`,
    failed: `${name} could not be repaired: ${detail}`,
    refused: `${name} was not repaired: ${detail}`,
    expired: `${name} was not repaired: nobody approved it in time`,
    'dry run': `${name} would have been repaired: ${row.remedy_text}`,
  };
  return advance(
    context,
    row,
    { status: 'done', outcome, detail, ended_at: context.clock.now(), ...more },
    { type: `heal.${outcome.replace(' ', '_')}`, title: said[outcome] },
  );
}

/** When a second look last kept an attempt from acting, after this time, by target. */
export async function unconfirmedSince(db: Db, since: number): Promise<ReadonlyMap<string, number>> {
  const rows = await attemptsIn(db)
    .selectFrom('heal_attempts')
    .select(['project', 'service', 'looked_at'])
    .where('outcome', '=', 'refused')
    .where('looked_at', '>', since)
    .orderBy('looked_at')
    .execute();
  return new Map(rows.map(({ project, service, looked_at }) => [`${project}/${service}`, looked_at ?? 0]));
}

/** Who said no to which policy for one of these alerts, by `alert policy`. */
export async function deniedFor(db: Db, alertIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (alertIds.length === 0) return new Map();
  const rows = await attemptsIn(db)
    .selectFrom('heal_attempts')
    .select(['alert_id', 'policy', 'denied_by'])
    .where('denied_by', 'is not', null)
    .execute();
  const living = new Set(alertIds);
  return new Map(
    rows
      .filter(({ alert_id }) => living.has(alert_id))
      .map((row) => [`${row.alert_id} ${row.policy}`, row.denied_by ?? '']),
  );
}

/** Who has pulled the kill switch, when and why. */
export async function pausedBy(db: Db): Promise<{ by: string; at: number; reason: string } | undefined> {
  const row = await attemptsIn(db).selectFrom('heal_control').selectAll().where('id', '=', 1).executeTakeFirst();
  return row && row.paused_by !== null && row.paused_at !== null
    ? { by: row.paused_by, at: row.paused_at, reason: row.reason ?? '' }
    : undefined;
}
