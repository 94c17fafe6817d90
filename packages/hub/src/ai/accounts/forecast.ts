import type { AiForecast } from '@orrery/protocol';

const DAY = 86_400_000;
/** Four of five lie within so many standard deviations (normal). */
const EIGHTY_PERCENT = 1.2816;

/**
 * Pure: what the month's bill may come to. Each of the days that are left is taken for a typical one of the last `days` whole days of the
 * same kind (workday or weekend); the interval is that of a sum of independent days, four months of five end within. Too few days say nothing.
 * `days` are whole days before today with their cost in dollars, oldest first, without gaps.
 */
export function forecast(
  days: readonly { at: number; usd: number }[],
  soFarUsd: number,
  todayUsd: number,
  now: number,
): AiForecast {
  const date = new Date(now);
  const end = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  const month = date.toISOString().slice(0, 7);
  const used = days.slice(-28);
  if (used.length < 3) return { month, soFarUsd, expectedUsd: null, lowUsd: null, highUsd: null, days: used.length };
  const today = now - (now % DAY);
  let expected = soFarUsd;
  let variance = 0;
  for (let day = today; day < end; day += DAY) {
    const alike = used.filter(({ at }) => isWeekend(at) === isWeekend(day));
    // Without two days of the kind all days stand in for it.
    const { mean, spread } = describe(alike.length >= 2 ? alike : used);
    // Of today only the rest is still to come, and never less than nothing.
    const rest = day === today ? Math.max(0, mean - todayUsd) : mean;
    expected += rest;
    variance += day === today && rest === 0 ? 0 : spread ** 2;
  }
  const width = EIGHTY_PERCENT * Math.sqrt(variance);
  const cents = (usd: number) => Math.round(usd * 1e6) / 1e6;
  return {
    month,
    soFarUsd: cents(soFarUsd),
    expectedUsd: cents(expected),
    lowUsd: cents(Math.max(soFarUsd, expected - width)),
    highUsd: cents(expected + width),
    days: used.length,
  };
}

const isWeekend = (at: number): boolean => [0, 6].includes(new Date(at).getUTCDay());

function describe(days: readonly { usd: number }[]): { mean: number; spread: number } {
  const mean = days.reduce((sum, { usd }) => sum + usd, 0) / days.length;
  const squares = days.reduce((sum, { usd }) => sum + (usd - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / Math.max(1, days.length - 1)) };
}
