import { HealNewsType } from '@orrery/protocol';
import { type Db, inTransaction } from '../platform/db.ts';
import { OF_OPEN } from './notify.ts';
import { type AlertTables, type ChannelStateRow, type DeliveryRow, UNSETTLED } from './tables.ts';

const OF_REPAIR = HealNewsType.options;

export type Claim = {
  channel: string;
  limit: number;
  /** What was never tried goes first: one message that fails every time does not stand in the way of the others. */
  freshFirst?: boolean;
  holder: string;
  now: number;
  leaseMs: number;
};

/**
 * Takes due notifications of one channel for sending, oldest first: the intent is on disk before anything leaves. What another sender
 * left in the middle (its lease is over) is taken too, marked as a possible repeat. What tells more of an alert waits until its opening
 * is settled, and its resolution until all is; what became of a repair is told in the order in which it happened.
 */
export async function claim(
  db: Db,
  { channel, limit, freshFirst = false, holder, now, leaseMs }: Claim,
): Promise<DeliveryRow[]> {
  const q = db.withTables<AlertTables>();
  return (
    q
      .updateTable('deliveries')
      .set((eb) => ({
        status: 'sending',
        holder,
        attempts: eb('attempts', '+', 1),
        due_at: now + leaseMs,
        possible_repeat: eb.case().when('status', '=', 'sending').then(1).else(eb.ref('possible_repeat')).end(),
      }))
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('deliveries as d')
          .select('d.id')
          .where('d.channel', '=', channel)
          .where(UNSETTLED)
          .where('d.due_at', '<=', now)
          .where('d.type', '<>', 'channel.test')
          .where((eb) =>
            eb.or([
              eb('d.type', '=', 'alert.opened'),
              eb.not(
                eb.exists(
                  eb
                    .selectFrom('deliveries as o')
                    .select('o.id')
                    .whereRef('o.alert_id', '=', 'd.alert_id')
                    .whereRef('o.channel', '=', 'd.channel')
                    .where('o.status', 'in', ['pending', 'sending'])
                    .where((eb) =>
                      eb.or([
                        eb('o.type', '=', 'alert.opened'),
                        eb.and([eb('d.type', '=', 'alert.resolved'), eb('o.type', 'in', OF_OPEN)]),
                        eb.and([
                          eb('o.type', 'in', OF_REPAIR),
                          eb('o.planned_at', '<=', now),
                          eb.or([
                            eb.and([
                              eb('d.type', '=', 'alert.resolved'),
                              eb('o.created_at', '<=', eb.ref('d.created_at')),
                            ]),
                            eb.and([eb('d.type', 'in', OF_REPAIR), eb('o.id', '<', eb.ref('d.id'))]),
                          ]),
                        ]),
                      ]),
                    ),
                ),
              ),
            ]),
          )
          .$if(freshFirst, (due) => due.orderBy('d.attempts'))
          .orderBy('d.due_at')
          .orderBy('d.id')
          .limit(limit),
      )
      // Said again outside: PostgreSQL checks these on the row as another hub has just left it.
      .where('status', 'in', ['pending', 'sending'])
      .where('due_at', '<=', now)
      .returningAll()
      .execute()
  );
}

/** Clocks may differ by less. */
const AHEAD_MS = 60_000;

/** Makes due what was to be told at once at a time that lies ahead: the clock was set back since, or that of another hub goes before. */
export async function notAhead(db: Db, now: number): Promise<void> {
  await db
    .withTables<AlertTables>()
    .updateTable('deliveries')
    .set({ due_at: now })
    .where(UNSETTLED)
    .where('status', '=', 'pending')
    .where('created_at', '>', now + AHEAD_MS)
    .whereRef('planned_at', '<=', 'created_at')
    .whereRef('due_at', '>=', 'created_at')
    .execute();
}

/** Writes a row that its caller is about to send itself: nobody else ever takes it. */
export async function insertSending(db: Db, row: DeliveryRow): Promise<void> {
  await db.withTables<AlertTables>().insertInto('deliveries').values(row).execute();
}

/** It arrived, whoever sent it. Wakes the channel when it had been failing. */
export async function settleDelivered(db: Db, row: DeliveryRow, claimedAt: number, now: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const q = trx.withTables<AlertTables>();
    const done = await q
      .updateTable('deliveries')
      .set({ status: 'delivered', settled_at: now, holder: null, last_error: null })
      .where('id', '=', row.id)
      .where('status', '<>', 'delivered')
      .executeTakeFirst();
    const first = Number(done.numUpdatedRows) === 1;
    await countOutcome(trx, row.channel, { delivered: first ? 1 : 0, lastDeliveredAt: now });
    const woken = await q
      .updateTable('channel_states')
      .set({ failing_since: null, paused_until: null, last_error: null })
      .where('name', '=', row.channel)
      .where('failing_since', 'is not', null)
      // A rest that began after this was sent (429 for another message) is kept.
      .where((eb) => eb.or([eb('paused_until', 'is', null), eb('paused_until', '<=', claimedAt)]))
      .executeTakeFirst();
    if (Number(woken.numUpdatedRows) === 1)
      await q
        .updateTable('deliveries')
        .set({ due_at: now })
        .where('channel', '=', row.channel)
        .where('status', '=', 'pending')
        .where('due_at', '>', now)
        // What was held back on purpose is not a failure that is over.
        .where('planned_at', '<=', now)
        .execute();
  });
}

/** Ends claimed rows that are not told after all, each with why in words. An attempt that was not made is not counted. */
export async function settleSuppressed(
  db: Db,
  kept: readonly { row: DeliveryRow; reason: string }[],
  now: number,
): Promise<void> {
  for (const { row, reason } of kept)
    await db
      .withTables<AlertTables>()
      .updateTable('deliveries')
      .set({ status: 'suppressed', settled_at: now, holder: null, reason, attempts: row.attempts - 1 })
      .where('id', '=', row.id)
      .where('status', '=', 'sending')
      .where('attempts', '=', row.attempts)
      .execute();
}

/** Ends a row for good; false when another sender settled or took it meanwhile. */
export async function settleFailed(trx: Db, row: DeliveryRow, now: number, error: string): Promise<boolean> {
  const done = await trx
    .withTables<AlertTables>()
    .updateTable('deliveries')
    .set({ status: 'failed', settled_at: now, holder: null, last_error: error })
    .where('id', '=', row.id)
    .where('status', '=', 'sending')
    .where('attempts', '=', row.attempts)
    .executeTakeFirst();
  const mine = Number(done.numUpdatedRows) === 1;
  if (mine) await countOutcome(trx, row.channel, { failed: 1, lastError: error });
  return mine;
}

/** Puts a row back for a later attempt. `pausedUntil` lets the whole channel rest: its receiver is what fails, not this message. */
export async function settleRetry(
  db: Db,
  row: DeliveryRow,
  retry: { dueAt: number; error: string; mayHaveArrived: boolean; pausedUntil?: number; now: number },
): Promise<void> {
  await inTransaction(db, async (trx) => {
    await trx
      .withTables<AlertTables>()
      .updateTable('deliveries')
      .set({
        status: 'pending',
        due_at: retry.dueAt,
        holder: null,
        last_error: retry.error,
        possible_repeat: retry.mayHaveArrived ? 1 : row.possible_repeat,
      })
      .where('id', '=', row.id)
      .where('status', '=', 'sending')
      .where('attempts', '=', row.attempts)
      .execute();
    await countOutcome(trx, row.channel, { lastError: retry.error });
    if (retry.pausedUntil !== undefined)
      await trx
        .withTables<AlertTables>()
        .updateTable('channel_states')
        .set((eb) => ({
          paused_until: retry.pausedUntil ?? null,
          failing_since: eb.fn.coalesce('failing_since', eb.val(retry.now)),
        }))
        .where('name', '=', row.channel)
        .execute();
  });
}

type Outcome = { delivered?: number; failed?: number; lastError?: string; lastDeliveredAt?: number };

async function countOutcome(trx: Db, name: string, outcome: Outcome): Promise<void> {
  const { delivered = 0, failed = 0, lastError, lastDeliveredAt } = outcome;
  await trx
    .withTables<AlertTables>()
    .insertInto('channel_states')
    .values({
      name,
      failing_since: null,
      paused_until: null,
      last_delivered_at: lastDeliveredAt ?? null,
      last_error: lastError ?? null,
      delivered,
      failed,
    })
    .onConflict((oc) =>
      oc.column('name').doUpdateSet((eb) => ({
        delivered: eb('channel_states.delivered', '+', delivered),
        failed: eb('channel_states.failed', '+', failed),
        ...(lastError === undefined ? {} : { last_error: lastError }),
        ...(lastDeliveredAt === undefined ? {} : { last_delivered_at: lastDeliveredAt }),
      })),
    )
    .execute();
}

export async function channelState(db: Db, name: string): Promise<ChannelStateRow | undefined> {
  return db
    .withTables<AlertTables>()
    .selectFrom('channel_states')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst();
}

/** Ends rows that nobody sends any more: tests whose hub died, and what waits longer than `giveUpMs` for a channel that no longer exists. */
export async function settleAbandoned(db: Db, known: readonly string[], now: number, giveUpMs: number): Promise<void> {
  const q = db.withTables<AlertTables>();
  await q
    .updateTable('deliveries')
    .set({ status: 'failed', settled_at: now, holder: null, last_error: 'the hub stopped while it was being sent' })
    .where(UNSETTLED)
    .where('type', '=', 'channel.test')
    .where('due_at', '<=', now)
    .execute();
  let orphans = q
    .updateTable('deliveries')
    .set({ status: 'failed', settled_at: now, holder: null, last_error: 'the channel is no longer declared' })
    .where(UNSETTLED)
    .where('due_at', '<=', now)
    .where('planned_at', '<', now - giveUpMs);
  if (known.length > 0) orphans = orphans.where('channel', 'not in', known);
  await orphans.execute();
}
