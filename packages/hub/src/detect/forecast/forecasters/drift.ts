import type { Forecaster } from '../forecaster.ts';

/** The level is that of the last hours, so that one strange hour moves it little. */
const RECENT = 6;

/**
 * It goes on as straight as it went: the slope is the median of the slopes between points half a history apart (a thrifty form of
 * Theil and Sen's), which a burst or a clean-up does not bend.
 */
export const drift: Forecaster = {
  least: () => 48,
  forecast(history, horizon) {
    const { length } = history;
    const apart = Math.floor(length / 2);
    const slope = middle(
      Float64Array.from({ length: length - apart }, (_, i) => ((history[i + apart] ?? 0) - (history[i] ?? 0)) / apart),
    );
    const level = middle(Float64Array.from({ length: RECENT }, (_, i) => (history[length - 1 - i] ?? 0) + slope * i));
    return Float64Array.from({ length: horizon }, (_, h) => level + slope * (h + 1));
  },
};

function middle(values: Float64Array): number {
  const sorted = values.sort();
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? 0)) / 2;
}
