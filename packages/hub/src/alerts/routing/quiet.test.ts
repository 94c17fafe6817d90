import { QuietHours } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { quietUntil } from './quiet.ts';
import { instantOf, wallTime } from './zone.ts';

const at = (text: string) => Date.parse(text);
const quiet = (...hours: z.input<typeof QuietHours>[]) => hours.map((each) => QuietHours.parse(each));
const until = (hours: z.input<typeof QuietHours>[], now: string) =>
  new Date(quietUntil(quiet(...hours), 'warning', at(now))).toISOString().replace('.000Z', 'Z');

describe('quiet hours', () => {
  const berlin = { from: '22:00', to: '07:00', timeZone: 'Europe/Berlin' };
  const weekend = { from: '00:00', to: '00:00', timeZone: 'Europe/Berlin', days: ['sat' as const, 'sun' as const] };
  it.each([
    ['before they begin', [berlin], '2026-07-01T19:59:59Z', '2026-07-01T19:59:59Z'],
    ['as they begin', [berlin], '2026-07-01T20:00:00Z', '2026-07-02T05:00:00Z'],
    ['after midnight', [berlin], '2026-07-02T02:00:00Z', '2026-07-02T05:00:00Z'],
    ['as they end', [berlin], '2026-07-02T05:00:00Z', '2026-07-02T05:00:00Z'],
    ['in the night in which clocks go forward', [berlin], '2026-03-28T22:00:00Z', '2026-03-29T05:00:00Z'],
    ['in the night in which clocks go back', [berlin], '2026-10-24T21:00:00Z', '2026-10-25T06:00:00Z'],
    [
      'in a zone of a quarter',
      [{ ...berlin, timeZone: 'Asia/Kathmandu' }],
      '2026-07-01T16:15:00Z',
      '2026-07-02T01:15:00Z',
    ],
    [
      'a minute before in that zone',
      [{ ...berlin, timeZone: 'Asia/Kathmandu' }],
      '2026-07-01T16:14:00Z',
      '2026-07-01T16:14:00Z',
    ],
    ['an end that clocks jump over', [{ ...berlin, to: '02:30' }], '2026-03-28T23:00:00Z', '2026-03-29T01:00:00Z'],
    ['an end that clocks show twice', [{ ...berlin, to: '02:30' }], '2026-10-24T23:00:00Z', '2026-10-25T01:30:00Z'],
    [
      'a beginning that clocks show twice',
      [{ ...berlin, from: '02:30' }],
      '2026-10-25T00:30:00Z',
      '2026-10-25T06:00:00Z',
    ],
    ['on a leap day', [berlin], '2028-02-28T22:00:00Z', '2028-02-29T06:00:00Z'],
    [
      'on a day that they do not begin on',
      [{ ...berlin, days: ['mon' as const] }],
      '2026-07-01T21:00:00Z',
      '2026-07-01T21:00:00Z',
    ],
    [
      'the morning after such a day',
      [{ ...berlin, days: ['mon' as const] }],
      '2026-06-30T03:00:00Z',
      '2026-06-30T05:00:00Z',
    ],
    ['a Friday night before a quiet weekend', [berlin, weekend], '2026-07-03T21:00:00Z', '2026-07-06T05:00:00Z'],
    ['a whole weekend', [weekend], '2026-07-04T10:00:00Z', '2026-07-05T22:00:00Z'],
    ['none', [], '2026-07-04T10:00:00Z', '2026-07-04T10:00:00Z'],
  ])('%s', (_what, hours, now, end) => {
    expect(until(hours, now)).toBe(end);
  });

  it('let through what they except: critical alerts unless said otherwise', () => {
    const now = at('2026-07-02T02:00:00Z');
    expect(quietUntil(quiet(berlin), 'critical', now)).toBe(now);
    expect(quietUntil(quiet({ ...berlin, except: [] }), 'critical', now)).toBeGreaterThan(now);
  });

  it('that never end keep back for a week at most', () => {
    const now = at('2026-07-02T02:00:00Z');
    const end = quietUntil(quiet({ from: '00:00', to: '00:00' }), 'warning', now);
    expect(end - now).toBeLessThanOrEqual(7 * 86_400_000);
    expect(end).toBeGreaterThan(now);
  });
});

describe('the clock on the wall', () => {
  it.each(['Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia', 'UTC'])(
    'and the instant are one another’s inverse all year in %s',
    (timeZone) => {
      const start = at('2011-12-15T00:00:00Z');
      for (let hour = 0; hour < 24 * 380; hour += 5) {
        const instant = start + hour * 3_600_000;
        const wall = wallTime(instant, timeZone);
        expect([instantOf(wall, timeZone, 'first'), instantOf(wall, timeZone, 'last')]).toContain(instant);
      }
    },
  );
});
