import { iso } from '../platform/clock.ts';
import { type Finding, fingerprintOf } from './finding.ts';
import { HUB_PROJECT } from './isolation.ts';

/** What a hub could not do; times are epoch ms, without an end while it lasts. */
export type TroubleFact = { kind: 'database' | 'jobs'; since: number; until?: number };

/** What is shorter is a hiccup. */
const LASTS_MS = 5000;
/** While its database is away a hub can tell nobody; so it is told for a minute afterwards. */
const TOLD_FOR_MS = 60_000;

const WORDS = {
  database: {
    title: 'the hub could not write its database',
    what: 'Probing went on, and what was seen waited in memory; what was pushed was put off and is sent again by whoever pushed it.',
    look: 'Look at the database server, its disk and its locks; the log of the hub has the first error.',
  },
  jobs: {
    title: 'a job of the hub fails again and again',
    what: 'What the job does was not done meanwhile.',
    look: 'The list of jobs (GET /ops/jobs) names it and its last error.',
  },
} as const;

/** Pure: what the hub could not do itself, one finding a kind, while it lasts and for a minute afterwards. */
export function ownTroubles(troubles: readonly TroubleFact[], now: number): Finding[] {
  const worth = troubles.filter(
    ({ since, until }) => (until ?? now) - since >= LASTS_MS && (until === undefined || now - until <= TOLD_FOR_MS),
  );
  const newest = new Map(worth.map((trouble) => [trouble.kind, trouble]));
  return [...newest.values()].map(({ kind, since, until }): Finding => {
    const lasted = (until ?? now) - since;
    const { title, what, look } = WORDS[kind];
    const span = until === undefined ? `Since ${iso(since)}` : `From ${iso(since)} until ${iso(until)}`;
    return {
      fingerprint: fingerprintOf('own-trouble', kind),
      detector: 'own-trouble',
      project: HUB_PROJECT,
      severity: 'warning',
      category: 'availability',
      title,
      description: `${span} (${Math.round(lasted / 1000)} s). ${what}`,
      recommendation: look,
      autoFixable: false,
      observedAt: until ?? now,
    };
  });
}
