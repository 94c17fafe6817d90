import { describe, expect, it } from 'vitest';
import { keptBack } from './holds.ts';

const living = { status: 'open', resolved_at: null, acknowledged_by: null, inhibited_by: null } as const;
const resolved = { ...living, status: 'resolved', resolved_at: 100 } as const;
const hold = { by: 'sil_1', reason: 'silenced by ann' };

describe('what is due', () => {
  it.each([
    ['an opening', 'alert.opened', 0, living, undefined, undefined],
    ['an opening of what is silenced', 'alert.opened', 0, living, hold, 'silenced by ann'],
    [
      'an opening of what hangs on another',
      'alert.opened',
      0,
      { ...living, inhibited_by: 'alr_1' },
      undefined,
      'it hangs on what another alert is about: alr_1',
    ],
    ['a late opening of what is over', 'alert.opened', 0, resolved, undefined, undefined],
    [
      'a deferred opening of what was over before',
      'alert.opened',
      200,
      resolved,
      undefined,
      'it was over before it was to be told',
    ],
    ['a deferred opening of what was over after', 'alert.opened', 50, resolved, undefined, undefined],
    [
      'a deferred opening of what was put aside',
      'alert.opened',
      200,
      { ...living, status: 'ignored' },
      undefined,
      'it was put aside before it was to be told',
    ],
    ['a reminder', 'alert.reminder', 0, living, undefined, undefined],
    [
      'a reminder of what somebody is on',
      'alert.reminder',
      0,
      { ...living, status: 'acknowledged', acknowledged_by: 'ann' },
      undefined,
      'ann is on it',
    ],
    ['an escalation of what is over', 'alert.escalated', 0, resolved, undefined, 'it is resolved'],
    ['an escalation of what is silenced', 'alert.escalated', 0, living, hold, 'silenced by ann'],
    ['a resolution, silenced or not', 'alert.resolved', 0, resolved, hold, undefined],
    [
      'a resolution of what came back',
      'alert.resolved',
      0,
      living,
      undefined,
      'it came back before its end was to be told',
    ],
    ['a test', 'channel.test', 0, living, hold, undefined],
  ] as const)('%s', (_what, type, planned_at, alert, held, reason) => {
    expect(keptBack({ type, planned_at, created_at: 0 }, alert, held)).toBe(reason);
  });
});
