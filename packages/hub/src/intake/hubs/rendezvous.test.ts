import { describe, expect, test } from 'vitest';
import { rank, roleOf } from './rendezvous.ts';

const HUBS = ['frankfurt:1', 'paris:2', 'oslo:3', 'rome:4', 'wien:5'];
const PROBES = Array.from({ length: 3000 }, (_, n) => `prb_${n}`);
const ownersAmong = (hubs: readonly string[]) => PROBES.map((probe) => rank(probe, hubs)[0]);

describe('the order of hubs for a probe', () => {
  test('is the same whoever asks, and in whatever order they are named', () => {
    for (const probe of PROBES.slice(0, 100)) expect(rank(probe, HUBS.toReversed())).toEqual(rank(probe, HUBS));
  });

  test('gives each hub its share', () => {
    const counts = Map.groupBy(ownersAmong(HUBS), (hub) => hub);
    // Five standard deviations around a fifth.
    for (const hub of HUBS) expect(Math.abs((counts.get(hub)?.length ?? 0) - 600)).toBeLessThan(110);
  });

  test('moves only the probes of a hub that goes, and only to a hub that comes', () => {
    const before = ownersAmong(HUBS);
    const left = HUBS.filter((hub) => hub !== 'oslo:3');
    const after = ownersAmong(left);
    before.forEach((owner, i) => {
      if (owner !== 'oslo:3') expect(after[i]).toBe(owner);
      else expect(after[i]).toBe(rank(PROBES[i] ?? '', HUBS)[1]);
    });
    ownersAmong([...HUBS, 'bern:6']).forEach((owner, i) => {
      if (owner !== 'bern:6') expect(owner).toBe(before[i]);
    });
  });
});

describe('the part of a hub', () => {
  test.each([
    [1, 5, 1, 0],
    [2, 5, 1, 2],
    [3, 5, 1, 4],
    [3, 2, 1, 1],
    [2, 1, 1, 0],
  ])('with quorum %i among %i: %i judges, %i witness', (quorum, hubs, judges, witnesses) => {
    const living = HUBS.slice(0, hubs);
    const roles = living.map((me) => roleOf('prb_7', quorum, living, me));
    expect(roles.filter((role) => role === 'judge')).toHaveLength(judges);
    expect(roles.filter((role) => role === 'witness')).toHaveLength(witnesses);
  });
});
