import type { OpsEvent } from '@orrery/protocol';
import { useSyncExternalStore } from 'react';
import { api } from '../api.ts';
import { createSseReader } from './sse.ts';
import { type LiveAction, type LiveState, reduceLive, retryDelay, START } from './state.ts';

/** A connection that says nothing for this long is taken for dead. */
const SILENCE_MS = 60_000;
/** A tab nobody looks at gives its connection back: browsers allow six per host. */
const HIDDEN_MS = 30_000;

export type Live = ReturnType<typeof createLive>;

/** The live stream of one tab: connects, resumes from the last event it saw, backs off, pauses. */
export function createLive(onEvent: (event: OpsEvent) => void, onResume: () => void) {
  let state: LiveState = START;
  let abort: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  const listeners = new Set<() => void>();

  const dispatch = (action: LiveAction) => {
    const next = reduceLive(state, action);
    if (next === state) return;
    state = next;
    for (const listener of listeners) listener();
  };

  const cut = () => {
    clearTimeout(timer);
    abort?.abort();
    abort = undefined;
  };

  const fail = (reason: string) => {
    const delayMs = retryDelay(state.attempt, Math.random());
    dispatch({ type: 'failed', at: Date.now(), delayMs, reason });
    if (state.phase === 'retrying') timer = setTimeout(connect, delayMs);
  };

  async function connect(): Promise<void> {
    cut();
    const mine = new AbortController();
    abort = mine;
    const missed = state.attempt > 0;
    dispatch({ type: 'connect' });
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => mine.abort(new Error('The stream went silent')), SILENCE_MS);
    };
    try {
      heard();
      const response = await api.stream(state.lastEventId, mine.signal);
      if (!response.ok || !response.body) throw new Error(`The stream was refused with ${response.status}`);
      dispatch({ type: 'opened' });
      if (missed) onResume();
      const reader = createSseReader(({ id, data }) => {
        const event = readEvent(data);
        if (!event) return;
        dispatch({ type: 'message', id, event });
        onEvent(event);
      });
      for await (const chunk of decode(response.body)) {
        heard();
        reader.push(chunk);
      }
      throw new Error('The hub closed the stream');
    } catch (error) {
      if (abort === mine) fail(error instanceof Error ? error.message : 'The stream broke');
    } finally {
      clearTimeout(silence);
    }
  }

  const onVisibility = () => {
    if (state.phase === 'paused') return;
    if (document.visibilityState === 'visible') {
      clearTimeout(timer);
      if (state.phase === 'idle' || state.phase === 'retrying') {
        onResume();
        void connect();
      }
    } else if (state.phase === 'live') {
      timer = setTimeout(() => {
        cut();
        dispatch({ type: 'idle' });
      }, HIDDEN_MS);
    }
  };

  return {
    get: () => state,
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    backlog: (events: readonly OpsEvent[]) => dispatch({ type: 'backlog', events }),
    start() {
      if (running) return;
      running = true;
      document.addEventListener('visibilitychange', onVisibility);
      void connect();
    },
    stop() {
      running = false;
      document.removeEventListener('visibilitychange', onVisibility);
      cut();
      dispatch({ type: 'forget' });
    },
    pause() {
      cut();
      dispatch({ type: 'pause' });
    },
    resume() {
      if (state.phase !== 'paused') return;
      onResume();
      void connect();
    },
  };
}

async function* decode(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function readEvent(data: string): OpsEvent | undefined {
  try {
    const event = JSON.parse(data) as OpsEvent;
    return typeof event.id === 'string' && typeof event.at === 'string' ? event : undefined;
  } catch {
    return undefined;
  }
}

export function useLiveState(live: Live): LiveState {
  return useSyncExternalStore(live.subscribe, live.get);
}
