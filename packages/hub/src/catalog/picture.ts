import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import type { CatalogTables, ProjectRow } from './tables.ts';
import { NO_FACTS, type ProjectFacts } from './views.ts';

/** What is known is read anew after this long even if nobody told of a change: a word of another hub may have been lost. */
const REREAD_MS = 5000;
/** Until then whoever asks meanwhile is given what is known; after it they wait. */
const TOO_OLD_MS = 15_000;
/** With more than this the whole is read, which is one question and not many. */
const MANY = 200;

type Entry = { row: ProjectRow; facts: ProjectFacts };

/** What the graph is drawn from, in memory: read whole once, and then only of projects that something was heard of. */
export function createPicture(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  facts(slugs: readonly string[]): Promise<ReadonlyMap<string, ProjectFacts>>;
}) {
  const { clock } = deps;
  let entries = new Map<string, Entry>();
  let touched = new Set<string>();
  /** Whether all of them may have changed, and which there are. */
  let allTouched = true;
  let readAt = Number.NEGATIVE_INFINITY;
  let version = 0;
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  async function take(): Promise<void> {
    const [slugs, whole] = [[...touched], allTouched || touched.size > MANY];
    if (!whole && slugs.length === 0) return;
    touched = new Set();
    allTouched = false;
    const began = clock.monotonic();
    try {
      let query = deps.db.withTables<CatalogTables>().selectFrom('projects').selectAll();
      if (!whole) query = query.where('slug', 'in', slugs);
      const rows = await query.execute();
      const facts = await deps.facts(rows.map(({ slug }) => slug));
      const fresh = rows.map((row) => [row.slug, { row, facts: facts.get(row.slug) ?? NO_FACTS }] as const);
      if (whole) {
        entries = new Map(fresh);
        readAt = began;
      } else {
        for (const slug of slugs) entries.delete(slug);
        for (const [slug, entry] of fresh) entries.set(slug, entry);
      }
      version++;
    } catch (error) {
      touch(whole ? undefined : slugs);
      throw error;
    }
  }

  /** One reading at a time, and none that began before what it is asked about. */
  function read(): Promise<void> {
    next ??= last.then(() => {
      next = undefined;
      const mine = take();
      last = mine.catch(() => undefined);
      return mine;
    });
    return next;
  }

  function touch(slugs?: Iterable<string>): void {
    if (slugs === undefined) allTouched = true;
    else for (const slug of slugs) touched.add(slug);
  }

  function refresh(): void {
    touch();
    read().catch((error: unknown) => deps.log.warn({ err: error }, 'the graph is drawn from what was known before'));
  }

  return {
    /** Something was stored of these projects, or, when none are named, of any. */
    touch,
    /** Every project with what is known of it, as of now; `version` is another one whenever it may have changed. */
    async look(): Promise<{ entries: readonly Entry[]; version: number }> {
      const ageMs = clock.monotonic() - readAt;
      if (ageMs > TOO_OLD_MS) touch();
      if (allTouched || touched.size > 0) await read();
      // What nobody told of is found by the next who asks.
      if (ageMs > REREAD_MS && ageMs <= TOO_OLD_MS) refresh();
      return { entries: [...entries.values()], version };
    },
  };
}
