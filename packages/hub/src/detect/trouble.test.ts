import { expect, test } from 'vitest';
import { ownTroubles } from './trouble.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');

test('what the hub could not do is told while it lasts and for a minute afterwards, if it was no hiccup', () => {
  const titles = (since: number, until?: number) =>
    ownTroubles([{ kind: 'database', since, ...(until === undefined ? {} : { until }) }], NOW).map(
      ({ title }) => title,
    );
  const told = ['the hub could not write its database'];
  expect(titles(NOW - 4000)).toEqual([]);
  expect(titles(NOW - 6000)).toEqual(told);
  expect(titles(NOW - 70_000, NOW - 59_000)).toEqual(told);
  expect(titles(NOW - 70_000, NOW - 61_000)).toEqual([]);
  expect(titles(NOW - 9000, NOW - 6000)).toEqual([]);
});

test('it says from when until when, as an alert about the hub itself', () => {
  const [finding] = ownTroubles([{ kind: 'jobs', since: NOW - 30_000, until: NOW - 10_000 }], NOW);
  expect(finding).toMatchObject({ project: 'orrery', severity: 'warning', observedAt: NOW - 10_000 });
  expect(finding?.description).toMatch(/^From 2026-03-10T11:59:30.000Z until 2026-03-10T11:59:50.000Z \(20 s\)/);
});

test('a hiccup after it does not hide it, and of two the newest is told', () => {
  const long = { kind: 'database' as const, since: NOW - 50_000, until: NOW - 30_000 };
  const later = { kind: 'database' as const, since: NOW - 29_000, until: NOW - 20_000 };
  const hiccup = { kind: 'database' as const, since: NOW - 3000, until: NOW - 2000 };
  expect(ownTroubles([long, hiccup], NOW)).toMatchObject([{ observedAt: long.until }]);
  expect(ownTroubles([long, later, hiccup], NOW)).toMatchObject([{ observedAt: later.until }]);
});
