import { describe, expect, it } from 'vitest';
import { choose } from './backtest.ts';
import { calibrate, coverageOf, shareAbove } from './conformal.ts';
import { crossingOf } from './crossing.ts';
import { FORECASTERS } from './forecasters/index.ts';
import { historyOf } from './hourly.ts';
import { HORIZON, HOUR } from './outcome.ts';
import { isDue } from './run.ts';
import { seasonsOf } from './seasons.ts';
import { daily, noise, series } from './testing.ts';
import { runsOut, wantedOf } from './wanted.ts';

const NOW = Date.parse('2026-03-10T12:20:00Z');
const HERE = Math.floor(NOW / HOUR) * HOUR;
/** Hours before now, the newest last, with one value each. */
const hours = (places: readonly number[], value: (back: number) => number = () => 1) =>
  places.map((back): [number, number] => [HERE - back * HOUR, value(back)]).sort((a, b) => a[0] - b[0]);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe('a history', () => {
  it('bridges a short gap straight and a long one by the day before', () => {
    const one = historyOf(
      hours(
        upTo(60).filter((back) => back !== 10 && back !== 11),
        (back) => back,
      ),
      NOW,
    );
    expect(typeof one === 'string' ? one : [...one.values.slice(-12, -8)]).toEqual([12, 11, 10, 9]);
    const other = historyOf(
      hours(
        upTo(60).filter((back) => back < 6 || back > 15),
        (back) => back,
      ),
      NOW,
    );
    expect(typeof other === 'string' ? other : [...other.values.slice(-16, -5)]).toEqual([
      ...[16, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30],
    ]);
  });
  it('ends where its last hour ends, and begins after a long silence', () => {
    const history = historyOf(hours([...upTo(30), ...upTo(40).map((i) => i + 100)]), NOW);
    expect(history).toEqual({ values: new Float64Array(30).fill(1), until: HERE });
    const old = historyOf(hours(upTo(1000)), NOW);
    expect(typeof old === 'string' ? old : old.values.length).toBe(28 * 24);
  });
  it('says why there is none', () => {
    expect(historyOf([], NOW)).toBe('no hour of it has been measured');
    expect(historyOf(hours([9, 10]), NOW)).toBe('silent for 8 hours');
    expect(historyOf(hours(upTo(60).filter((i) => i % 2 === 1)), NOW)).toBe('49 % of its hours are missing');
  });
});

it('finds a day, a week, both or none, and no season in what wanders by chance', () => {
  const day = (i: number) => daily(i, 10);
  const week = (i: number) => (Math.floor(i / 24) % 7 < 5 ? 20 : 0);
  const find = (make: (i: number) => number, weeks = 4) => seasonsOf(series(weeks * 168, (i) => make(i) + noise(i)));
  expect(find(day)).toEqual([24]);
  expect(find((i) => day(i) + week(i))).toEqual([24, 168]);
  expect(find(week)).toEqual([168]);
  expect(find(() => 0)).toEqual([]);
  expect(find((i) => 0.1 * i)).toEqual([]);
  expect(find((i) => day(i) + week(i), 1)).toEqual([24]);
});

describe('an interval', () => {
  const errors = (origins: number, size = 1) =>
    Array.from({ length: origins }, (_, o) => series(HORIZON, (hour) => size * (1 + hour / 72) * noise(hour, o + 3)));
  it('holds what it is made for, never narrows and holds the path', () => {
    const { lower, upper } = calibrate(errors(8), 0.9);
    const fresh = errors(40).slice(20);
    const inside = fresh.flatMap((row) =>
      [...row].filter((error, hour) => {
        const stretch = Math.floor(hour / 12);
        return error >= (lower[stretch] ?? 0) && error <= (upper[stretch] ?? 0);
      }),
    );
    expect(inside.length / (fresh.length * HORIZON)).toBeGreaterThan(0.87);
    expect(inside.length / (fresh.length * HORIZON)).toBeLessThan(0.97);
    expect(upper).toEqual(upper.toSorted((a, b) => a - b));
    expect(lower).toEqual(lower.toSorted((a, b) => b - a));
    const biased = calibrate([series(HORIZON, () => 5), series(HORIZON, () => 6)]);
    expect(Math.max(...biased.lower)).toBe(0);
  });
  it('tells how much it held of what it was not made from', () => {
    expect(coverageOf(errors(1))).toBeNull();
    expect(coverageOf(errors(8))).toBeGreaterThan(0.85);
    expect(coverageOf([series(HORIZON, () => 1), series(HORIZON, () => -1)])).toBe(0);
  });
  it('knows the share beyond an error', () => {
    const even = [-2, -1, 0, 1, 2];
    expect([-3, -2, -0.5, 0, 2, 3].map((error) => shareAbove(even, error))).toEqual([1, 1, 0.625, 0.5, 0, 0]);
    expect(shareAbove([0, 0, 0], 0)).toBe(0);
    expect(shareAbove([0, 0, 0], -0.1)).toBe(1);
  });
});

it('keeps the floor unless another is clearly better, and takes the better one', () => {
  const wander = series(3 * 168, (i) => 100 + 10 * noise(Math.floor(i / 24)));
  expect(choose(wander, FORECASTERS)?.scores.map(({ method }) => method)).toContain('seasonal-naive');
  const rising = choose(
    series(3 * 168, (i) => 10 + 0.5 * i + noise(i)),
    FORECASTERS,
  );
  expect(['drift', 'ets']).toContain(rising?.method);
  expect(rising?.scores.find(({ method }) => method === rising.method)?.mase).toBeLessThan(0.2);
  const same = choose(
    series(3 * 168, () => 4),
    FORECASTERS,
  );
  expect(same).toMatchObject({ method: 'seasonal-naive', coverage: 1 });
  expect(same?.scores.every(({ mase }) => mase === null)).toBe(true);
});

describe('a crossing', () => {
  const spread = Array.from({ length: 6 }, () => Array.from({ length: 21 }, (_, i) => (i - 10) / 10));
  const rising = { point: [...series(HORIZON, (hour) => 50 + hour)], recent: [48, 49] };
  it('tells when, how surely and how early', () => {
    const crossing = crossingOf(rising, { spread, coverage: 0.9 }, { above: 80 }, 0);
    expect(crossing).toMatchObject({ confidence: 0.99, known: false });
    expect((crossing?.at ?? 0) / HOUR).toBeCloseTo(29, 0);
    expect(crossing?.earliestAt).toBeLessThanOrEqual(crossing?.at ?? 0);
    const falling = { point: rising.point.map((value) => -value), recent: [] };
    expect(crossingOf(falling, { spread, coverage: 0.9 }, { below: -80 }, 0)).toEqual(crossing);
  });
  it('believes a method less whose interval held less than it should', () => {
    const told = (coverage: number | null) => crossingOf(rising, { spread, coverage }, { above: 80 }, 0)?.confidence;
    expect([0.95, 0.9, 0.45, 0, null].map(told)).toEqual([0.99, 0.99, expect.closeTo(0.745), 0.5, 0.5]);
    const unlikely = { point: rising.point.map(() => 79.4), recent: [] };
    expect(crossingOf(unlikely, { spread, coverage: 0.45 }, { above: 80 }, 0)?.confidence).toBeCloseTo(0.2);
  });
  it('leaves out what it does not come near, one hour beyond, and says what is known', () => {
    expect(crossingOf(rising, { spread, coverage: 0.9 }, { above: 200 }, 0)).toBeUndefined();
    const spike = { point: [...series(HORIZON, (hour) => (hour === 20 ? 99 : 50))], recent: [] };
    expect(crossingOf(spike, { spread, coverage: 0.9 }, { above: 80 }, 0)?.confidence).toBeCloseTo(1 / 3);
    expect(crossingOf({ ...rising, recent: [81, 50] }, { spread, coverage: 0.9 }, { above: 80 }, 0)?.known).toBe(true);
    const old = [81, ...series(36, () => 50)];
    expect(crossingOf({ ...rising, recent: old }, { spread, coverage: 0.9 }, { above: 80 }, 0)?.known).toBe(false);
  });
});

it('wants what has a limit, what runs out, what is declared, and nothing that is excepted', () => {
  const one = (key: string, more: object = {}) => ({ id: 1, project: 'p', key, kind: 'number' as const, ...more });
  const all = [
    one('disk.used'),
    one('disk.used', { tags: { mount: '/' } }),
    one('latency', { service: 'api' }),
    one('latency', { service: 'db' }),
    one('queue.depth', { tags: { name: 'mail' } }),
    one('orders_24h'),
  ];
  const keys = (wishes: Parameters<typeof wantedOf>[1]) =>
    wantedOf(all, wishes).map(({ key, service, tags }) =>
      [key, service ?? '', Object.keys(tags ?? {}).join()].join(' '),
    );
  expect(keys({ thresholds: [] })).toEqual(['disk.used  ', 'orders_24h  ']);
  expect(keys({ thresholds: [{ metric: 'latency', service: 'api' }] })).toContain('latency api ');
  expect(keys({ thresholds: [], forecasts: { also: ['queue*'], except: ['disk.used'] } })).toEqual([
    'queue.depth  name',
    'orders_24h  ',
  ]);
  expect(keys({ thresholds: [], forecasts: { also: ['latency'], except: ['*'] } })).toEqual([]);
  expect(['heap_bytes', 'aws.cost', 'postgres.disk-free'].every(runsOut)).toBe(true);
  expect(['diskette', 'tasks', 'performance.latency_p95_ms'].some(runsOut)).toBe(false);
});

it('gives each series its own moment of the hour', () => {
  const due = (id: number, triedAt: number | undefined, now: number) => isDue({ id, triedAt }, now);
  expect(due(1, undefined, NOW)).toBe(true);
  expect(due(1, NOW - HOUR, NOW)).toBe(true);
  expect(due(1, NOW + 1, NOW), 'the clock went back').toBe(true);
  const moments = Array.from({ length: 600 }, (_, id) => {
    for (let minute = 0; minute < 60; minute++) if (due(id, HERE - 1, HERE + minute * 60_000)) return minute;
    return 60;
  });
  const perTenMinutes = Map.groupBy(moments, (minute) => Math.floor(minute / 10));
  for (const [, some] of perTenMinutes) expect(some.length).toBeLessThan(140);
});
