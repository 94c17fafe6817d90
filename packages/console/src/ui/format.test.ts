import { describe, expect, it } from 'vitest';
import {
  formatAgo,
  formatBytes,
  formatClock,
  formatMetric,
  formatMs,
  formatNumber,
  formatPercent,
  formatShare,
  formatSpan,
  formatUtc,
} from './format.ts';

describe('formatMs', () => {
  it.each([
    [0, '0 ms'],
    [0.42, '0.42 ms'],
    [3.24, '3.2 ms'],
    [212.4, '212 ms'],
    [999.4, '999 ms'],
    [999.6, '1 s'],
    [1240, '1.24 s'],
    [12_340, '12.3 s'],
    [138_000, '2 m 18 s'],
    [-40, '-40 ms'],
  ])('writes %d ms as "%s"', (ms, text) => expect(formatMs(ms)).toBe(text));

  it('writes a dash for what was not measured', () => {
    expect([null, undefined, Number.NaN, Number.POSITIVE_INFINITY].map(formatMs)).toEqual(['–', '–', '–', '–']);
  });
});

describe('formatSpan', () => {
  it.each([
    [400, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [3_600_000, '1 h'],
    [8_040_000, '2 h 14 min'],
    [86_400_000, '1 d'],
    [273_600_000, '3 d 4 h'],
    [-5, '0 s'],
  ])('writes %d ms as "%s"', (ms, text) => expect(formatSpan(ms)).toBe(text));
});

describe('formatAgo', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  it('tells past, present and future apart', () => {
    expect(formatAgo('2026-11-21T11:59:22Z', now)).toBe('38 s ago');
    expect(formatAgo('2026-11-21T11:59:59Z', now)).toBe('just now');
    expect(formatAgo('2026-11-21T12:00:12Z', now)).toBe('in 12 s');
  });
  it('says never where there was no time, and a dash where the time is no time', () => {
    expect(formatAgo(null, now)).toBe('never');
    expect(formatAgo('soon', now)).toBe('–');
  });
});

describe('formatPercent', () => {
  it('never rounds an imperfect uptime up to a perfect one', () => {
    expect(formatPercent(99.999)).toBe('99.99%');
    expect(formatPercent(100)).toBe('100%');
  });
  it('does not lose a hundredth to binary fractions', () => expect(formatPercent(99.57)).toBe('99.57%'));
});

describe('other numbers', () => {
  it('writes shares with as many digits as mean something', () => {
    expect([0, 0.9551, 12.37, null].map(formatShare)).toEqual(['0%', '0.96%', '12.4%', '–']);
  });
  it('writes bytes in binary units', () => {
    expect([512, 1536, 325_058_560, -2048].map(formatBytes)).toEqual(['512 B', '1.5 KiB', '310 MiB', '-2 KiB']);
  });
  it('shortens large numbers and keeps small ones exact enough', () => {
    expect([0, 0.004567, 42.125, 184.4, 12_400, 3_100_000, 2e9].map(formatNumber)).toEqual([
      '0',
      '0.00457',
      '42.13',
      '184',
      '12.4k',
      '3.1M',
      '2G',
    ]);
  });
  it('takes a metric unit from the sample, else from the ending of the key', () => {
    expect(formatMetric('x', 'ms', 1240)).toBe('1.24 s');
    expect(formatMetric('db.query_p95_ms', undefined, 14)).toBe('14 ms');
    expect(formatMetric('job_seconds', undefined, 90)).toBe('1 m 30 s');
    expect(formatMetric('process.rss_bytes', undefined, 1024)).toBe('1 KiB');
    expect(formatMetric('performance.error_rate', 'percent', 0.5)).toBe('0.5%');
    expect(formatMetric('performance.error_rate', undefined, 0.5)).toBe('0.5%');
    expect(formatMetric('orders', 'orders', 3)).toBe('3 orders');
    expect(formatMetric('logs.error_count', 'count', 3)).toBe('3');
    expect(formatMetric('orders', undefined, Number.NaN)).toBe('–');
  });
});

describe('clock times', () => {
  it('leaves the day out only while it is the same day', () => {
    const at = new Date(2026, 10, 21, 14, 3, 5);
    expect(formatClock(at, new Date(2026, 10, 21, 23, 0).getTime())).toBe('14:03:05');
    expect(formatClock(at, new Date(2026, 10, 22, 1, 0).getTime())).toBe('21 Nov 14:03');
  });
  it('says UTC where it is UTC', () => expect(formatUtc('2026-11-21T15:03:05+01:00')).toBe('2026-11-21 14:03:05 UTC'));
});
