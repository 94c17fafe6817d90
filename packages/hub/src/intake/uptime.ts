const HOUR = 3_600_000;
const KEPT = 24;

/** Checks of each hour: hour number, checks, good ones; oldest first. */
export type Hours = readonly (readonly [hour: number, total: number, good: number])[];

/** Adds one check to its hour; what is older than a day falls out. */
export function countCheck(hours: Hours, at: number, good: boolean): Hours {
  const hour = Math.floor(at / HOUR);
  const kept = hours.filter(([of]) => of > hour - KEPT && of <= hour);
  const last = kept.at(-1);
  return last && last[0] === hour
    ? [...kept.slice(0, -1), [hour, last[1] + 1, last[2] + (good ? 1 : 0)]]
    : [...kept, [hour, 1, good ? 1 : 0]];
}

/** Percentage of good checks in the last 24 hours; null when there were none. */
export function uptimePercent(hours: Hours, now: number): number | null {
  const since = Math.floor(now / HOUR) - KEPT;
  let total = 0;
  let good = 0;
  for (const [hour, of, well] of hours) {
    if (hour <= since) continue;
    total += of;
    good += well;
  }
  return total === 0 ? null : Math.round((good / total) * 100_000) / 1000;
}
