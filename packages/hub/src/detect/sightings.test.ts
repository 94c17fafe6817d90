import { beforeEach, describe, expect, it } from 'vitest';
import { createSightings } from './sightings.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-10T12:00:00Z');

describe('the silence of a project', () => {
  let wall: number;
  let running: number;
  let sightings: ReturnType<typeof createSightings>;
  /** Rounds every 5 s for so long. */
  const watch = (ms: number, lastSeenAt: number) => {
    let silent = 0;
    for (let passed = 0; passed < ms; passed += 5000) {
      wall += 5000;
      running += 5000;
      sightings.look();
      silent = sightings.silentMs('veria', lastSeenAt);
    }
    return silent;
  };

  beforeEach(() => {
    wall = START;
    running = 1000;
    sightings = createSightings({ now: () => wall, monotonic: () => running }, () => 10 * MINUTE);
    sightings.look();
    sightings.silentMs('veria', START - 1000);
  });

  it('grows while the hub watches and nothing is heard', () => {
    expect(watch(11 * MINUTE, START - 1000)).toBe(11 * MINUTE);
  });

  it('begins anew with every sign of life', () => {
    watch(9 * MINUTE, START - 1000);
    expect(watch(5000, wall)).toBe(0);
    expect(watch(MINUTE, wall - 5000)).toBeLessThanOrEqual(MINUTE);
  });

  it('does not count the time before the hub started', () => {
    expect(sightings.silentMs('asleep', START - 60 * MINUTE)).toBe(0);
    wall += 5000;
    running += 5000;
    expect(sightings.silentMs('asleep', START - 60 * MINUTE)).toBe(5000);
  });

  it('does not count the time in which the hub itself was stopped', () => {
    watch(MINUTE, START - 1000);
    wall += 30 * MINUTE;
    running += 30 * MINUTE;
    sightings.look();
    expect(sightings.silentMs('veria', START - 1000)).toBeLessThanOrEqual(MINUTE);
    expect(watch(2 * MINUTE, START - 1000)).toBeLessThanOrEqual(3 * MINUTE);
  });

  it('is not stretched by a wall clock that jumps forward, nor made negative by one that jumps back', () => {
    watch(MINUTE, START - 1000);
    wall += 60 * MINUTE;
    sightings.look();
    expect(sightings.silentMs('veria', START - 1000)).toBe(MINUTE);
    wall -= 180 * MINUTE;
    expect(sightings.silentMs('veria', START - 1000)).toBe(0);
  });
});
