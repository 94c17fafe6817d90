import { createHash } from 'node:crypto';

const score = (probe: string, hub: string): number =>
  createHash('sha256').update(probe).update('\0').update(hub).digest().readUIntBE(0, 6);

/**
 * The hubs in the order in which a probe is theirs: the highest of the hashes of (probe, hub) first. A hub that goes leaves the order of the
 * others as it was, so only its own probes move (Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998).
 */
export function rank(probe: string, hubs: readonly string[]): string[] {
  return hubs
    .map((hub) => ({ hub, score: score(probe, hub) }))
    .sort((a, b) => b.score - a.score || (a.hub < b.hub ? -1 : 1))
    .map(({ hub }) => hub);
}

/** What a hub has to do with a probe: it judges it, it looks and tells the judge, or neither. */
export type Role = 'judge' | 'witness' | undefined;

/** Of the first `2 × quorum − 1` hubs in rank the first judges and the others are its witnesses. */
export function roleOf(probe: string, quorum: number, hubs: readonly string[], me: string): Role {
  const place = rank(probe, hubs).indexOf(me);
  if (place === 0) return 'judge';
  return place > 0 && place < 2 * quorum - 1 ? 'witness' : undefined;
}
