import { setTimeout as wait } from 'node:timers/promises';
import { AlertNotification, type ChannelDeclaration } from '@orrery/protocol';
import { inTransaction } from '../platform/db.ts';
import { isOutage } from '../platform/outage.ts';
import { backoff } from './backoff.ts';
import { type SendOutcome, sendThrough } from './channels/index.ts';
import { presentNotes } from './channels/late.ts';
import type { DeliveryContext } from './deliver.ts';
import { settleDelivered, settleFailed, settleRetry } from './outbox.ts';
import type { AlertTables, ChannelStateRow, DeliveryRow } from './tables.ts';

const ROW_MAX_MS = 5 * 60_000;
/** A channel rests shorter than a row: one message that its receiver cannot digest must not hold back the next alert for long. */
const CHANNEL_MAX_MS = 60_000;
/** How soon a database that was away is asked again. */
const AGAIN_MS = 250;

/** Sends one claimed row and writes down what came of it. Returns how it ended. */
export async function sendClaimed(
  context: DeliveryContext,
  declaration: ChannelDeclaration,
  row: DeliveryRow,
  claim: { at: number; state: ChannelStateRow | undefined; signal: AbortSignal },
): Promise<SendOutcome['kind']> {
  const outcome = await attempt(context, declaration, row, claim.signal);
  const now = context.clock.now();
  if (outcome.kind === 'delivered') {
    await onceBack(context, claim.signal, () => settleDelivered(context.db, row, claim.at, now));
    return 'delivered';
  }
  if (outcome.kind === 'stopped') {
    await settleRetry(context.db, row, { dueAt: now, error: outcome.detail, mayHaveArrived: true, now });
    return 'stopped';
  }
  const overdue = now - row.planned_at >= context.timing.giveUpMs;
  if (outcome.kind === 'gone' || overdue) await giveUp(context, row, now, outcome.detail);
  else {
    const least = outcome.kind === 'unavailable' ? (outcome.retryAfterMs ?? 0) : 0;
    const pause = backoff(now - (claim.state?.failing_since ?? now), CHANNEL_MAX_MS, context.random());
    await settleRetry(context.db, row, {
      dueAt: now + Math.max(least, backoff(now - row.planned_at, ROW_MAX_MS, context.random())),
      error: outcome.detail,
      mayHaveArrived: outcome.kind === 'unavailable' && outcome.mayHaveArrived,
      ...(outcome.kind === 'unavailable' ? { pausedUntil: now + Math.max(least, pause) } : {}),
      now,
    });
  }
  context.log.warn(
    { channel: row.channel, delivery: row.id, attempt: row.attempts },
    `not delivered: ${outcome.detail}`,
  );
  return outcome.kind;
}

/** What has arrived and is not written down would be sent again: while the database is away it is asked until it is back. */
async function onceBack({ log }: DeliveryContext, signal: AbortSignal, write: () => Promise<void>): Promise<void> {
  for (let asked = 1; ; asked++)
    try {
      return await write();
    } catch (error) {
      if (signal.aborted || !isOutage(error)) throw error;
      if (asked === 1)
        log.warn({ err: error }, 'a notification has arrived; that is written down when the database is back');
      await wait(AGAIN_MS, undefined, { ref: false });
    }
}

/** One try, within the time of a send, with what is true of the alert at this moment. Never throws. */
export async function attempt(
  context: DeliveryContext,
  declaration: ChannelDeclaration,
  row: DeliveryRow,
  signal: AbortSignal,
): Promise<SendOutcome> {
  try {
    const now = context.clock.now();
    const notification = AlertNotification.parse(JSON.parse(row.payload));
    const outgoing = {
      id: row.id,
      body: row.payload,
      notification,
      possibleRepeat: row.possible_repeat === 1,
      opening: await openingOf(context, row),
      notes: presentNotes(notification, await resolvedAt(context, row), now),
    };
    const publicUrl = context.publicUrl.replace(/\/+$/, '');
    return await sendThrough(declaration, outgoing, {
      outbound: context.outbound,
      publicUrl,
      projectOf: context.routes.project,
      now,
      timeoutMs: context.timing.sendTimeoutMs,
      signal,
    });
  } catch (error) {
    context.log.error({ err: error, channel: row.channel, delivery: row.id }, 'a notification could not be sent');
    return { kind: 'refused', detail: 'sending failed inside the hub; its log says why' };
  }
}

/** Under which id the channel was told of the alert first: what follows is an answer to that. */
async function openingOf(
  { db }: DeliveryContext,
  { alert_id, channel, type }: DeliveryRow,
): Promise<string | undefined> {
  if (alert_id === null || type === 'alert.opened') return undefined;
  const row = await db
    .withTables<AlertTables>()
    .selectFrom('deliveries')
    .select('id')
    .where('alert_id', '=', alert_id)
    .where('channel', '=', channel)
    .where('type', 'in', ['alert.opened', 'alert.escalated'])
    .where('status', '=', 'delivered')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

async function resolvedAt({ db }: DeliveryContext, { alert_id, type }: DeliveryRow): Promise<number | null> {
  if (alert_id === null || type !== 'alert.opened') return null;
  const row = await db
    .withTables<AlertTables>()
    .selectFrom('alerts')
    .select('resolved_at')
    .where('id', '=', alert_id)
    .executeTakeFirst();
  return row?.resolved_at ?? null;
}

/** Ends a row that will never arrive, and says so where people look. */
async function giveUp(context: DeliveryContext, row: DeliveryRow, now: number, detail: string): Promise<void> {
  await inTransaction(context.db, async (trx) => {
    if (!(await settleFailed(trx, row, now, detail))) return;
    const { alert } = AlertNotification.parse(JSON.parse(row.payload));
    await context.appendEvents(trx, [
      {
        at: now,
        type: 'notification.failed',
        ...(row.alert_id === null ? {} : { project: alert.project }),
        title: `${row.channel} was not told: ${row.title}`,
        data: {
          deliveryId: row.id,
          channel: row.channel,
          alertId: row.alert_id,
          attempts: row.attempts,
          reason: detail,
        },
      },
    ]);
  });
}
