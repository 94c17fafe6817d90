import type { Series } from '@orrery/protocol';
import type { Line } from '../ui/series.ts';

/** One chart: a metric with its lines, one for each service and set of tags. */
export type Chart = { key: string; unit: string | undefined; lines: Line[]; hidden: number };

const MOST_LINES = 10;
/** What people look at first; the rest follows by name. */
const FIRST = [
  'performance.latency_p95_ms',
  'performance.error_rate',
  'performance.requests',
  'probe.latency_ms',
  'probe.up',
  'logs.error_count',
];

export function toCharts(series: readonly Series[], filter?: string): Chart[] {
  const wanted = filter?.trim().toLowerCase();
  const byKey = new Map<string, Series[]>();
  for (const each of series) {
    if (wanted && !each.key.toLowerCase().includes(wanted)) continue;
    byKey.set(each.key, [...(byKey.get(each.key) ?? []), each]);
  }
  return [...byKey]
    .sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b))
    .map(([key, group]) => {
      const lines = uniqueLabels(group).map((label, place) => ({ label, points: group[place]?.points ?? [] }));
      // Too many lines tell nothing; the ones that are highest now are drawn.
      const newest = (line: Line) => line.points.at(-1)?.[1] ?? -Infinity;
      const drawn = lines.length > MOST_LINES ? [...lines].sort((a, b) => newest(b) - newest(a)) : lines;
      return {
        key,
        unit: group.find((each) => each.unit)?.unit,
        lines: drawn.slice(0, MOST_LINES),
        hidden: Math.max(0, lines.length - MOST_LINES),
      };
    });
}

const rank = (key: string) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);

/** A line is named by what tells it from the others. */
function uniqueLabels(group: readonly Series[]): string[] {
  const tags = [...new Set(group.flatMap((each) => Object.keys(each.tags ?? {})))].filter(
    (tag) => new Set(group.map((each) => each.tags?.[tag] ?? '')).size > 1,
  );
  const seen = new Map<string, number>();
  return group.map((each) => {
    const parts = [each.service ?? '', ...tags.map((tag) => each.tags?.[tag] ?? '')].filter((part) => part !== '');
    const label = parts.join(' · ');
    const times = seen.get(label) ?? 0;
    seen.set(label, times + 1);
    return times === 0 ? label : `${label} (${times + 1})`;
  });
}

/**
 * Where the drawing begins (ms): the range's own start, or shortly before the first sample when more than half of the
 * range lies before anything was recorded. A hub that has run for minutes then shows minutes, not an empty hour.
 */
export function firstDrawn(charts: readonly Chart[], from: number, to: number, step: number): number {
  let first = to;
  for (const chart of charts)
    for (const line of chart.lines) first = Math.min(first, Date.parse(line.points[0]?.[0] ?? '') || to);
  return first > from + (to - from) / 2 && first < to ? Math.max(from, first - step) : from;
}
