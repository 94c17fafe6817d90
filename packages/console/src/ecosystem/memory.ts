import type { Places, Point } from './settle.ts';

/** Where a person last saw each project, kept in this browser. Without storage the map is the hub's each time. */
const MOST = 6000;
const keyOf = (person: string) => `orrery-ecosystem-places:${person}`;

export function recall(person: string): Map<string, Point> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(keyOf(person)) ?? '{}');
    if (typeof stored !== 'object' || stored === null) return new Map();
    return new Map(
      Object.entries(stored).flatMap(([slug, place]): [string, Point][] =>
        Array.isArray(place) && place.length === 2 && place.every(Number.isFinite)
          ? [[slug, { x: Number(place[0]), y: Number(place[1]) }]]
          : [],
      ),
    );
  } catch {
    return new Map();
  }
}

export function remember(person: string, places: Places): void {
  const kept = [...places].slice(-MOST).map(([slug, { x, y }]) => [slug, [Math.round(x), Math.round(y)]]);
  try {
    localStorage.setItem(keyOf(person), JSON.stringify(Object.fromEntries(kept)));
  } catch {
    // A full or forbidden storage costs the memory, not the map.
  }
}

export function forgetPlaces(person: string): void {
  try {
    localStorage.removeItem(keyOf(person));
  } catch {
    // See above.
  }
}
