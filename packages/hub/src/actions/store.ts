import type { ActionRun } from '@orrery/protocol';
import type { Db } from '../platform/db.ts';
import type { Collected } from './collect.ts';
import type { SendOutcome } from './send.ts';
import type { ActionTables, FanoutRow, PartRow } from './tables.ts';

const q = (db: Db) => db.withTables<ActionTables>();

/** Writes what is about to be done, before any of it is. */
export async function insertFanout(trx: Db, fanout: FanoutRow, parts: readonly PartRow[]): Promise<void> {
  await q(trx).insertInto('fanouts').values(fanout).execute();
  for (let i = 0; i < parts.length; i += 50)
    await q(trx)
      .insertInto('fanout_parts')
      .values(parts.slice(i, i + 50))
      .execute();
}

/** Whether any request has something left to send, to ask after or to finish. */
export async function anyOpen(db: Db): Promise<boolean> {
  return (
    (await q(db).selectFrom('fanouts').select('id').where('finished_at', 'is', null).limit(1).executeTakeFirst()) !==
    undefined
  );
}

/** Takes parts that another sender left in the middle: its lease is over. */
export async function claimDue(
  db: Db,
  { holder, now, leaseMs, limit }: { holder: string; now: number; leaseMs: number; limit: number },
): Promise<PartRow[]> {
  return (
    q(db)
      .updateTable('fanout_parts')
      .set((eb) => ({ holder, attempts: eb('attempts', '+', 1), due_at: now + leaseMs }))
      .where((eb) =>
        eb(
          eb.refTuple('fanout', 'project'),
          'in',
          eb
            .selectFrom('fanout_parts as p')
            .select(['p.fanout', 'p.project'])
            .where('p.status', '=', 'sending')
            .where('p.due_at', '<=', now)
            .orderBy('p.due_at')
            .limit(limit)
            .$asTuple('fanout', 'project'),
        ),
      )
      // Said again outside: PostgreSQL checks these on the row as another hub has just left it.
      .where('status', '=', 'sending')
      .where('due_at', '<=', now)
      .returningAll()
      .execute()
  );
}

/** Makes due what a hub that is gone was sending; only where no other hub can be alive on the database. */
export async function releaseAll(db: Db, now: number): Promise<void> {
  await q(db)
    .updateTable('fanout_parts')
    .set({ due_at: now })
    .where('status', '=', 'sending')
    .where('due_at', '>', now)
    .execute();
}

/** Settles a send that is still this sender's; false when another took it meanwhile. */
export async function settleSend(trx: Db, part: PartRow, outcome: SendOutcome, now: number): Promise<boolean> {
  const sent = outcome.kind === 'sent';
  const done = await q(trx)
    .updateTable('fanout_parts')
    .set({
      status: outcome.kind,
      holder: null,
      settled_at: now,
      reason: sent ? null : outcome.reason,
      via: sent ? outcome.via : 'http',
      sent_at: sent ? now : null,
      audit_id: sent ? outcome.auditId : null,
      collect_at: sent ? now : null,
    })
    .where('fanout', '=', part.fanout)
    .where('project', '=', part.project)
    .where('status', '=', 'sending')
    .where('attempts', '=', part.attempts)
    .executeTakeFirst();
  return Number(done.numUpdatedRows) === 1;
}

/** Takes runs that are to be asked after; each is looked at again after `againMs` whatever comes of it. */
export async function claimCollects(
  db: Db,
  { now, againMs, limit, only }: { now: number; againMs: number; limit: number; only?: string | undefined },
): Promise<PartRow[]> {
  return q(db)
    .updateTable('fanout_parts')
    .set((eb) => ({ collect_at: now + againMs, collects: eb('collects', '+', 1) }))
    .where((eb) =>
      eb(
        eb.refTuple('fanout', 'project'),
        'in',
        eb
          .selectFrom('fanout_parts as p')
          .select(['p.fanout', 'p.project'])
          .where('p.collect_at', '<=', now)
          .$if(only !== undefined, (due) => due.where('p.fanout', '=', only ?? ''))
          .orderBy('p.collect_at')
          .limit(limit)
          .$asTuple('fanout', 'project'),
      ),
    )
    .where('collect_at', '<=', now)
    .returningAll()
    .execute();
}

/**
 * Keeps what was learned of a run; `nextAt` when it is asked after again, null when all is known or it is given up. True when it changed what
 * is shown.
 */
export async function settleCollect(
  trx: Db,
  part: Pick<PartRow, 'fanout' | 'project' | 'audit_id' | 'settled_at'>,
  found: Collected,
  nextAt: number | null,
  now: number,
): Promise<boolean> {
  const update = q(trx)
    .updateTable('fanout_parts')
    .where('fanout', '=', part.fanout)
    .where('project', '=', part.project)
    .where('status', '=', 'sent');
  const set = () => {
    if (found.kind === 'run') {
      const { status, ...rest } = found.run;
      return { run_status: status, run: JSON.stringify(rest), run_unknown: null, collect_at: nextAt };
    }
    if (found.kind === 'forged')
      return { status: 'failed' as const, reason: found.reason, collect_at: null, settled_at: now };
    return { run_unknown: found.reason, collect_at: nextAt };
  };
  const done = await update
    .set(set())
    .where((eb) => eb.or([eb('run_status', 'is', null), eb('run_status', 'in', ['queued', 'running'])]))
    .executeTakeFirst();
  if (Number(done.numUpdatedRows) === 1) return true;
  // What has ended stays so, whoever tells otherwise later; of one whose end the instance told by itself, only the result is still missing.
  const ended = update.where('collect_at', 'is not', null);
  if (found.kind !== 'run') {
    await ended.set({ collect_at: found.kind === 'later' ? nextAt : null }).execute();
    return false;
  }
  const { status, ...rest } = found.run;
  if (status === 'queued' || status === 'running') {
    // It was asked before it ended.
    await ended.set({ collect_at: nextAt }).execute();
    return false;
  }
  const completed = await ended
    .set({ run: JSON.stringify(rest), run_unknown: null, collect_at: null })
    .where('run_status', '=', status)
    .executeTakeFirst();
  if (Number(completed.numUpdatedRows) === 1) return true;
  await ended.set({ collect_at: null }).execute();
  return false;
}

/** What an instance says itself of a run of its own: the audit id of one that went by the mesh. */
export async function noteAccepted(trx: Db, fanout: string, project: string, auditId: string): Promise<void> {
  await q(trx)
    .updateTable('fanout_parts')
    .set({ audit_id: auditId })
    .where('fanout', '=', fanout)
    .where('project', '=', project)
    .where('status', '=', 'sent')
    .where('audit_id', 'is', null)
    .execute();
}

/** One part as it stands. */
export async function partOf(db: Db, fanout: string, project: string): Promise<PartRow | undefined> {
  return q(db)
    .selectFrom('fanout_parts')
    .selectAll()
    .where('fanout', '=', fanout)
    .where('project', '=', project)
    .executeTakeFirst();
}

/** Marks what has nothing left to send or to ask after as finished. */
export async function finishDone(db: Db, now: number): Promise<void> {
  await q(db)
    .updateTable('fanouts')
    .set({ finished_at: now })
    .where('finished_at', 'is', null)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('fanout_parts')
            .select('fanout_parts.project')
            .whereRef('fanout_parts.fanout', '=', 'fanouts.id')
            .where((eb) =>
              eb.or([eb('fanout_parts.status', '=', 'sending'), eb('fanout_parts.collect_at', 'is not', null)]),
            ),
        ),
      ),
    )
    .execute();
}

/** Deletes what finished before. */
export async function expireFanouts(db: Db, before: number): Promise<void> {
  await q(db).deleteFrom('fanouts').where('created_at', '<', before).where('finished_at', 'is not', null).execute();
}

/** What is kept of a run, as the instance told of it. */
export const storedRun = (
  part: Pick<PartRow, 'run' | 'run_status'>,
): Omit<ActionRun, 'auditId' | 'action'> | undefined => {
  if (part.run === null || part.run_status === null) return undefined;
  const { auditId: _, action: __, ...rest } = JSON.parse(part.run) as ActionRun;
  return { ...rest, status: part.run_status };
};
