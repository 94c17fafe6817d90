import { describe, expect, it } from 'vitest';
import { affected, isEmpty, plan } from './plan.ts';
import type { AlertRow } from './tables.ts';
import { finding } from './testing.ts';

const row = (overrides: Partial<AlertRow> = {}): AlertRow => ({
  id: 'alr_1',
  fingerprint: 'fp-1',
  detector: 'threshold',
  project: 'veria',
  service: 'api',
  severity: 'warning',
  category: 'performance',
  title: 't',
  description: 'd',
  recommendation: null,
  auto_fixable: 0,
  status: 'open',
  suppressed: 0,
  occurrences: 1,
  created_at: 500,
  last_seen_at: 1_000,
  acknowledged_by: null,
  acknowledged_at: null,
  resolved_by: null,
  resolved_at: null,
  incident_id: null,
  inhibited_by: null,
  settle_ms: 0,
  returns_as: null,
  ...overrides,
});
const outcome = (alerts: AlertRow[], findings: Parameters<typeof plan>[1]) => {
  const { open, repeat, resolve, release } = plan(alerts, findings);
  return [open.length, repeat.length, resolve.length, release.length];
};

describe('the plan of a reconciliation', () => {
  it.each([
    ['nothing known, nothing fires', [], [], [0, 0, 0, 0]],
    ['a new finding opens', [], [finding()], [1, 0, 0, 0]],
    ['one finding said twice opens once', [], [finding(), finding()], [1, 0, 0, 0]],
    ['the same observation again changes nothing', [row()], [finding()], [0, 0, 0, 0]],
    ['a newer observation is counted', [row()], [finding({ observedAt: 1_001 })], [0, 1, 0, 0]],
    ['an older observation is not', [row()], [finding({ observedAt: 999 })], [0, 0, 0, 0]],
    ['an open alert without its finding resolves', [row()], [], [0, 0, 1, 0]],
    ['so does an acknowledged one', [row({ status: 'acknowledged' })], [], [0, 0, 1, 0]],
    ['so does an ignored one', [row({ status: 'ignored' })], [], [0, 0, 1, 0]],
    [
      'an ignored one that fires is counted and stays',
      [row({ status: 'ignored' })],
      [finding({ observedAt: 2_000 })],
      [0, 1, 0, 0],
    ],
    [
      'what a person resolved stays so while it fires',
      [row({ status: 'resolved', suppressed: 1 })],
      [finding({ observedAt: 2_000 })],
      [0, 0, 0, 0],
    ],
    ['and is released when it is gone', [row({ status: 'resolved', suppressed: 1 })], [], [0, 0, 0, 1]],
  ])('%s', (_, alerts, findings, expected) => {
    expect(outcome(alerts, findings)).toEqual(expected);
  });

  it('knows when there is nothing to do, and which projects it touches, in one order', () => {
    expect(isEmpty(plan([row()], [finding()]))).toBe(true);
    const touched = plan(
      [row({ project: 'rollizr' })],
      [finding({ fingerprint: 'a', project: 'veria' }), finding({ fingerprint: 'b', project: 'performia' })],
    );
    expect(isEmpty(touched)).toBe(false);
    expect(affected(touched)).toEqual(['performia', 'rollizr', 'veria']);
  });
});
