import type { CheckView, ServiceStatus } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { toBeats, worstOf } from './heartbeats.ts';

const start = Date.parse('2026-11-21T12:00:00Z');
const checks = (...statuses: ServiceStatus[]): CheckView[] =>
  statuses.map((status, index) => ({
    at: new Date(start + index * 1000).toISOString(),
    status,
    latencyMs: 10,
  }));

describe('toBeats', () => {
  it('shows one bar for each check, oldest first, however they came', () => {
    const history = checks('up', 'degraded', 'down');
    expect(toBeats(history.toReversed(), 3).map((beat) => beat.status)).toEqual(['up', 'degraded', 'down']);
  });

  it('leaves the front empty while there are few checks', () => {
    expect(toBeats(checks('up'), 3).map((beat) => beat.status)).toEqual(['none', 'none', 'up']);
  });

  it('never hides a single failure when neighbours share a bar', () => {
    const history = checks(...Array<ServiceStatus>(37).fill('up'), 'down', ...Array<ServiceStatus>(62).fill('up'));
    const beats = toBeats(history, 20);
    expect(beats).toHaveLength(20);
    expect(beats.filter((beat) => beat.status === 'down')).toHaveLength(1);
    expect(beats.find((beat) => beat.status === 'down')?.check?.at).toBe(history[37]?.at);
  });

  it('loses no check: the bars count all of them, whatever the numbers', () => {
    for (const [count, slots] of [
      [0, 5],
      [7, 5],
      [50, 44],
      [99, 10],
      [5, 5],
    ] as const) {
      const beats = toBeats(checks(...Array<ServiceStatus>(count).fill('up')), slots);
      expect(beats).toHaveLength(slots);
      expect(beats.reduce((sum, beat) => sum + beat.count, 0)).toBe(count);
    }
  });

  it('shows the newest of equally bad checks', () => {
    const history = checks('down', 'up', 'down', 'up');
    expect(toBeats(history, 1)[0]?.check?.at).toBe(history[2]?.at);
  });

  it('draws nothing where there is no room', () => expect(toBeats(checks('up'), 0)).toEqual([]));
});

describe('worstOf', () => {
  it('ranks down over degraded over unknown over up', () => {
    expect(worstOf(['up', 'degraded', 'down', 'unknown'])).toBe('down');
    expect(worstOf(['up', 'unknown'])).toBe('unknown');
    expect(worstOf(['up', 'up'])).toBe('up');
    expect(worstOf([])).toBe('unknown');
  });
});
