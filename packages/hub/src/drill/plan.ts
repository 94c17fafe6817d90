import type { DrillFault } from './ground.ts';

/**
 * The guard hands a target to a person when the same alert opens for the fifth time within four hours; a ground with a hub of its own begins
 * a round with a fresh one before that.
 */
const PER_ROUND = 4;

/** A seeded generator (mulberry32): 0 up to, not including, 1. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Which faults, in which order: each in turn, or `count` at random, never twice in a row at one target where there is another. */
export function choose(
  faults: readonly DrillFault[],
  { count, seed }: { count?: number | undefined; seed: number },
): DrillFault[] {
  const random = randomFrom(seed);
  const chosen: DrillFault[] = [];
  const left = count === undefined ? [...faults] : [];
  for (let n = 0; n < (count ?? faults.length); n++) {
    const pool = count === undefined ? left : faults;
    const last = chosen.at(-1)?.target.project;
    const others = pool.filter(({ target }) => target.project !== last);
    const from = others.length > 0 ? others : pool;
    // In turn means in the order of the list; only what would strike the same target again is put off.
    const fault = count === undefined ? from[0] : from[Math.floor(random() * from.length)];
    if (!fault) break;
    chosen.push(fault);
    if (count === undefined) left.splice(left.indexOf(fault), 1);
  }
  return chosen;
}

/** Splits a run so that in each round no alert opens too often and nothing is broken where something was changed on purpose before. */
export function rounds(faults: readonly DrillFault[]): DrillFault[][] {
  const all: DrillFault[][] = [];
  let hits = new Map<string, number>();
  let changed = new Set<string>();
  for (const fault of faults) {
    const { project } = fault.target;
    const struck = [project, ...(fault.spreadsTo ?? [])];
    const isFull = struck.some((slug) => (hits.get(slug) ?? 0) >= PER_ROUND);
    if (all.length === 0 || isFull || changed.has(project)) {
      all.push([]);
      hits = new Map();
      changed = new Set();
    }
    all.at(-1)?.push(fault);
    for (const slug of struck) hits.set(slug, (hits.get(slug) ?? 0) + 1);
    if (fault.isChange) changed.add(project);
  }
  return all;
}
