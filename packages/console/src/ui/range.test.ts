import { describe, expect, it } from 'vitest';
import { rangeOf, readRange, resolveRange, shiftSpan, spanSearch, stepFor } from './range.ts';

describe('a range in the URL', () => {
  it('keeps a known range and drops anything else', () => {
    expect(readRange({ range: '6h' })).toEqual({ range: '6h' });
    expect(readRange({ range: '5 parsecs' })).toEqual({});
    expect(readRange({})).toEqual({});
  });

  it('prefers a span of its own and writes its ends in one way', () => {
    expect(readRange({ range: '6h', from: '2026-11-21T10:00:00+01:00', to: '2026-11-21T12:00:00Z' })).toEqual({
      from: '2026-11-21T09:00:00.000Z',
      to: '2026-11-21T12:00:00.000Z',
    });
  });

  it.each([
    ['backwards', '2026-11-21T12:00:00Z', '2026-11-21T10:00:00Z'],
    ['too short', '2026-11-21T12:00:00Z', '2026-11-21T12:00:01Z'],
    ['longer than anything is kept', '2020-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['no time at all', 'yesterday', 'today'],
  ])('drops a span that is %s', (_, from, to) => expect(readRange({ from, to, range: '7d' })).toEqual({ range: '7d' }));

  it('falls back to the last hour', () => expect(rangeOf({})).toEqual({ kind: 'last', key: '1h' }));
});

describe('resolveRange', () => {
  const now = Date.parse('2026-11-21T12:00:07Z');
  it('asks for the same thing throughout one step, so that the answer can be reused', () => {
    const first = resolveRange({ kind: 'last', key: '1h' }, now, 120);
    expect(first).toEqual(resolveRange({ kind: 'last', key: '1h' }, now + 20_000, 120));
    expect(first.step).toBe(30_000);
    expect(first.to - first.from).toBe(3_600_000);
    expect(first.to).toBeGreaterThanOrEqual(now);
  });
  it('takes a chosen span as it is', () => {
    expect(resolveRange({ kind: 'between', from: 1000, to: 61_000 }, now, 60)).toEqual({
      from: 1000,
      to: 61_000,
      step: 1000,
    });
  });
});

describe('stepFor', () => {
  it.each([
    [3_600_000, 60, 60_000],
    [86_400_000, 180, 600_000],
    [604_800_000, 180, 3_600_000],
  ])('cuts %d ms into at most %d buckets by a tidy step', (span, points, step) => {
    expect(stepFor(span, points)).toBe(step);
  });
  it('still answers when no tidy step is long enough', () => {
    expect((400 * 86_400_000) / stepFor(400 * 86_400_000, 10)).toBeLessThanOrEqual(10);
  });
});

describe('moving the window', () => {
  it('goes half a span either way, or doubles about its middle', () => {
    expect(shiftSpan(100, 200, 'earlier')).toEqual({ from: 50, to: 150 });
    expect(shiftSpan(100, 200, 'later')).toEqual({ from: 150, to: 250 });
    expect(shiftSpan(100, 200, 'wider')).toEqual({ from: 50, to: 250 });
  });
  it('takes a click that slipped for no drag', () => {
    expect(spanSearch(1000, 2000)).toBeUndefined();
    expect(spanSearch(0, 60_000)).toEqual({
      range: undefined,
      from: '1970-01-01T00:00:00.000Z',
      to: '1970-01-01T00:01:00.000Z',
    });
  });
});
