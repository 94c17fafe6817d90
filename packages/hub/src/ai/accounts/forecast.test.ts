import { expect, test } from 'vitest';
import { forecast } from './forecast.ts';

const DAY = 86_400_000;
const days = (until: number, list: readonly number[]) =>
  list.map((usd, i) => ({ at: until - (list.length - i) * DAY, usd }));
/** A Wednesday; eleven days are left after it. */
const NOW = Date.parse('2026-05-20T12:00:00Z');
const TODAY = Date.parse('2026-05-20T00:00:00Z');

test('takes the days that are left for typical ones of their kind, and is sure where all days are alike', () => {
  const flat = forecast(
    days(
      TODAY,
      Array.from({ length: 28 }, () => 10),
    ),
    195,
    5,
    NOW,
  );
  expect(flat).toEqual({ month: '2026-05', soFarUsd: 195, expectedUsd: 310, lowUsd: 310, highUsd: 310, days: 28 });
  const busy = Array.from({ length: 28 }, (_, i) =>
    [0, 6].includes(new Date(TODAY - (28 - i) * DAY).getUTCDay()) ? 0 : 20,
  );
  // 7 workdays and the rest of today, and 4 days of weekends that cost nothing.
  expect(forecast(days(TODAY, busy), 100, 5, NOW)).toMatchObject({ expectedUsd: 100 + 15 + 7 * 20 });
});

test('has an interval that holds its own figure, and is never less than what is spent', () => {
  const wild = forecast(days(TODAY, [1, 90, 3, 40, 2, 70, 1, 1]), 208, 300, NOW);
  expect(wild.lowUsd).toBeGreaterThanOrEqual(208);
  expect(wild.expectedUsd).toBeGreaterThan(wild.lowUsd ?? 0);
  expect(wild.highUsd).toBeGreaterThan(wild.expectedUsd ?? 0);
});

test('says nothing of two days', () => {
  expect(forecast(days(TODAY, [1, 2]), 3, 0, NOW)).toMatchObject({
    soFarUsd: 3,
    expectedUsd: null,
    lowUsd: null,
    highUsd: null,
  });
});

test('four of five months end within', () => {
  // A fixed sequence of even noise (an LCG), so that the test says the same each time.
  let seed = 7;
  const noise = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  let within = 0;
  for (let run = 0; run < 400; run++) {
    const past = Array.from({ length: 28 }, () => 10 + 20 * noise());
    const said = forecast(days(TODAY, past), 0, 0, TODAY);
    const real = Array.from({ length: 12 }, () => 10 + 20 * noise()).reduce((sum, usd) => sum + usd, 0);
    if (real >= (said.lowUsd ?? 0) && real <= (said.highUsd ?? 0)) within += 1;
  }
  expect(within / 400).toBeGreaterThan(0.68);
  expect(within / 400).toBeLessThan(0.9);
});
