import type { Clock } from '../../platform/clock.ts';

const KEPT = 9;

/**
 * The database's clock, reckoned on this hub's monotonic one: all hubs pace their checks by it, so that a probe keeps its place in time when
 * it changes hands. The middle of the last answers counts, so that neither a slow one nor a clock that is set disturbs it at once.
 */
export function createPace(clock: Clock) {
  let offsets: number[] = [];
  let offset = 0;
  return {
    /** The database said `now`, asked at `asked` (monotonic ms). */
    heard(now: number, asked: number): void {
      if (!Number.isFinite(now)) return;
      offsets = [...offsets, now - (asked + clock.monotonic()) / 2].slice(-KEPT);
      offset = offsets.toSorted((a, b) => a - b)[Math.floor((offsets.length - 1) / 2)] ?? 0;
    },
    time: (): number => clock.monotonic() + offset,
  };
}
