import type { Series } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { firstDrawn, toCharts } from './charts.ts';

const series = (key: string, more: Partial<Series> = {}, value = 1): Series => ({
  key,
  points: [['2026-11-21T12:00:00Z', value]],
  ...more,
});

describe('toCharts', () => {
  it('makes one chart of a metric and one line of each service', () => {
    const charts = toCharts([
      series('probe.latency_ms', { service: 'api' }),
      series('probe.latency_ms', { service: 'web' }),
      series('orders', { unit: 'orders' }),
    ]);
    expect(charts.map(({ key, unit, lines }) => [key, unit, lines.map(({ label }) => label)])).toEqual([
      ['probe.latency_ms', undefined, ['api', 'web']],
      ['orders', 'orders', ['']],
    ]);
  });

  it('names lines by the tags that tell them apart, and by no others', () => {
    const [chart] = toCharts([
      series('requests', { tags: { env: 'prod', route: '/a' } }),
      series('requests', { tags: { env: 'prod', route: '/b' } }),
    ]);
    expect(chart?.lines.map(({ label }) => label)).toEqual(['/a', '/b']);
  });

  it('never gives two lines one name', () => {
    const [chart] = toCharts([series('x'), series('x')]);
    expect(new Set(chart?.lines.map(({ label }) => label)).size).toBe(2);
  });

  it('draws the highest of too many lines and says how many are left out', () => {
    const many = Array.from({ length: 14 }, (_, n) => series('x', { tags: { route: `/${n}` } }, n));
    const [chart] = toCharts(many);
    expect(chart?.hidden).toBe(4);
    expect(chart?.lines[0]?.label).toBe('/13');
  });

  it('filters by part of the name, whatever its case', () => {
    expect(toCharts([series('db.queries'), series('orders')], ' DB ').map(({ key }) => key)).toEqual(['db.queries']);
  });
});

describe('firstDrawn', () => {
  const hour = 3_600_000;
  const noon = Date.parse('2026-11-21T12:00:00Z');
  const charts = toCharts([series('x')]);
  it('begins at the first sample while the hub is young', () => {
    expect(firstDrawn(charts, noon - hour, noon + 60_000, 30_000)).toBe(noon - 30_000);
  });
  it('keeps the whole range once half of it holds something, and where there is nothing', () => {
    expect(firstDrawn(charts, noon - 10_000, noon + hour, 30_000)).toBe(noon - 10_000);
    expect(firstDrawn([], noon - hour, noon, 30_000)).toBe(noon - hour);
  });
});
