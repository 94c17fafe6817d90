import { useSyncExternalStore } from 'react';

/** One clock for all ages on the page: a single timer per rhythm, asleep while the tab is hidden. */
function createClock(everyMs: number) {
  const listeners = new Set<() => void>();
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    get: () => now,
    subscribe(listener: () => void) {
      listeners.add(listener);
      if (timer === undefined) {
        now = Date.now();
        timer = setInterval(() => {
          if (document.visibilityState === 'hidden') return;
          now = Date.now();
          for (const each of listeners) each();
        }, everyMs);
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) {
          clearInterval(timer);
          timer = undefined;
        }
      };
    },
  };
}

const second = createClock(1000);
const slow = createClock(10_000);

/** The time in epoch ms, moving each second, or every ten. */
export function useNow(rhythm: 'second' | 'slow' = 'second'): number {
  const clock = rhythm === 'second' ? second : slow;
  return useSyncExternalStore(clock.subscribe, clock.get);
}
