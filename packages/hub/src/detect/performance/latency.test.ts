import { DDSketch } from '@datadog/sketches-js';
import { describe, expect, it } from 'vitest';
import { addLatency, countUpTo, noLatency, quantileOf } from './latency.ts';
import { sketchOf } from './testing.ts';

const values = Array.from({ length: 5000 }, (_, i) => 0.02 * 1.003 ** i);

describe('durations that came as sketches', () => {
  it('have the quantiles of all of them, whichever instance measured which', () => {
    const latency = noLatency();
    for (let i = 0; i < 5; i++) addLatency(latency, sketchOf(values.filter((_, at) => at % 5 === i)));
    const whole = new DDSketch();
    for (const value of values) whole.accept(value);
    for (const q of [0, 0.5, 0.95, 0.99, 1]) expect(quantileOf(latency, q)).toBeCloseTo(whole.getValueAtQuantile(q), 2);
  });

  it.each([1, 50, 500, 2000])('tell how many took at most %i ms, to within one percent of it', (ms) => {
    const latency = noLatency();
    addLatency(latency, sketchOf([0, ...values]));
    const below = (limit: number) => values.filter((value) => value <= limit).length + 1;
    expect(countUpTo(latency, ms)).toBeGreaterThanOrEqual(below(ms * 0.98));
    expect(countUpTo(latency, ms)).toBeLessThanOrEqual(below(ms * 1.02));
  });

  it('that were none have no quantile and no count', () => {
    expect(quantileOf(noLatency(), 0.95)).toBe(0);
    expect(countUpTo(noLatency(), 500)).toBe(0);
  });
});
