import { HOUR } from './outcome.ts';

/** Four weeks: enough for a weekly season, and old habits are forgotten. */
const MOST = 28 * 24;
/** A longer silence cuts the history: what was before it may have been another thing. */
const CUT = 48;
/** More missing hours than this share are too many to make up. */
const MOST_MISSING = 0.3;
/** A gap up to this is bridged straight; a longer one by the same hours of the day before. */
const STRAIGHT = 3;
/** A series that has been silent for longer is not forecast. */
const SILENT = 6;

export type History = { values: Float64Array /** Epoch ms: when its last hour ends. */; until: number };

/** Means of hours ([start, value], oldest first, all of them over) → a history without gaps, or why there is none. */
export function historyOf(hours: readonly (readonly [start: number, value: number])[], now: number): History | string {
  const last = hours.at(-1)?.[0];
  if (last === undefined) return 'no hour of it has been measured';
  const silent = Math.floor((now - last) / HOUR) - 1;
  if (silent > SILENT) return `silent for ${silent} hours`;
  let from = hours.length - 1;
  while (from > 0) {
    const [start] = hours[from - 1] ?? [0];
    if ((hours[from]?.[0] ?? 0) - start > CUT * HOUR || last - start >= MOST * HOUR) break;
    from -= 1;
  }
  const kept = hours.slice(from);
  const first = kept[0]?.[0] ?? last;
  const values = new Float64Array((last - first) / HOUR + 1).fill(Number.NaN);
  for (const [start, value] of kept) values[(start - first) / HOUR] = value;
  const missing = 1 - kept.length / values.length;
  if (missing > MOST_MISSING) return `${Math.round(missing * 100)} % of its hours are missing`;
  fill(values);
  return { values, until: last + HOUR };
}

function fill(values: Float64Array): void {
  for (let i = 1; i < values.length; i++) {
    if (!Number.isNaN(values[i])) continue;
    let end = i;
    while (Number.isNaN(values[end])) end += 1;
    const before = values[i - 1] ?? 0;
    const step = ((values[end] ?? before) - before) / (end - i + 1);
    const long = end - i > STRAIGHT;
    for (let at = i; at < end; at++) {
      const dayBefore = long ? values[at - 24] : undefined;
      values[at] = dayBefore ?? before + step * (at - i + 1);
    }
    i = end;
  }
}
