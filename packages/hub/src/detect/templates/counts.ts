/** Lines by ten minutes of the last day: `[bucket, lines]`, oldest first; a bucket is epoch ms / 10 minutes. */
export type Counts = readonly (readonly [number, number])[];

export const BUCKET_MS = 600_000;
const KEPT = 144;
export const bucketOf = (at: number): number => Math.floor(at / BUCKET_MS);

/** The counts after `lines` more at `at`; what is older than a day is gone. */
export function count(counts: Counts, at: number, lines: number): Counts {
  const bucket = bucketOf(at);
  const newest = counts.at(-1);
  // A clock that was set back must not make two entries of one bucket, nor lose the order.
  const later =
    newest && newest[0] >= bucket
      ? [...counts.slice(0, -1), [newest[0], newest[1] + lines] as const]
      : [...counts, [bucket, lines] as const];
  const from = (later.at(-1)?.[0] ?? bucket) - KEPT;
  return later.filter(([each]) => each > from);
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
