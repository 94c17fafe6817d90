import type { Fanout, FanoutResult } from '@orrery/protocol';
import { expect, it } from 'vitest';
import { nameOfAction, outcomeOf, resultText, SWEEP, stateOf } from './words.ts';

const run = { status: 'succeeded' as const, startedAt: '2026-01-01T00:00:00Z' };

it.each([
  [{ status: 'denied', reason: 'x' }, 'Not allowed'],
  [{ status: 'failed', reason: 'x' }, 'Failed'],
  [{ status: 'pending' }, 'Sending'],
  [{ status: 'sent' }, 'Sent'],
  [{ status: 'sent', run: { ...run, status: 'running' } }, 'Running'],
  [{ status: 'sent', run }, 'Done'],
  [{ status: 'sent', run: { ...run, status: 'failed' } }, 'Run failed'],
  [{ status: 'sent', runUnknown: 'no key' }, 'Sent, end unknown'],
] as const)('%j is %s', (result, word) => {
  expect(outcomeOf({ project: 'a', ...result } as FanoutResult).word).toBe(word);
});

it.each([
  ['Under way', null, { sent: 1 }, {}],
  ['Done', 'x', { sent: 2, denied: 1 }, { succeeded: 2 }],
  ['2 failed', 'x', { sent: 2, failed: 1 }, { succeeded: 1, failed: 1 }],
  ['Nobody asked', 'x', { denied: 3 }, {}],
  ['Failed', 'x', { failed: 3 }, {}],
  ['1 unknown', 'x', { sent: 1 }, { unknown: 1 }],
])('a request is %s', (word, finishedAt, counts, runs) => {
  const fanout = {
    finishedAt,
    counts: { pending: 0, sent: 0, denied: 0, failed: 0, ...counts },
    runs: { open: 0, succeeded: 0, failed: 0, unknown: 0, ...runs },
  } as Fanout;
  expect(stateOf(fanout).word).toBe(word);
});

it('says results as people read them', () => {
  expect(resultText({ ok: 3, warn: 1, fail: 0, findings: {} })).toBe('3 ok, 1 warnings, 0 failed');
  expect(resultText({ error: 'timed out' })).toBe('timed out');
  expect(resultText({ cleared: 7 })).toBe('{"cleared":7}');
  expect(resultText(undefined)).toBeUndefined();
  expect(nameOfAction(SWEEP)).toBe('Security sweep');
  expect(nameOfAction('cache.clear')).toBe('cache.clear');
});
