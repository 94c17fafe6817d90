import { expect, test } from 'vitest';
import { healthOf } from './health.ts';

const well = { silentMs: 2400, waitingChecks: 0, failingJobs: 0 };

test.each([
  ['all is well', {}, 'healthy'],
  ['the database was not written for six seconds', { silentMs: 6000 }, 'degraded'],
  ['checks wait', { waitingChecks: 1 }, 'degraded'],
  ['a job fails again and again', { failingJobs: 1 }, 'degraded'],
  ['the database was not written for over a minute', { silentMs: 61_000 }, 'unhealthy'],
] as const)('when %s', (_name, facts, status) => {
  expect(healthOf({ ...well, ...facts })).toBe(status);
});
