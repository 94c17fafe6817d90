import { setTimeout as wait } from 'node:timers/promises';
import type { Outbound } from '../platform/outbound.ts';
import { MAX_RETRY_AFTER_MS } from './backoff.ts';
import type { AlertContext } from './context.ts';
import { createFollowUp } from './followUp.ts';
import { channelState, claim, notAhead, settleSuppressed } from './outbox.ts';
import { sendClaimed } from './send.ts';
import { sift } from './sift.ts';

export type DeliveryTiming = {
  /** For one send, whole. */
  sendTimeoutMs: number;
  /** After this another hub may take what a dead one was sending; longer than a send can take. */
  leaseMs: number;
  /** Tried again and again for this long. */
  giveUpMs: number;
  /** What is being sent when the hub stops has this long to end by itself. */
  stopGraceMs: number;
};
export const DELIVERY_TIMING: DeliveryTiming = {
  sendTimeoutMs: 10_000,
  leaseMs: 30_000,
  giveUpMs: 86_400_000,
  stopGraceMs: 2000,
};

export type DeliveryContext = AlertContext & {
  outbound: Outbound;
  /** Where people open the console. */
  publicUrl: string;
  /** This process among all hubs on the database. */
  holderId: string;
  timing: DeliveryTiming;
  random: () => number;
};

export type Deliver = (signal?: AbortSignal) => Promise<void>;

const AT_ONCE = 5;
const LOOK_AGAIN_MS = 250;
/** How often a run that lasts looks for what is to be said again. */
const FOLLOW_EVERY_MS = 1000;
/** A run ends in time for its job even when there is always more to send; the next run goes on. */
const LONGEST_RUN_MS = 60_000;

/**
 * Says again what nobody has answered, then sends what is due, each channel on its own: while one hangs, the others are looked at again and again until it is done.
 * May run at any time and on any number of hubs; a row is sent by whoever claims it. An aborted signal lets what is under way end.
 */
export function createDeliver(context: DeliveryContext): Deliver {
  const busy = new Map<string, Promise<void>>();
  const followUp = createFollowUp(context);

  function start(name: string, going: () => boolean, cut: AbortSignal): void {
    if (busy.has(name)) return;
    const work = drain(context, name, going, cut)
      .catch((error: unknown) =>
        context.log.error({ err: error, channel: name }, 'a channel could not be served; it is tried again'),
      )
      .finally(() => busy.delete(name));
    busy.set(name, work);
  }

  return async (signal = new AbortController().signal) => {
    const cut = new AbortController();
    const onAbort = () => setTimeout(() => cut.abort(), context.timing.stopGraceMs).unref();
    signal.addEventListener('abort', onAbort, { once: true });
    const end = context.clock.monotonic() + LONGEST_RUN_MS;
    const going = () => !signal.aborted && context.clock.monotonic() < end;
    let followAt = Number.NEGATIVE_INFINITY;
    do {
      if (going() && context.clock.monotonic() >= followAt) {
        await notAhead(context.db, context.clock.now());
        await followUp();
        followAt = context.clock.monotonic() + FOLLOW_EVERY_MS;
      }
      if (going()) for (const { declaration } of context.book.all()) start(declaration.name, going, cut.signal);
      if (busy.size > 0)
        await Promise.race([Promise.all(busy.values()), wait(LOOK_AGAIN_MS, undefined, { ref: false })]);
    } while (busy.size > 0);
    signal.removeEventListener('abort', onAbort);
  };
}

/** Sends what one channel has due, a few at a time, until nothing is due or its receiver fails. */
async function drain(context: DeliveryContext, name: string, going: () => boolean, cut: AbortSignal): Promise<void> {
  while (going()) {
    const channel = context.book.get(name);
    if (!channel) return;
    const state = await channelState(context.db, name);
    const now = context.clock.now();
    const rest = (state?.paused_until ?? 0) - now;
    // One that is longer than any, or began later than now, was written before the clock was set back.
    if (rest > 0 && rest <= MAX_RETRY_AFTER_MS && (state?.failing_since ?? now) <= now) return;
    // After a failure one message is the probe; the rest follows when it went through.
    const probing = state?.failing_since != null;
    const rows = await claim(context.db, {
      channel: name,
      limit: probing ? 1 : AT_ONCE,
      freshFirst: probing,
      holder: context.holderId,
      now,
      leaseMs: context.timing.leaseMs,
    });
    if (rows.length === 0) return;
    const { tell, kept } = await sift(context, rows, now);
    await settleSuppressed(context.db, kept, now);
    const sent = tell.map((row) => sendClaimed(context, channel.declaration, row, { at: now, state, signal: cut }));
    if ((await Promise.all(sent)).includes('unavailable')) return;
  }
}
