import { parseDuration } from '@orrery/protocol';
import type { DeliveryRow } from '../tables.ts';
import type { Taken } from './route.ts';

/** What is in the outbox of an open alert: one line for each channel and type, the highest `seq` of reminders. */
export type Heard = Pick<DeliveryRow, 'channel' | 'type' | 'seq' | 'status' | 'planned_at'>;
/** What is to be told again, or to others. */
export type Again = { type: 'alert.reminder' | 'alert.escalated'; channel: string; seq: number; route: string };
type Facts = {
  createdAt: number;
  critical: boolean;
  heard: readonly Heard[];
  /** Channels whose receivers have been failing for so long that others must be told in their place. */
  failing: ReadonlySet<string>;
  /** Whether a channel wants to hear of such an alert. */
  takes(channel: string): boolean;
};

const keyOf = ({ type, channel, seq }: Pick<Heard, 'type' | 'channel' | 'seq'>): string => `${type} ${channel} ${seq}`;
const ms = (text: string): number => parseDuration(text) ?? 0;

/** Pure: what nobody has answered and is due again at `now`, and when the next of it will be (epoch ms; infinity for never). */
export function again(taken: readonly Taken[], facts: Facts, now: number): { due: Again[]; nextAt: number } {
  const due = new Map<string, Again>();
  let nextAt = Number.POSITIVE_INFINITY;
  // A step that was kept back is taken after all when nothing holds it any more.
  const told = new Set(facts.heard.filter(({ status }) => status !== 'suppressed').map(keyOf));
  const add = (one: Again) => {
    if (!told.has(keyOf(one)) && facts.takes(one.channel)) due.set(keyOf(one), one);
  };
  const reminders = new Map<string, { every: number; since: number; route: string }>();
  for (const { route, channels, notBefore } of taken) {
    const since = toldSince(channels, facts);
    if (since === undefined) continue;
    if (notBefore > now) {
      // Quiet hours: what falls into them is told at their end.
      nextAt = Math.min(nextAt, notBefore);
      continue;
    }
    const unreached = facts.critical && unreachable(channels, facts);
    route.escalate.forEach(({ after, channels: others }, step) => {
      const at = step === 0 && unreached ? now : since + ms(after);
      if (at <= now)
        for (const channel of others) add({ type: 'alert.escalated', channel, seq: step + 1, route: route.name });
      else nextAt = Math.min(nextAt, at);
    });
    if (route.repeatEvery === undefined) continue;
    const every = ms(route.repeatEvery);
    // A channel that two routes lead to is reminded by the one that does it more often.
    for (const channel of channels)
      if (every < (reminders.get(channel)?.every ?? Number.POSITIVE_INFINITY))
        reminders.set(channel, { every, since, route: route.name });
  }
  for (const [channel, { every, since, route }] of reminders) {
    // Counted from the first telling: a hub that was away says it once, not once for each time that it missed.
    const seq = Math.floor((now - since) / every);
    const last = Math.max(
      0,
      ...facts.heard.filter((one) => one.type === 'alert.reminder' && one.channel === channel).map((one) => one.seq),
    );
    if (seq > last) add({ type: 'alert.reminder', channel, seq, route });
    nextAt = Math.min(nextAt, since + (Math.max(seq, last) + 1) * every);
  }
  return { due: [...due.values()], nextAt };
}

/** Since when these channels know, or ought to know; undefined while they are kept from knowing. */
function toldSince(channels: readonly string[], { heard, createdAt }: Facts): number | undefined {
  if (channels.length === 0) return createdAt;
  const openings = heard.filter(({ type }) => type === 'alert.opened');
  const own = openings.filter(({ channel }) => channels.includes(channel));
  // A route that leads elsewhere since goes on from what was told before.
  const told = (own.length > 0 ? own : openings).filter(({ status }) => status !== 'suppressed');
  return told.length === 0 ? undefined : Math.min(...told.map(({ planned_at }) => planned_at));
}

/** Whether a channel was given up on, or waits for a receiver that has been failing for long. */
const unreachable = (channels: readonly string[], { heard, failing }: Facts): boolean =>
  heard.some(
    ({ type, channel, status }) =>
      type === 'alert.opened' &&
      channels.includes(channel) &&
      (status === 'failed' || (failing.has(channel) && (status === 'pending' || status === 'sending'))),
  );
