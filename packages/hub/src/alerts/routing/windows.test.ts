import { MaintenanceDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { createSlots, cronProblem, windowsOf } from './windows.ts';

const at = (text: string) => Date.parse(text);
const show = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16));

describe('a calendar', () => {
  it.each([
    ['a plain night', '30 2 * * *', 'Europe/Berlin', '2026-07-01T00:00Z', ['2026-07-01T00:30', '2026-07-02T00:30']],
    [
      'a time that clocks jump over',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:30'],
    ],
    [
      'two times that clocks jump over, as one',
      '15,45 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:15'],
    ],
    [
      'a time that clocks show twice',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00Z',
      ['2026-10-25T00:30', '2026-10-26T01:30'],
    ],
    [
      'two times that clocks show twice',
      '15,45 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00Z',
      ['2026-10-25T00:15', '2026-10-25T00:45', '2026-10-26T01:15'],
    ],
    [
      'a zone of a quarter',
      '0 0 * * *',
      'Asia/Kathmandu',
      '2026-07-01T00:00Z',
      ['2026-07-01T18:15', '2026-07-02T18:15'],
    ],
    ['a leap day', '0 0 29 2 *', 'UTC', '2026-07-01T00:00Z', ['2028-02-29T00:00', '2032-02-29T00:00']],
    [
      'a midnight that is jumped over',
      '0 0 * * *',
      'Africa/Cairo',
      '2026-04-23T12:00Z',
      ['2026-04-23T22:00', '2026-04-24T21:00'],
    ],
  ])('%s', (_what, cron, zone, from, expected) => {
    const slots = createSlots(cron, zone);
    let now = at(from);
    for (const slot of expected) {
      now = slots.after(now) ?? Number.NaN;
      expect(show(now)).toBe(slot);
      expect(show(slots.upTo(now))).toBe(slot);
      expect(slots.upTo(now - 1)).not.toBe(now);
    }
  });

  it.each([
    ['0 2 * * sun', undefined],
    ['*/15 * * * *', undefined],
    ['0 0 2 * * *', /no cron expression of five fields/],
    ['banana x x x x', /no cron expression of five fields/],
    ['0 0 30 2 *', /never comes/],
    ['61 * * * *', /no cron expression of five fields/],
  ])('%j is checked', (text, problem) => {
    if (problem === undefined) expect(cronProblem(text)).toBeUndefined();
    else expect(cronProblem(text)).toMatch(problem);
  });
});

describe('a window', () => {
  const declare = (more: object) => windowsOf(MaintenanceDeclaration.parse({ name: 'm', title: 'M', ...more }));
  it('that opens once', () => {
    const once = declare({ from: '2026-07-01T10:00:00Z', until: '2026-07-01T11:00:00Z' });
    const window = { from: at('2026-07-01T10:00:00Z'), until: at('2026-07-01T11:00:00Z') };
    expect(once.at(at('2026-07-01T09:59:59Z'))).toEqual({ window, active: false });
    expect(once.at(at('2026-07-01T10:00:00Z'))).toEqual({ window, active: true });
    expect(once.at(at('2026-07-01T11:00:00Z'))).toEqual({ window: null, active: false });
  });

  it('that opens again and again, asked in any order', () => {
    const weekly = declare({ cron: '0 2 * * sun', timeZone: 'Europe/Berlin', lasts: '2h' });
    const open = (text: string) => weekly.at(at(text)).active;
    const asked = [
      ['2026-07-04T23:59:59Z', false],
      ['2026-07-05T00:00:00Z', true],
      ['2026-07-05T01:59:59Z', true],
      ['2026-07-05T02:00:00Z', false],
      ['2026-07-05T00:30:00Z', true],
      ['2026-07-12T00:30:00Z', true],
      ['2026-07-08T00:30:00Z', false],
      ['2026-03-29T01:00:00Z', true],
      ['2026-03-29T02:59:59Z', true],
      ['2026-03-29T03:00:00Z', false],
    ] as const;
    for (const [when, expected] of asked) expect([when, open(when)]).toEqual([when, expected]);
    expect(weekly.at(at('2026-07-08T00:30:00Z')).window?.from).toBe(at('2026-07-12T00:00:00Z'));
  });

  it('that lasts longer than it takes to open again never closes', () => {
    const always = declare({ cron: '*/15 * * * *', lasts: '20m' });
    for (let minute = 0; minute < 180; minute++)
      expect(always.at(at('2026-07-01T00:00:00Z') + minute * 60_000).active).toBe(true);
  });
});
