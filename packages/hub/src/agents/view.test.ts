import type { Job } from '@orrery/protocol';
import { expect, it } from 'vitest';
import { healthOf, overall } from './system.ts';
import { agentView } from './view.ts';

const job = (more: Partial<Job> = {}): Job => ({
  ...{ name: 'j', agent: 'Learning', schedule: 'every 1 s', enabled: true, running: false },
  ...{ runs: 0, failures: 0, restarts: 0, failing: 0 },
  ...more,
});
const view = (jobs: readonly Job[], more: Partial<Parameters<typeof agentView>[0]> = {}) =>
  agentView({ name: 'Learning', jobs, enabled: true, restarts: undefined, led: true, held: undefined, ...more });

it('adds up what its jobs did, and tells the newest of them and of their errors', () => {
  const agent = view([
    job({ name: 'a', runs: 3, failures: 1, lastRunAt: '2026-01-01T00:00:01.000Z', lastError: 'old' }),
    job({ name: 'b', runs: 4, lastRunAt: '2026-01-01T00:00:03.000Z' }),
    job({ name: 'c', runs: 1, failures: 1, failing: 1, lastRunAt: '2026-01-01T00:00:02.000Z', lastError: 'new' }),
  ]);
  expect(agent).toMatchObject({
    ...{ runs: 8, failures: 2, lastRunAt: '2026-01-01T00:00:03.000Z', lastError: 'c: new' },
    ...{ state: 'failing', running: true, reason: 'c rests between tries; a restart tries at once.' },
  });
});

const STATES: [string, ReturnType<typeof view>, object][] = [
  ['no job', view([]), { state: 'idle', running: false, runs: 0, lastRunAt: null }],
  ['switched off', view([job({ runs: 3 })], { enabled: false }), { state: 'off', running: false, enabled: false }],
  ['no hub leads', view([job()], { led: false }), { state: 'waiting', running: false }],
  ['all runs hang', view([job({ left: 1, failing: 1 })]), { state: 'stuck', running: false }],
  ['nothing to do yet', view([job()]), { state: 'idle', running: true, reason: expect.stringContaining('Nothing') }],
  ['one of two hangs', view([job({ left: 1 }), job()]), { state: 'failing', running: true }],
  ['all is well', view([job({ runs: 1 })]), { state: 'well', running: true }],
  [
    'well, but acts on nothing',
    view([job({ runs: 1 })], { held: 'not enabled' }),
    { state: 'well', reason: 'not enabled' },
  ],
  [
    'a restart that is not done',
    view([job({ runs: 1 })], { restarts: { name: 'Learning', asked: 2, done: 1, asked_at: 1 } }),
    { restarts: 2, reason: expect.stringContaining('A restart is asked for') },
  ],
];
for (const [what, agent, expected] of STATES)
  it(`is shown as it is: ${what}`, () => expect(agent).toMatchObject(expected));

it('calls a platform unknown only while nothing tells of it', () => {
  const never = { status: 'offline', lastSeenAt: null } as const;
  expect(healthOf(never, false)).toBe('unknown');
  expect(healthOf(never, true)).toBe('unhealthy');
  expect(healthOf({ status: 'offline', lastSeenAt: '2026-01-01T00:00:00.000Z' }, false)).toBe('unhealthy');
  expect(healthOf({ status: 'degraded', lastSeenAt: null }, true)).toBe('degraded');
  expect(healthOf({ status: 'online', lastSeenAt: null }, true)).toBe('healthy');
});

it('is as bad as the worst that is known', () => {
  expect(overall('healthy', [])).toBe('healthy');
  expect(overall('healthy', ['unknown'])).toBe('unknown');
  expect(overall('healthy', ['healthy', 'unknown'])).toBe('healthy');
  expect(overall('healthy', ['healthy', 'degraded'])).toBe('degraded');
  expect(overall('degraded', ['healthy'])).toBe('degraded');
  expect(overall('healthy', ['degraded', 'unhealthy'])).toBe('unhealthy');
});
