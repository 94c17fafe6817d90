import { describe, expect, it } from 'vitest';
import { backoff, retryAfter } from './backoff.ts';

describe('the wait after a failure', () => {
  it('starts around a second and never passes its maximum', () => {
    expect(backoff(0, 300_000, 0)).toBe(500);
    expect(backoff(0, 300_000, 1)).toBe(1500);
    expect(backoff(86_400_000, 300_000, 1)).toBe(300_000);
  });

  it('finds a receiver that was away for 20 s within 4 s of its return, whatever the luck', () => {
    for (const luck of [() => 0, () => 0.999, Math.random, Math.random, Math.random]) {
      let at = 0;
      while (at < 20_000) at += backoff(at, 300_000, luck());
      expect(at - 20_000).toBeLessThan(4_000);
    }
  });

  it('asks a receiver that is away for a day less than 550 times', () => {
    let attempts = 0;
    for (let at = 0; at < 86_400_000; attempts++) at += backoff(at, 300_000, 0.75);
    expect(attempts).toBeLessThan(550);
    expect(attempts).toBeGreaterThan(300);
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 21, 4);
  it.each([
    ['seconds', '7', 7_000],
    ['a date', 'Sat, 21 Nov 2026 04:00:30 GMT', 30_000],
    ['a date that is over', 'Sat, 21 Nov 2026 03:00:00 GMT', 0],
    ['more than an hour is an hour', '999999', 3_600_000],
    ['nonsense', 'soon', undefined],
    ['nothing', undefined, undefined],
  ])('%s', (_, header, expected) => {
    expect(retryAfter(header, now)).toBe(expected);
  });
});
