import { BUCKET_MS, bucketOf, byHour, type Counts, sumSince } from './counts.ts';

/** A log is learned for this long, and for so many lines, before a line that it never held is news. */
const LEARNED_MS = 3_600_000;
const LEARNED_LINES = 200;
/** How long a new template is news. */
const NEWS_MS = 3_600_000;
/** A finding ends when its lines have stayed away for so long. */
export const QUIET_MS = 900_000;
/** A rise below this many lines in ten minutes is nobody's trouble. */
const LEAST_LINES = 20;
const TIMES = 5;
const DEVIATIONS = 6;
const DAY_BUCKETS = 144;

type Seen = { firstAt: number; lastAt: number; counts: Counts };
type Log = { since: number; lines: number };

/** First seen within the last hour, in a log that was known well before that. */
export const isNew = (template: Seen, log: Log, now: number): boolean =>
  template.firstAt - log.since >= LEARNED_MS && log.lines >= LEARNED_LINES && now - template.firstAt < NEWS_MS;

export type Rise = { lines: number; usual: number };

/**
 * Far more lines in the last ten minutes than were usual before: five times the mean of the ten minutes of the day before, and more than
 * six standard deviations of a Poisson process of that mean. Undefined while there is less than an hour to compare with.
 */
export function riseOf(template: Seen, log: Log, now: number): Rise | undefined {
  const current = bucketOf(now);
  const lines = sumSince(template.counts, current - 1);
  const earliest = Math.max(current - DAY_BUCKETS, bucketOf(Math.max(log.since, template.firstAt)));
  const spans = current - 1 - earliest;
  if (lines < LEAST_LINES || spans * BUCKET_MS < LEARNED_MS) return undefined;
  const before = template.counts.reduce((sum, [b, n]) => (b >= earliest && b < current - 1 ? sum + n : sum), 0);
  // The last two entries make ten to twenty minutes: compared with as much of before.
  const usual = (before / spans) * 2;
  return lines > TIMES * usual && lines > usual + DEVIATIONS * Math.sqrt(usual) ? { lines, usual } : undefined;
}

export const lastDay = (counts: Counts, now: number): number => byHour(counts, now).reduce((sum, n) => sum + n, 0);
