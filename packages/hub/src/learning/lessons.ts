import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Lessons } from '../repair/index.ts';
import { type Book, believe, meanOf, upperOf, weigh } from './believe.ts';
import { patternId, symptomText } from './key.ts';
import { readSeen } from './store.ts';

/** What another hub counted is known within so long; what this one did, at once. */
const REREAD_MS = 5000;

/** Keeps what was learned at hand for whoever decides. */
export function createLessons({ db, clock }: { db: Db; clock: Clock }) {
  let held: { at: number; book: Promise<Book> } | undefined;

  function book(): Promise<Book> {
    const at = clock.monotonic();
    if (held && at - held.at < REREAD_MS) return held.book;
    const now = clock.now();
    const read = readSeen(db, now).then((seen) => weigh(seen, now));
    const mine = { at, book: read };
    held = mine;
    read.catch(() => {
      if (held === mine) held = undefined;
    });
    return read;
  }

  return {
    book,
    forget(): void {
      held = undefined;
    },
    async lessons(): Promise<Lessons> {
      const read = await book();
      return (about) => {
        const own = read.tallies.get(patternId(symptomText(about.symptom), about.remedy, about.project, about.service));
        const belief = believe(read, about);
        return {
          expected: meanOf(belief),
          tries: own?.triesSince ?? 0,
          successes: own?.successesSince ?? 0,
          upper: upperOf(belief),
        };
      };
    },
  };
}
