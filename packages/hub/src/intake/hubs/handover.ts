/** Probes that are due when they change hands are spread over this long at most. */
const SPREAD_MS = 500;

/**
 * Pure: how long a probe that changes hands waits for its first check here, ms. Where the hub before ran its newest check, the next comes at
 * its place in the interval, so that nobody sees that it moved; one whose place has just passed comes at once, and those of a hub that has
 * been gone for longer are spread a little. Undefined when nobody knows of a check. Times are those of the clock that all hubs share.
 */
export function waitAfterHandover(
  { everyMs, phase }: { everyMs: number; phase: number },
  ranAt: number | null,
  now: number,
): number | undefined {
  // A check of the future was counted on a clock that has been set since.
  if (ranAt === null || ranAt > now + everyMs) return undefined;
  const offset = phase * everyMs;
  const slot = Math.floor((ranAt + everyMs / 2 - offset) / everyMs) + 1;
  const next = offset + slot * everyMs;
  if (next > now) return next - now;
  return now - next < everyMs / 2 ? 0 : phase * Math.min(everyMs / 4, SPREAD_MS);
}
