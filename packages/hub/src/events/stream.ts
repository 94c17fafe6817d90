import type { OpsEvent } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../access/index.ts';
import type { Db } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import type { EventRow, EventTables } from './tables.ts';
import { ownView, view } from './view.ts';

export type StreamedEvent = { seq: number; event: OpsEvent };
export type Subscription = {
  stop(): void;
  /** There is room again for a watcher that could not take what it was given. */
  resume(): void;
};
type Watcher = {
  caller: Caller;
  project: string | undefined;
  /** False when it can take nothing now. */
  give(event: StreamedEvent): boolean;
  /** The highest number given, and which ones around it. */
  cursor: number;
  seen: Set<number>;
  /** It reads for itself, from its own place, until it stands where the others stand. */
  behind: boolean;
  /** It could take no more: nothing is read for it until it says that there is room. */
  full: boolean;
  catching: boolean;
  /** Something was given to the others meanwhile. */
  again: boolean;
};

/** A stored event, made ready once for everyone it goes to. */
type Read = { seq: number; project: string; size: number; streamed: StreamedEvent };

const POLL_MS = 1000;
const PAGE = 1000;
/** What one slow client reads at a time: about as much as fits into its buffer, for there may be hundreds of them. */
const SMALL_PAGE = 50;
/** On PostgreSQL a lower number may commit after a higher one: readers look back this far and skip what they have given. */
const LOOK_BACK = 200;
const MAX_REPLAY = 1000;
/** The newest events stay at hand, so that hundreds of slow clients do not each read them again. */
const KEPT = 1000;
const KEPT_BYTES = 4 * 1024 * 1024;

/** Gives every event to those who watch: all of them by one reading, those who are slow or come back by their own. */
export function createStream({ db, log }: { db: Db; log: Log }) {
  const tables = db.withTables<EventTables>();
  const watchers = new Set<Watcher>();
  let newest = 0;
  let reading: Promise<void> | undefined;
  let again = false;
  let timer: NodeJS.Timeout | undefined;

  const select = (seq: number, limit: number) =>
    tables.selectFrom('events').selectAll().where('seq', '>', seq).orderBy('seq').limit(limit).execute();
  const ready = (row: EventRow): Read => ({
    seq: row.seq,
    project: row.project,
    size: row.title.length + (row.data?.length ?? 0),
    streamed: { seq: row.seq, event: view(row) },
  });

  // Every event after `keptFrom` that was read stands here, in order.
  let kept: Read[] = [];
  let keptBytes = 0;
  let keptFrom = 0;
  const known = new Set<number>();

  function startAt(head: number): void {
    newest = head;
    keptFrom = head;
    kept = [];
    keptBytes = 0;
    known.clear();
    for (let seq = Math.max(1, head - LOOK_BACK); seq <= head; seq++) known.add(seq);
  }

  function keep(rows: readonly Read[]): void {
    for (const row of rows) {
      known.add(row.seq);
      keptBytes += row.size;
    }
    kept = [...kept, ...rows].sort((a, b) => a.seq - b.seq);
    let dropped = 0;
    while (kept.length - dropped > KEPT || keptBytes > KEPT_BYTES) {
      const oldest = kept[dropped++];
      if (!oldest) break;
      keptBytes -= oldest.size;
      keptFrom = Math.max(keptFrom, oldest.seq);
    }
    if (dropped > 0) kept = kept.slice(dropped);
    if (known.size > 4 * LOOK_BACK) for (const seq of known) if (seq <= newest - LOOK_BACK) known.delete(seq);
  }

  function offer(watcher: Watcher, row: Read): boolean {
    const { caller, project, seen } = watcher;
    if (seen.has(row.seq)) return true;
    const wanted = sees(caller, row.project) && (project === undefined || project === row.project);
    const streamed = { ...row.streamed, event: ownView(caller, row.streamed.event) };
    if (wanted && !watcher.give(streamed)) {
      watcher.behind = true;
      watcher.full = true;
      return false;
    }
    seen.add(row.seq);
    watcher.cursor = Math.max(watcher.cursor, row.seq);
    if (seen.size > 2 * LOOK_BACK) for (const seq of seen) if (seq < watcher.cursor - LOOK_BACK) seen.delete(seq);
    return true;
  }

  /** One reading for everyone who keeps up. */
  async function read(): Promise<void> {
    for (;;) {
      const found = await select(newest - LOOK_BACK, PAGE);
      const rows = found.filter((row) => !known.has(row.seq)).map(ready);
      newest = Math.max(newest, found.at(-1)?.seq ?? 0);
      keep(rows);
      for (const watcher of watchers) {
        if (watcher.behind) watcher.again = true;
        else rows.every((row) => offer(watcher, row));
      }
      if (found.length < PAGE) return;
    }
  }

  /** What a watcher has not been given: from what stands at hand, or from the database for one that is further behind. */
  async function missing(watcher: Watcher): Promise<{ rows: Read[]; isAll: boolean }> {
    const lookBack = watcher.cursor - LOOK_BACK;
    const isNew = ({ seq }: { seq: number }) => seq > lookBack && !watcher.seen.has(seq);
    if (watcher.cursor >= keptFrom) return { rows: kept.filter(isNew), isAll: true };
    const next = await select(watcher.cursor, SMALL_PAGE);
    // At the end it looks back once, for what was committed late.
    const isAll = next.length < SMALL_PAGE;
    const rows = isAll ? await select(lookBack, LOOK_BACK + SMALL_PAGE) : next;
    return { rows: rows.filter(isNew).map(ready), isAll };
  }

  /** Reads from the watcher's own place until it is up to date or full again. */
  async function catchUp(watcher: Watcher): Promise<void> {
    if (watcher.catching) return;
    watcher.catching = true;
    try {
      while (watchers.has(watcher) && !watcher.full) {
        watcher.again = false;
        const { rows, isAll } = await missing(watcher);
        if (rows.every((row) => offer(watcher, row)) && isAll && !watcher.again) watcher.behind = false;
        if (!watcher.behind) return;
      }
    } catch (error) {
      log.warn({ err: error }, 'a client of the event stream could not be caught up; it is tried again');
    } finally {
      watcher.catching = false;
    }
  }

  /** Reads until nothing is asked any more: many pokes during one read make one further read. */
  function poke(): void {
    if (watchers.size === 0) return;
    if (reading) {
      again = true;
      return;
    }
    reading = read()
      .catch((error: unknown) => log.warn({ err: error }, 'the event stream could not be read; it will be tried again'))
      .finally(() => {
        reading = undefined;
        if (again) {
          again = false;
          poke();
        }
      });
  }

  return {
    /** Gives what came after `lastEventId` (up to 1,000 back) and then each new event; `give` answers false while it can take nothing. */
    async subscribe(
      caller: Caller,
      options: {
        project?: string | undefined;
        lastEventId?: string | undefined;
        give(event: StreamedEvent): boolean;
      },
    ): Promise<Subscription> {
      authorize(caller, 'ops:view', options.project);
      const top = await tables
        .selectFrom('events')
        .select((eb) => eb.fn.max('seq').as('seq'))
        .executeTakeFirst();
      const head = Number(top?.seq ?? 0);
      const last = Number(options.lastEventId ?? Number.NaN);
      const cursor = Number.isSafeInteger(last) && last < head ? Math.max(last, head - MAX_REPLAY) : head;
      if (watchers.size === 0) startAt(head);
      const seen = new Set<number>();
      for (let seq = Math.max(1, cursor - LOOK_BACK); seq <= cursor; seq++) seen.add(seq);
      const watcher: Watcher = {
        caller,
        project: options.project,
        give: options.give,
        cursor,
        seen,
        behind: true,
        full: false,
        catching: false,
        again: false,
      };
      watchers.add(watcher);
      timer ??= setInterval(() => {
        poke();
        // Those whose own reading failed.
        for (const one of watchers) if (one.behind && !one.full) void catchUp(one);
      }, POLL_MS).unref();
      await catchUp(watcher);
      return {
        stop() {
          watchers.delete(watcher);
          if (watchers.size > 0) return;
          clearInterval(timer);
          timer = undefined;
        },
        resume() {
          watcher.full = false;
          if (watcher.behind) void catchUp(watcher);
        },
      };
    },
    poke,
    /** How many clients watch. */
    watching: () => watchers.size,
  };
}
