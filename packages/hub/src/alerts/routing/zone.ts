const DAY = 86_400_000;
/** No zone has ever changed its clock by more than a day at once. */
const AROUND = 26 * 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timeZone, made);
  return made;
}

/** What the clock on the wall shows at an instant, written as if it were UTC: milliseconds from 1970-01-01 00:00 on that wall. */
export function wallTime(instant: number, timeZone: string): number {
  if (timeZone === 'UTC') return instant;
  const parts: Record<string, number> = {};
  const second = Math.floor(instant / 1000) * 1000;
  for (const { type, value } of formatOf(timeZone).formatToParts(second)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second: s = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, s) + (instant - second);
}

/**
 * The instant at which the clock on the wall shows this time. A time that is shown twice (clocks were set back) is its first showing, or
 * the last one if asked for; one that is never shown (clocks were set forward) is the moment at which it was jumped over.
 */
export function instantOf(wall: number, timeZone: string, which: 'first' | 'last' = 'first'): number {
  const offset = (instant: number) => wallTime(instant, timeZone) - instant;
  const before = offset(wall - AROUND);
  const after = offset(wall + AROUND);
  const shown = [wall - before, wall - after].filter((instant) => instant + offset(instant) === wall);
  if (shown.length > 0) return which === 'first' ? Math.min(...shown) : Math.max(...shown);
  // Jumped over: halve the time in which the jump must lie until it is found to the millisecond.
  let low = Math.min(wall - before, wall - after);
  let high = Math.max(wall - before, wall - after);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle + offset(middle) < wall) low = middle;
    else high = middle;
  }
  return high;
}

/** How far the clock on the wall was set back within the day before an instant, in milliseconds; 0 when it was not. */
export const setBack = (instant: number, timeZone: string): number =>
  Math.max(0, wallTime(instant - AROUND, timeZone) + AROUND - wallTime(instant, timeZone));

/** Midnight of the day that the clock on the wall shows. */
export const wallMidnight = (wall: number): number => Math.floor(wall / DAY) * DAY;
