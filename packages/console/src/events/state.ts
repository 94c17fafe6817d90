import type { OpsEvent } from '@orrery/protocol';

/** What the live indicator shows and where the stream goes on after a break. Pure: (state, what happened) → state. */
export type LiveState = {
  phase: 'connecting' | 'live' | 'retrying' | 'paused' | 'idle';
  /** The stream position to resume from. */
  lastEventId: string | undefined;
  /** Newest first, at most MAX_EVENTS. */
  events: readonly OpsEvent[];
  attempt: number;
  /** When the next try starts, epoch ms; only while retrying. */
  retryAt: number | undefined;
  reason: string | undefined;
};

export type LiveAction =
  | { type: 'connect' }
  | { type: 'opened' }
  | { type: 'message'; id: string | undefined; event: OpsEvent }
  | { type: 'backlog'; events: readonly OpsEvent[] }
  | { type: 'failed'; at: number; delayMs: number; reason: string }
  | { type: 'pause' }
  | { type: 'idle' }
  | { type: 'forget' };

export const MAX_EVENTS = 300;
export const START: LiveState = {
  phase: 'idle',
  lastEventId: undefined,
  events: [],
  attempt: 0,
  retryAt: undefined,
  reason: undefined,
};

export function reduceLive(state: LiveState, action: LiveAction): LiveState {
  switch (action.type) {
    case 'connect':
      return { ...state, phase: 'connecting', retryAt: undefined };
    case 'opened':
      return { ...state, phase: 'live', attempt: 0, retryAt: undefined, reason: undefined };
    case 'message':
      return {
        ...state,
        lastEventId: action.id ?? state.lastEventId,
        events: merge(state.events, [action.event]),
      };
    case 'backlog':
      return { ...state, events: merge(state.events, action.events) };
    case 'failed':
      // A stream that ends because somebody paused it has not failed.
      if (state.phase === 'paused' || state.phase === 'idle') return state;
      return {
        ...state,
        phase: 'retrying',
        attempt: state.attempt + 1,
        retryAt: action.at + action.delayMs,
        reason: action.reason,
      };
    case 'pause':
      return { ...state, phase: 'paused', retryAt: undefined };
    case 'idle':
      return state.phase === 'paused' ? state : { ...state, phase: 'idle', retryAt: undefined };
    case 'forget':
      return START;
  }
}

/** Resuming may repeat what was already seen: an id stands once, in its newest place by time. */
function merge(known: readonly OpsEvent[], more: readonly OpsEvent[]): readonly OpsEvent[] {
  const ids = new Set(known.map((event) => event.id));
  const fresh = more.filter((event) => !ids.has(event.id) && ids.add(event.id));
  if (fresh.length === 0) return known;
  return [...fresh, ...known].sort((a, b) => b.at.localeCompare(a.at)).slice(0, MAX_EVENTS);
}

/** Delay before try number `attempt` (0, 1, …) in ms: doubling from 1 s to 30 s, spread by `random` (0–1) so that a restarted hub is not stormed. */
export function retryDelay(attempt: number, random: number): number {
  return Math.round(Math.min(30_000, 1000 * 2 ** Math.min(attempt, 10)) * (0.5 + random / 2));
}
