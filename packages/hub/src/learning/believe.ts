import type { Belief, GeneralRemedy, Symptom } from '@orrery/protocol';
import { betaQuantile } from './beta.ts';
import { kinOf, patternId, symptomText } from './key.ts';

const DAY = 86_400_000;
/** What is so old weighs half. */
export const HALF_LIFE_MS = 90 * DAY;
/** After four half-lives it weighs a sixteenth, and is forgotten. */
export const MEMORY_MS = 4 * HALF_LIFE_MS;
/** An imported try weighs a quarter of an own one, and all that was imported of one pattern no more than eight tries. */
export const IMPORTED = { weight: 0.25, most: 8 };
/** What is known from elsewhere counts at a service like so many tries of its own at most: four of its own outweigh it. */
export const PRIOR_TRIES = 4;
/** The bounds of a belief hold 80 % of it. */
export const BOUNDS = { low: 0.1, high: 0.9 };

/** What was seen of one pattern on one day. */
export type Seen = {
  patternId: string;
  project: string;
  service: string;
  symptom: Symptom;
  remedy: GeneralRemedy;
  imported: boolean;
  tries: number;
  successes: number;
  /** Of these, those since a person let it try again; all of them where nobody had to. */
  triesSince: number;
  successesSince: number;
  /** Epoch ms of the newest. */
  at: number;
};

export type Tally = {
  symptom: Symptom;
  remedy: GeneralRemedy;
  project: string;
  service: string;
  /** Own ones, as they were counted. */
  tries: number;
  successes: number;
  triesSince: number;
  successesSince: number;
  /** What they weigh now, with what was imported. */
  weight: { tries: number; successes: number; imported: number };
  lastAt: number;
};

/** Everything that was learned, by pattern and by kinship. */
export type Book = { tallies: ReadonlyMap<string, Tally>; kin: ReadonlyMap<string, Weight> };
type Weight = { tries: number; successes: number };

/** Weighs what was seen: half for each half-life of its age. Pure. */
export function weigh(seen: readonly Seen[], now: number): Book {
  const tallies = new Map<string, Tally>();
  const imported = new Map<string, Weight>();
  for (const one of seen) {
    const tally = tallies.get(one.patternId) ?? emptyTally(one);
    tallies.set(one.patternId, tally);
    const share = 2 ** (-Math.max(0, now - one.at) / HALF_LIFE_MS);
    tally.lastAt = Math.max(tally.lastAt, one.at);
    if (one.imported) {
      const sum = imported.get(one.patternId) ?? { tries: 0, successes: 0 };
      imported.set(one.patternId, add(sum, one, share * IMPORTED.weight));
      continue;
    }
    tally.tries += one.tries;
    tally.successes += one.successes;
    tally.triesSince += one.triesSince;
    tally.successesSince += one.successesSince;
    tally.weight.tries += one.tries * share;
    tally.weight.successes += one.successes * share;
  }
  for (const [id, sum] of imported) {
    const tally = tallies.get(id);
    if (!tally) continue;
    const most = Math.min(1, IMPORTED.most / sum.tries);
    tally.weight.imported = sum.tries * most;
    tally.weight.tries += sum.tries * most;
    tally.weight.successes += sum.successes * most;
  }
  const kin = new Map<string, Weight>();
  for (const { symptom, remedy, weight } of tallies.values()) {
    const key = kinOf(symptom, remedy);
    kin.set(key, add(kin.get(key) ?? { tries: 0, successes: 0 }, weight, 1));
  }
  return { tallies, kin };
}

const add = (sum: Weight, { tries, successes }: Weight, share: number): Weight => ({
  tries: sum.tries + tries * share,
  successes: sum.successes + successes * share,
});

const emptyTally = ({ symptom, remedy, project, service }: Seen): Tally => ({
  ...{ symptom, remedy, project, service, tries: 0, successes: 0, triesSince: 0, successesSince: 0, lastAt: 0 },
  weight: { tries: 0, successes: 0, imported: 0 },
});

export type Asked = { project: string; service: string; symptom: Symptom; remedy: GeneralRemedy };
export type Posterior = { a: number; b: number };

/**
 * What is believed of a remedy at one service: Beta–binomial with a prior of fixed strength (Gelman et al., Bayesian Data Analysis, 3rd ed.,
 * sections 2.4 and 5.3). The prior's mean is what the same remedy did for the same symptom everywhere else, from Beta(1, 1); its strength is
 * that of what was seen there, up to four tries. Pure.
 */
export function believe(book: Book, { project, service, symptom, remedy }: Asked): Posterior {
  const own = book.tallies.get(patternId(symptomText(symptom), remedy, project, service))?.weight ?? NOTHING;
  const all = book.kin.get(kinOf(symptom, remedy)) ?? NOTHING;
  const elsewhere = {
    tries: Math.max(0, all.tries - own.tries),
    successes: Math.max(0, all.successes - own.successes),
  };
  const mean = (1 + elsewhere.successes) / (2 + elsewhere.tries);
  const strength = Math.min(PRIOR_TRIES, 2 + elsewhere.tries);
  return posterior(own, strength * mean, strength * (1 - mean));
}

/** What is believed of a remedy for a symptom in general: all that was seen of it, from Beta(1, 1). Pure. */
export const believeInGeneral = (book: Book, { symptom, remedy }: Pick<Asked, 'symptom' | 'remedy'>): Posterior =>
  posterior(book.kin.get(kinOf(symptom, remedy)) ?? NOTHING, 1, 1);

const NOTHING: Weight = { tries: 0, successes: 0 };
const posterior = ({ tries, successes }: Weight, a: number, b: number): Posterior => ({
  a: a + successes,
  b: b + Math.max(0, tries - successes),
});

export const meanOf = ({ a, b }: Posterior): number => a / (a + b);
export const upperOf = ({ a, b }: Posterior): number => betaQuantile(BOUNDS.high, a, b);

export const toBelief = (of: Posterior): Belief => ({
  mean: meanOf(of),
  low: betaQuantile(BOUNDS.low, of.a, of.b),
  high: upperOf(of),
});
