/** Four changes are two outages: what people would be told of twice. */
const MIN_FLIPS = 4;

export type Flapping = { flips: number; since: number };

/**
 * Pure: whether a probe that changed between well and unwell at `flips` (epoch ms, oldest first) is flapping now, and since when. It begins
 * with four changes within ten intervals (a minute at least), and ends when nothing has changed for five intervals (a minute at least):
 * harder to leave than to enter, as in Nagios (https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/3/en/flapping.html).
 */
export function flappingOf(flips: readonly number[], intervalMs: number, now: number): Flapping | undefined {
  const within = Math.max(10 * intervalMs, 60_000);
  const quiet = Math.max(5 * intervalMs, 60_000);
  // The unbroken row of changes up to now. One of the future was counted on a clock that has been set back since.
  const row: number[] = [];
  let after = now;
  for (const at of flips.toReversed()) {
    if (at > now) continue;
    if (after - at >= quiet) break;
    row.unshift(at);
    after = at;
  }
  const isDense = row.some((at, i) => (row[i + MIN_FLIPS - 1] ?? Number.POSITIVE_INFINITY) - at <= within);
  return isDense ? { flips: row.length, since: row[0] ?? now } : undefined;
}
