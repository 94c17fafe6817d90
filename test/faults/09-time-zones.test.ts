import { type MaintenanceDeclaration, QuietHours } from '@orrery/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { quietUntil } from '../../packages/hub/src/alerts/routing/quiet.ts';
import { createSlots, windowsOf } from '../../packages/hub/src/alerts/routing/windows.ts';
import { figure } from '../services/figures.ts';

/** Fault 9: clocks that go forward and back, zones of odd quarters, a leap day, and a hub whose own zone is another one. */
const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const DAY = 24 * 60 * MINUTE;
/** A leap year, and a little of those beside it. */
const FROM = Date.UTC(2028, 0, 1) - DAY;
const UNTIL = Date.UTC(2029, 0, 1) + DAY;

const two = (n: number) => String(n).padStart(2, '0');

const walls = new Map<string, { instant: number; shows: string }[]>();

/** What the clock on the wall shows at each quarter of an hour, by the platform's own calendar; nothing of the hub's. */
function wall(timeZone: string): { instant: number; shows: string }[] {
  const known = walls.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const quarters: { instant: number; shows: string }[] = [];
  walls.set(timeZone, quarters);
  for (let instant = FROM; instant < UNTIL; instant += QUARTER)
    quarters.push({ instant, shows: format.format(instant) });
  return quarters;
}

/** Every local time of the year that a schedule names, and the one moment at which it has to come: its first showing, or the jump over it. */
function expected(timeZone: string, times: (day: string) => string[]): Set<number> {
  const quarters = wall(timeZone);
  const first = new Map<string, number>();
  for (const { instant, shows } of quarters) if (!first.has(shows)) first.set(shows, instant);
  const due = new Set<number>();
  for (let day = Date.UTC(2028, 0, 1); day < Date.UTC(2029, 0, 1); day += DAY) {
    const date = new Date(day).toISOString().slice(0, 10);
    for (const time of times(date)) {
      const slot = `${date} ${time}`;
      const jumped = () => quarters.find(({ shows }) => shows > slot)?.instant;
      due.add(first.get(slot) ?? jumped() ?? Number.NaN);
    }
  }
  return due;
}

const allDay = () => Array.from({ length: 96 }, (_, i) => `${two(Math.floor(i / 4))}:${two((i % 4) * 15)}`);
const CASES = [
  ['30 2 * * *', 'Europe/Berlin', () => ['02:30']],
  ['0 0 * * *', 'Europe/Berlin', () => ['00:00']],
  ['15,45 2 * * *', 'Europe/Berlin', () => ['02:15', '02:45']],
  ['0 12 29 2 *', 'Europe/Berlin', (day: string) => (day.endsWith('02-29') ? ['12:00'] : [])],
  ['*/15 * * * *', 'Europe/Berlin', allDay],
  ['30 2 * * *', 'Asia/Kathmandu', () => ['02:30']],
  ['0 0 * * *', 'Asia/Kathmandu', () => ['00:00']],
  ['*/15 * * * *', 'Asia/Kathmandu', allDay],
  ['0 0 * * *', 'Africa/Cairo', () => ['00:00']],
  ['30 1 * * *', 'Australia/Lord_Howe', () => ['01:30']],
] as const;

test.each(CASES)('"%s" in %s comes exactly once for every local time of a leap year', (cron, timeZone, times) => {
  const due = expected(timeZone, times);
  const slots = createSlots(cron, timeZone);
  const runs: number[] = [];
  const last = Math.max(...due);
  for (let at = slots.after(Math.min(...due) - 1); at !== undefined && at <= last; at = slots.after(at)) runs.push(at);
  const ran = new Set(runs);
  const double = runs.length - ran.size;
  const skipped = [...due].filter((at) => !ran.has(at)).length;
  const extra = runs.filter((at) => !due.has(at)).length;
  figure(
    9,
    `${cron} ${timeZone}: runs, double, skipped, extra`,
    `${runs.length}, ${double}, ${skipped}, ${extra}`,
    `${due.size}, 0, 0, 0`,
  );
  expect([runs.length, double, skipped, extra]).toEqual([due.size, 0, 0, 0]);
});

test.each(['UTC', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'])(
  'nothing changes for a hub whose own zone is %s',
  (zone) => {
    const before = process.env.TZ;
    onTestFinished(() => {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    });
    process.env.TZ = zone;
    const slots = createSlots('30 2 * * *', 'Europe/Berlin');
    const due = expected('Europe/Berlin', () => ['02:30']);
    for (const at of due) expect(slots.after(at - 1)).toBe(at);
  },
);

test.each(['Europe/Berlin', 'Asia/Kathmandu'])(
  'nightly maintenance in %s opens and closes once a day for a year',
  (timeZone) => {
    const nightly: MaintenanceDeclaration = {
      name: 'nightly',
      title: 'Nightly',
      match: {},
      public: true,
      cron: '30 2 * * *',
      timeZone,
      lasts: '45m',
    };
    const windows = windowsOf(nightly);
    let opened = 0;
    let openFor = 0;
    let before = false;
    const start = Date.UTC(2028, 0, 1, 12);
    for (let at = start; at < start + 366 * DAY; at += 5 * MINUTE) {
      const { active } = windows.at(at);
      if (active && !before) opened += 1;
      if (active) openFor += 5;
      before = active;
    }
    figure(9, `nightly maintenance in ${timeZone}: opened, minutes open`, `${opened}, ${openFor}`, `366, ${366 * 45}`);
    expect([opened, openFor]).toEqual([366, 366 * 45]);
  },
);

test.each(['Europe/Berlin', 'Asia/Kathmandu'])(
  'quiet hours in %s last for exactly what the clock on the wall shows as night',
  (timeZone) => {
    const night = [QuietHours.parse({ from: '22:00', to: '07:00', timeZone })];
    let wrong = 0;
    let nights = 0;
    for (const { instant, shows } of wall(timeZone)) {
      const time = shows.slice(11);
      const quiet = quietUntil(night, 'warning', instant) > instant;
      if (quiet !== (time >= '22:00' || time < '07:00')) wrong += 1;
      if (time === '22:00') nights += 1;
    }
    figure(
      9,
      `quiet hours in ${timeZone}: nights, quarters of an hour on the wrong side`,
      `${nights}, ${wrong}`,
      '368, 0',
    );
    expect([nights, wrong]).toEqual([368, 0]);
  },
);
