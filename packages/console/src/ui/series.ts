/** Series as they are drawn: one shared column of times (ms), one column of values each, null where there is a gap. */
export type Line = { label: string; points: readonly (readonly [at: string, value: number])[] };
export type Columns = { times: number[]; values: (number | null)[][] };

/** Lines up series of the same step (ms). A missing bucket becomes a null, so that a line breaks instead of pretending. */
export function alignSeries(lines: readonly Line[], step: number): Columns {
  const seen = new Set<number>();
  const maps = lines.map((line) => {
    const map = new Map<number, number>();
    for (const [at, value] of line.points) {
      const time = Date.parse(at);
      if (Number.isNaN(time)) continue;
      map.set(time, value);
      seen.add(time);
    }
    return map;
  });
  const times: number[] = [];
  for (const time of [...seen].sort((a, b) => a - b)) {
    const before = times.at(-1);
    if (before !== undefined && time - before > step * 1.5) times.push(before + step);
    times.push(time);
  }
  return { times, values: maps.map((map) => times.map((time) => map.get(time) ?? null)) };
}

/** Evenly spaced values for an outline without axes: exactly `count` buckets between two times (ms), the mean of what falls into each. */
export function toBuckets(points: readonly (readonly [string, number])[], from: number, to: number, count: number) {
  const sums = Array.from({ length: count }, () => ({ sum: 0, n: 0 }));
  for (const [at, value] of points) {
    const bucket = sums[Math.min(count - 1, Math.floor(((Date.parse(at) - from) / (to - from)) * count))];
    if (!bucket) continue;
    bucket.sum += value;
    bucket.n += 1;
  }
  return sums.map(({ sum, n }) => (n === 0 ? null : sum / n));
}

export function mean(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value): value is number => value !== null && value !== undefined);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

export function median(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value): value is number => value !== null && value !== undefined).sort((a, b) => a - b);
  const middle = known.length / 2;
  if (known.length === 0) return null;
  if (known.length % 2 === 1) return known[Math.floor(middle)] ?? null;
  return ((known[middle - 1] ?? 0) + (known[middle] ?? 0)) / 2;
}
