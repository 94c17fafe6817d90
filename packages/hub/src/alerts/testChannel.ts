import type { AlertNotification, ChannelTest } from '@orrery/protocol';
import { authorize, type Caller } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { inTransaction } from '../platform/db.ts';
import type { DeliveryContext } from './deliver.ts';
import { findChannel } from './listChannels.ts';
import { deliveryRow } from './notify.ts';
import { insertSending, settleDelivered, settleFailed } from './outbox.ts';
import { attempt } from './send.ts';

/** Sends a test through a channel now, past any pause, once and within the time of a send (10 s); says what the receiver answered. */
export async function testChannel(context: DeliveryContext, caller: Caller, name: string): Promise<ChannelTest> {
  authorize(caller, 'configure');
  const { declaration } = findChannel(context.book, caller, name);
  const at = context.clock.now();
  const row = {
    ...deliveryRow({ alertId: null, channel: name, notification: sample(name, caller.name, at), at, now: at }),
    status: 'sending' as const,
    attempts: 1,
    due_at: at + context.timing.leaseMs,
    holder: context.holderId,
  };
  await inTransaction(context.db, async (trx) => {
    await insertSending(trx, row);
    await context.audit(trx, { caller, verb: 'channels.test', target: name, after: { deliveryId: row.id }, at });
  });
  const outcome = await attempt(context, declaration, row, new AbortController().signal);
  const now = context.clock.now();
  const ok = outcome.kind === 'delivered';
  if (ok) await settleDelivered(context.db, row, at, now);
  else await inTransaction(context.db, (trx) => settleFailed(trx, row, now, outcome.detail));
  return { ok, deliveryId: row.id, detail: outcome.detail };
}

const sample = (channel: string, by: string, at: number): AlertNotification => ({
  type: 'channel.test',
  at: iso(at),
  alert: {
    id: 'test',
    project: 'orrery',
    severity: 'info',
    category: 'availability',
    title: `Test of the channel ${channel}`,
    description: `Nothing is wrong. ${by} asked Orrery to see whether its alerts arrive here. They do.`,
    autoFixable: false,
    status: 'open',
    fingerprint: 'test',
    occurrences: 1,
    createdAt: iso(at),
    lastSeenAt: iso(at),
  },
});
