import type { Clock } from '../../platform/clock.ts';

/** Measures a call: what the hub itself took is all that is not spent waiting for providers. */
export function createWatch(clock: Clock) {
  const started = clock.monotonic();
  let waited = 0;
  let firstAt: number | undefined;
  const since = (from: number) => clock.monotonic() - from;
  return {
    /** Begins to wait for a provider; call the answer when it is over. */
    wait(): () => number {
      const from = clock.monotonic();
      let over = false;
      return () => {
        const ms = since(from);
        if (!over) waited += ms;
        over = true;
        return ms;
      };
    },
    first(): void {
      firstAt ??= since(started);
    },
    figures() {
      const latencyMs = since(started);
      const rounded = (ms: number) => Math.round(ms * 10) / 10;
      return {
        latencyMs: rounded(latencyMs),
        overheadMs: rounded(Math.max(0, latencyMs - waited)),
        ...(firstAt === undefined ? {} : { firstTokenMs: rounded(firstAt) }),
      };
    },
  };
}
export type Watch = ReturnType<typeof createWatch>;
