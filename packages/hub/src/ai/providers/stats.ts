import type { Clock } from '../../platform/clock.ts';

/** How fast a peak is forgotten: after so long, a third of it is left. */
const DECAY_MS = 10_000;

/** What a provider did lately. */
export function createStats(clock: Clock) {
  let ewma: number | undefined;
  let measuredAt = 0;
  let listed: ReadonlySet<string> = new Set();
  const counts = { inFlight: 0, calls: 0, failures: 0 };
  let last: { okAt?: number; failureAt?: number; failure?: string } = {};
  let probe: { ok: boolean; detail: string } | undefined;
  return {
    begin(): void {
      counts.inFlight += 1;
      counts.calls += 1;
    },
    end(): void {
      counts.inFlight -= 1;
    },
    /** Time to the first content, in ms. A peak counts at once, what is better only with time (Finagle's peak EWMA). */
    succeeded(ms: number): void {
      const now = clock.monotonic();
      const kept = ewma === undefined ? 0 : Math.exp(-(now - measuredAt) / DECAY_MS);
      ewma = ewma === undefined || ms > ewma ? ms : ewma * kept + ms * (1 - kept);
      measuredAt = now;
      last = { ...last, okAt: clock.now() };
    },
    failed(words: string): void {
      counts.failures += 1;
      last = { ...last, failureAt: clock.now(), failure: words };
    },
    probed(result: { ok: boolean; detail: string; models?: ReadonlySet<string> }): void {
      probe = { ok: result.ok, detail: result.detail };
      if (result.models) listed = result.models;
    },
    inFlight: (): number => counts.inFlight,
    latencyMs: (): number | undefined => ewma,
    listed: (): ReadonlySet<string> => listed,
    probe: () => probe,
    counts: () => ({ ...counts }),
    last: () => last,
  };
}
export type Stats = ReturnType<typeof createStats>;
