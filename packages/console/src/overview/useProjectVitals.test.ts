import type { FedMetrics } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { isYoung, POINTS, readVitals, recentLatencies } from './useProjectVitals.ts';

const from = Date.parse('2026-11-21T12:00:00Z');
const to = from + POINTS * 60_000;
const at = (minute: number) => new Date(from + minute * 60_000).toISOString();
const metrics = (...series: FedMetrics['series']): FedMetrics => ({ project: 'veria', series });

describe('readVitals', () => {
  it('takes uptime from the checks of all services', () => {
    const { uptime } = readVitals(
      metrics(
        {
          key: 'probe.up',
          service: 'api',
          points: [
            [at(0), 1],
            [at(1), 0],
          ],
        },
        {
          key: 'probe.up',
          service: 'web',
          points: [
            [at(0), 1],
            [at(1), 1],
          ],
        },
      ),
      from,
      to,
    );
    expect(uptime).toBe(75);
  });

  it('prefers the product own p95 to the latency of the checks, and says which it is', () => {
    const probe = { key: 'probe.latency_ms', points: [[at(59), 40]] as [string, number][] };
    const own = {
      key: 'performance.latency_p95_ms',
      points: [
        [at(58), 200],
        [at(59), 220],
      ] as [string, number][],
    };
    expect(readVitals(metrics(probe, own), from, to)).toMatchObject({ latency: 220, latencyWord: 'p95' });
    expect(readVitals(metrics(probe), from, to)).toMatchObject({ latency: 40, latencyWord: 'Latency' });
  });

  it('takes the Apdex of the whole, not of a platform of it', () => {
    const apdex = { key: 'performance.apdex', points: [[at(59), 0.94]] as [string, number][] };
    const gold = { ...apdex, tags: { platform: 'gold' }, points: [[at(59), 0.5]] as [string, number][] };
    expect(readVitals(metrics(gold, apdex), from, to).apdex).toBe(0.94);
  });

  it('does not pass an old value off as the newest', () => {
    const { latency, outline } = readVitals(
      metrics({ key: 'performance.latency_p95_ms', points: [[at(10), 200]] }),
      from,
      to,
    );
    expect(latency).toBeNull();
    expect(outline[10]).toBe(200);
  });

  it('makes no number up where nothing was measured', () => {
    expect(readVitals(metrics(), from, to)).toEqual({
      uptime: null,
      latency: null,
      latencyWord: 'Latency',
      errors: null,
      apdex: null,
      outline: Array(POINTS).fill(null),
    });
  });
});

describe('a young project', () => {
  it('is one whose range is empty but for the end', () => {
    const outline = Array<number | null>(60).fill(null);
    expect(isYoung(outline)).toBe(true);
    expect(isYoung(outline.with(59, 3))).toBe(true);
    expect(isYoung(outline.with(10, 3))).toBe(false);
  });
  it('is drawn from its newest checks, oldest first', () => {
    const check = (minute: number, latencyMs: number | null) => ({ at: at(minute), status: 'up' as const, latencyMs });
    expect(recentLatencies([{ history: [check(1, 5)] }, { history: [check(2, 7), check(1, null)] }])).toEqual([
      null,
      7,
    ]);
    expect(recentLatencies([])).toEqual([]);
  });
});
