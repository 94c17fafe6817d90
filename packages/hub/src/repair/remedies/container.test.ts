import { expect, test } from 'vitest';
import { readContainer } from './container.ts';

const of = (state: object, ending?: 'crashed' | 'stopped') =>
  readContainer(
    {
      Id: 'b'.repeat(64),
      Name: '/web',
      Config: { Labels: null },
      State: { ExitCode: 0, OOMKilled: false, StartedAt: '2026-01-01T00:00:00Z', ...state },
    },
    ending,
  )?.condition;

test.each([
  [{ Status: 'running' }, undefined, 'well'],
  [{ Status: 'running', Health: { Status: 'healthy', FailingStreak: 0 } }, undefined, 'well'],
  [{ Status: 'running', Health: { Status: 'starting', FailingStreak: 0 } }, undefined, 'starting'],
  [{ Status: 'running', Health: { Status: 'unhealthy', FailingStreak: 3 } }, undefined, 'failing'],
  [{ Status: 'restarting', ExitCode: 1 }, undefined, 'failing'],
  [{ Status: 'exited', ExitCode: 0 }, undefined, 'ended'],
  [{ Status: 'exited', ExitCode: 0 }, 'crashed', 'ended'],
  [{ Status: 'exited', ExitCode: 1 }, undefined, 'failing'],
  [{ Status: 'exited', ExitCode: 1 }, 'stopped', 'ended'],
  [{ Status: 'exited', ExitCode: 143 }, undefined, 'ended'],
  [{ Status: 'exited', ExitCode: 137 }, undefined, 'ended'],
  [{ Status: 'exited', ExitCode: 137 }, 'crashed', 'failing'],
  [{ Status: 'exited', ExitCode: 137, OOMKilled: true }, undefined, 'failing'],
  [{ Status: 'dead', ExitCode: 255 }, undefined, 'failing'],
  [{ Status: 'paused' }, undefined, 'away'],
  [{ Status: 'created' }, undefined, 'away'],
  [{ Status: 'removing' }, undefined, 'away'],
] as const)('%j, heard as %s, is %s', (state, ending, condition) => {
  expect(of(state, ending)).toBe(condition);
});

test.each([
  null,
  'text',
  [],
  {},
  { Id: 'x', Name: '/w', State: { Status: 'running' } },
  { Id: 'b'.repeat(64), Name: '/w' },
])('%j describes no container', (json) => {
  expect(readContainer(json)).toBeUndefined();
});
