/** The time range of a page, as it stands in the URL: `?range=6h`, or `?from=…&to=…` for a chosen span. */

export const RANGES = ['1h', '6h', '24h', '7d'] as const;
export type RangeKey = (typeof RANGES)[number];
export type Range = { kind: 'last'; key: RangeKey } | { kind: 'between'; from: number; to: number };
export type RangeSearch = { range?: RangeKey | undefined; from?: string | undefined; to?: string | undefined };

const SPANS: Record<RangeKey, number> = { '1h': 3_600_000, '6h': 21_600_000, '24h': 86_400_000, '7d': 604_800_000 };
export const RANGE_WORDS: Record<RangeKey, string> = {
  '1h': 'last hour',
  '6h': 'last 6 hours',
  '24h': 'last 24 hours',
  '7d': 'last 7 days',
};
const SHORTEST = 10_000;
const LONGEST = 400 * 86_400_000;

const isKey = (text: unknown): text is RangeKey => RANGES.includes(text as RangeKey);

/** Keeps of a URL's search what is a usable range; anything else is dropped, never an error page. */
export function readRange(search: Record<string, unknown>): RangeSearch {
  const from = Date.parse(String(search.from ?? ''));
  const to = Date.parse(String(search.to ?? ''));
  if (to - from >= SHORTEST && to - from <= LONGEST)
    return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  return isKey(search.range) ? { range: search.range } : {};
}

export function rangeOf(search: RangeSearch, fallback: RangeKey = '1h'): Range {
  if (search.from && search.to) return { kind: 'between', from: Date.parse(search.from), to: Date.parse(search.to) };
  return { kind: 'last', key: search.range ?? fallback };
}

/** The search that stands for a span picked by hand; both ends in ms. Too short a drag gives nothing. */
export function spanSearch(from: number, to: number): Required<RangeSearch> | undefined {
  if (!(to - from >= SHORTEST)) return undefined;
  return { range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

const STEPS = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800].map(
  (seconds) => seconds * 1000,
);

/** The smallest tidy step (ms) that cuts the span (ms) into at most `points` buckets. */
export function stepFor(span: number, points: number): number {
  return STEPS.find((step) => span / step <= points) ?? Math.ceil(span / points);
}

/** Turns a range into the numbers of a request. The end is rounded up to the step, so that the same view asks for the same thing. */
export function resolveRange(range: Range, now: number, points = 120): { from: number; to: number; step: number } {
  if (range.kind === 'between') {
    return { from: range.from, to: range.to, step: stepFor(range.to - range.from, points) };
  }
  const span = SPANS[range.key];
  const step = stepFor(span, points);
  const to = Math.ceil(now / step) * step;
  return { from: to - span, to, step };
}

/** Half the span earlier, later, or twice as wide; what the chart's keyboard does. */
export function shiftSpan(from: number, to: number, move: 'earlier' | 'later' | 'wider'): { from: number; to: number } {
  const half = (to - from) / 2;
  if (move === 'earlier') return { from: from - half, to: to - half };
  if (move === 'later') return { from: from + half, to: to + half };
  return { from: from - half, to: to + half };
}

/** A page's range with its numbers and the ways to change it. */
export type RangeView = {
  range: Range;
  from: number;
  to: number;
  step: number;
  choose: (key: RangeKey) => void;
  zoom: (from: number, to: number) => void;
};
