/** A level that changed: when, from what to what. */
export type Shift = { at: number; before: number; after: number; direction: 'up' | 'down'; z: number };
type Sample = { at: number; value: number };

/** Of more samples each few are taken together: a shift needs no finer time. */
const MOST = 240;
const LEAST_BEFORE = 8;
const LEAST_AFTER = 3;
/** Of the largest standardised rank sum over all splits: about one false alarm in a thousand looks at 30 to 240 samples (permutation). */
const LIMIT = 3.6;
/** A smaller change is nobody's trouble, however steady the level was. */
const LEAST_CHANGE = 0.25;
/** As many times the usual spread: Iglewicz and Hoaglin's limit for a modified z-score. */
const SPREADS = 3.5;

/**
 * Pure: the one split at which a series changed its level most clearly, if it did. At each split the ranks before and after are compared
 * (Mann–Whitney), standardised, and the largest is held against a limit: the rank-based change-point model of Hawkins and Deng, "A
 * Nonparametric Change-Point Control Chart", Journal of Quality Technology 42 (2010); ties by mid-ranks. Then medians and the median absolute
 * deviation say whether the change is large enough to matter. O(n log n); no assumption on the distribution, no state.
 */
export function shiftOf(samples: readonly Sample[]): Shift | undefined {
  const series = thinned(samples.filter(({ value }) => Number.isFinite(value)).toSorted((a, b) => a.at - b.at));
  const n = series.length;
  if (n < LEAST_BEFORE + LEAST_AFTER) return undefined;
  const { ranks, ties } = midRanks(series.map(({ value }) => value));
  let sum = 0;
  let best = { k: -1, z: 0 };
  for (let k = 1; k < n; k++) {
    sum += ranks[k - 1] ?? 0;
    if (k < LEAST_BEFORE || n - k < LEAST_AFTER) continue;
    const variance = (k * (n - k) * (n + 1 - ties)) / 12;
    const z = variance <= 0 ? 0 : (sum - (k * (n + 1)) / 2) / Math.sqrt(variance);
    if (Math.abs(z) > Math.abs(best.z)) best = { k, z };
  }
  if (best.k < 0 || Math.abs(best.z) < limitFor(n - best.k)) return undefined;
  const before = series.slice(0, best.k).map(({ value }) => value);
  const after = series.slice(best.k).map(({ value }) => value);
  const [usual, now] = [median(before), median(after)];
  const change = Math.abs(now - usual);
  const spread = 1.4826 * median(before.map((value) => Math.abs(value - usual)));
  if (change < LEAST_CHANGE * Math.abs(usual) || change < SPREADS * spread || change === 0) return undefined;
  const at = series[best.k]?.at ?? 0;
  return { at, before: usual, after: now, direction: now > usual ? 'up' : 'down', z: Math.abs(best.z) };
}

/** Three samples cannot come to more than about 3 however clear they are; the size of the change has the word then. */
const limitFor = (after: number): number => (after < 5 ? 2.6 : LIMIT);

function thinned(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length <= MOST) return samples;
  const size = Math.ceil(samples.length / MOST);
  const thin: Sample[] = [];
  for (let i = 0; i < samples.length; i += size) {
    const some = samples.slice(i, i + size);
    thin.push({ at: some[0]?.at ?? 0, value: median(some.map(({ value }) => value)) });
  }
  return thin;
}

function midRanks(values: readonly number[]): { ranks: Float64Array; ties: number } {
  const n = values.length;
  const order = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = new Float64Array(n);
  let ties = 0;
  for (let i = 0; i < n; ) {
    let j = i;
    while (j + 1 < n && values[order[j + 1] ?? 0] === values[order[i] ?? 0]) j++;
    for (let k = i; k <= j; k++) ranks[order[k] ?? 0] = (i + j) / 2 + 1;
    const equal = j - i + 1;
    ties += equal ** 3 - equal;
    i = j + 1;
  }
  return { ranks, ties: ties / (n * (n - 1)) };
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};

/** Pure: a counter as what it counted in each step, so that its level can be judged; a restart begins anew. */
export function rates(samples: readonly Sample[]): Sample[] {
  const sorted = samples.toSorted((a, b) => a.at - b.at);
  return sorted.slice(1).flatMap((sample, i) => {
    const before = sorted[i];
    if (!before || sample.at === before.at) return [];
    const counted = sample.value >= before.value ? sample.value - before.value : sample.value;
    return [{ at: sample.at, value: (counted * 1000) / (sample.at - before.at) }];
  });
}
