import type { EventRow, EventTables } from '../../events/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import type { RuleTables } from './tables.ts';

const NAME = 'events';
const PAGE = 500;
/** On PostgreSQL a lower number may commit after a higher one: numbers that were missing are looked for again, for so long. */
const GAP_MS = 60_000;
const MAX_GAPS = 500;
/** The place is written down with every match, and at least this often. */
const WRITE_MS = 5000;
/** Matches older than this lie behind every reader. */
const KEEP_HITS = 5000;

export type Page = {
  rows: EventRow[];
  /** Writes the new place down; to be called in the transaction of what the page came to, or alone. */
  save(trx: Db): Promise<void>;
  /** Whether the place should be written though nothing matched. */
  due: boolean;
  /** Goes on after this page; until it is called the same page comes again. */
  done(): void;
  more: boolean;
};

/** Reads the events after the place that is remembered in the database, each at least once, whichever hub wrote them. */
export function createReader({ db, clock }: { db: Db; clock: Clock }) {
  let position: number | undefined;
  let writtenAt = 0;
  const gaps = new Map<number, number>();
  const events = db.withTables<EventTables>();

  /** Where to go on: another hub may have been further meanwhile. */
  async function place(): Promise<number> {
    const stored = (await readPlace(db)) ?? (await begin());
    if (position !== undefined && position >= stored.seq) return position;
    for (const seq of stored.gaps) if (!gaps.has(seq)) gaps.set(seq, clock.now());
    return stored.seq;
  }

  async function begin(): Promise<Place> {
    const head = await events
      .selectFrom('events')
      .select((eb) => eb.fn.max('seq').as('seq'))
      .executeTakeFirst();
    const first = { seq: Number(head?.seq ?? 0), gaps: [] };
    await writePlace(db, first);
    return first;
  }

  async function late(): Promise<EventRow[]> {
    for (const [seq, since] of gaps) if (clock.now() - since > GAP_MS) gaps.delete(seq);
    if (gaps.size === 0) return [];
    return events
      .selectFrom('events')
      .selectAll()
      .where('seq', 'in', [...gaps.keys()])
      .orderBy('seq')
      .execute();
  }

  return {
    /** Begins at the newest event when no place is remembered: rules are not about the past. */
    async start(): Promise<void> {
      position ??= await place();
    },
    async stop(): Promise<void> {
      position = undefined;
      gaps.clear();
      await db.withTables<RuleTables>().deleteFrom('rule_cursors').where('name', '=', NAME).execute();
    },
    async next(): Promise<Page> {
      const from = await place();
      position = from;
      const before = await late();
      const fresh = await events
        .selectFrom('events')
        .selectAll()
        .where('seq', '>', from)
        .orderBy('seq')
        .limit(PAGE)
        .execute();
      const to = fresh.at(-1)?.seq ?? from;
      const came = new Set(before.map(({ seq }) => seq));
      const open = [...[...gaps.keys()].filter((seq) => !came.has(seq)), ...missing(from, fresh)].slice(-MAX_GAPS);
      return {
        rows: [...before, ...fresh],
        more: fresh.length === PAGE,
        due: to > from && clock.now() - writtenAt >= WRITE_MS,
        save: (trx) => writePlace(trx, { seq: to, gaps: open }),
        done() {
          for (const seq of gaps.keys()) if (!open.includes(seq)) gaps.delete(seq);
          for (const seq of open) if (!gaps.has(seq)) gaps.set(seq, clock.now());
          position = to;
        },
      };
    },
    /** Called when a place has been written. */
    written(): void {
      writtenAt = clock.now();
    },
    async expire(): Promise<void> {
      const stored = await readPlace(db);
      if (stored === undefined) return;
      await db
        .withTables<RuleTables>()
        .deleteFrom('rule_hits')
        .where('seq', '<', stored.seq - KEEP_HITS)
        .execute();
    },
  };
}

/** Numbers that were passed over: of transactions that are under way, or were undone. */
function missing(from: number, rows: readonly EventRow[]): number[] {
  const found: number[] = [];
  let expected = from + 1;
  for (const { seq } of rows) {
    for (let gap = Math.max(expected, seq - MAX_GAPS); gap < seq; gap++) found.push(gap);
    expected = seq + 1;
  }
  return found.slice(-MAX_GAPS);
}

type Place = { seq: number; gaps: readonly number[] };

async function readPlace(db: Db): Promise<Place | undefined> {
  const row = await db
    .withTables<RuleTables>()
    .selectFrom('rule_cursors')
    .select(['seq', 'gaps'])
    .where('name', '=', NAME)
    .executeTakeFirst();
  return row && { seq: Number(row.seq), gaps: JSON.parse(row.gaps) as number[] };
}

async function writePlace(db: Db, { seq, gaps }: Place): Promise<void> {
  const row = { seq, gaps: JSON.stringify(gaps) };
  await db
    .withTables<RuleTables>()
    .insertInto('rule_cursors')
    .values({ name: NAME, ...row })
    .onConflict((oc) => oc.column('name').doUpdateSet(row).where('rule_cursors.seq', '<=', seq))
    .execute();
}
