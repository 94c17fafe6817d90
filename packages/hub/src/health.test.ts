import { expect, test, vi } from 'vitest';
import { healthOf, watchOwnHealth } from './health.ts';
import { systemClock } from './platform/clock.ts';

const well = { silentMs: 2400, waitingChecks: 0, failingJobs: [] as string[] };

test.each([
  ['all is well', {}, 'healthy'],
  ['the database was not written for six seconds', { silentMs: 6000 }, 'degraded'],
  ['checks wait', { waitingChecks: 1 }, 'degraded'],
  ['a job fails again and again', { failingJobs: ['retention'] }, 'degraded'],
  ['the database was not written for over a minute', { silentMs: 61_000 }, 'unhealthy'],
] as const)('when %s', (_name, facts, status) => {
  expect(healthOf({ ...well, ...facts })).toBe(status);
});

test('a trouble is remembered with its beginning and its end', () => {
  vi.useFakeTimers({ now: 1_000_000 });
  try {
    const now = { ...well };
    const own = watchOwnHealth(() => now, { ...systemClock, now: () => Date.now() });
    vi.advanceTimersByTime(2000);
    expect(own.troubles()).toEqual([]);
    now.silentMs = 6000;
    vi.advanceTimersByTime(1000);
    expect(own.status()).toBe('degraded');
    expect(own.troubles()).toEqual([{ kind: 'database', since: 997_000 }]);
    now.silentMs = 9000;
    vi.advanceTimersByTime(3000);
    now.silentMs = 100;
    vi.advanceTimersByTime(2000);
    expect(own.troubles()).toEqual([{ kind: 'database', since: 997_000, until: 1_007_000 }]);
    own.stop();
  } finally {
    vi.useRealTimers();
  }
});
