/** Lines by ten minutes of the last day: `[bucket, lines]`, oldest first; a bucket is epoch ms / 10 minutes. */
export type Counts = readonly (readonly [number, number])[];

export const BUCKET_MS = 600_000;
const KEPT = 144;
export const bucketOf = (at: number): number => Math.floor(at / BUCKET_MS);

/** The counts after `lines` more at `at`. What is older than a day is gone at `now`, and what a clock that was ahead has counted. */
export function count(counts: Counts, at: number, lines: number, now: number): Counts {
  const bucket = bucketOf(at);
  const place = counts.findLastIndex(([each]) => each <= bucket);
  const found = counts[place];
  const later =
    found?.[0] === bucket
      ? counts.with(place, [bucket, found[1] + lines])
      : counts.toSpliced(place + 1, 0, [bucket, lines]);
  const newest = bucketOf(now);
  return later.filter(([each]) => each > newest - KEPT && each <= newest);
}

/** When the first of these lines of the last day was said, in epoch ms; `now` when there is none. */
export function heardSince(all: Iterable<{ counts: Counts }>, now: number): number {
  const oldest = bucketOf(now) - KEPT;
  let first = bucketOf(now);
  for (const { counts } of all) first = Math.min(first, counts.find(([each]) => each > oldest)?.[0] ?? first);
  return first * BUCKET_MS;
}

export const sumSince = (counts: Counts, bucket: number): number =>
  counts.reduce((sum, [each, lines]) => (each >= bucket ? sum + lines : sum), 0);

/** Lines in each of the last 24 hours, oldest first. */
export function byHour(counts: Counts, now: number): number[] {
  const hours = Array.from({ length: 24 }, () => 0);
  for (const [bucket, lines] of counts) {
    const ago = Math.floor((bucketOf(now) - bucket) / 6);
    if (ago >= 0 && ago < 24) hours[23 - ago] = (hours[23 - ago] ?? 0) + lines;
  }
  return hours;
}
