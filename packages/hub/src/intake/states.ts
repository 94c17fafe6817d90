import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Probe } from './compile.ts';
import type { Hubs } from './hubs/hubs.ts';
import type { Recorder } from './record.ts';
import { type Kept, loadKept, NOTHING_KEPT } from './store.ts';

/** How long what was read of others' probes may be shown, in ms: while nobody tells of changes, and where they do, in case a word was lost. */
const UNTOLD_MS = 500;
const TOLD_MS = 5000;

/** What is stored of every probe: of one's own from memory, of other hubs' from the database that all write to. */
export function createStates(deps: {
  db: Db;
  clock: Clock;
  hubs: Pick<Hubs, 'hears' | 'heardSince'>;
  recorder: Pick<Recorder, 'committed'>;
  probes(): readonly Probe[];
  /** Whether a probe is this hub's own. */
  judges(id: string): boolean;
}) {
  const { db, clock, hubs } = deps;
  let read: { at: number; kept: Promise<ReadonlyMap<string, Kept>> } | undefined;
  const changed = new Set<string>();

  function readAll(): Promise<ReadonlyMap<string, Kept>> {
    const kept = loadKept(db);
    changed.clear();
    const mine = { at: clock.monotonic(), kept };
    read = mine;
    kept.catch(() => {
      if (read === mine) read = undefined;
    });
    return kept;
  }

  /** Reads again what other hubs told of, and nothing else. */
  function readChanged(before: NonNullable<typeof read>, others: readonly Probe[]): Promise<ReadonlyMap<string, Kept>> {
    const ids = others.filter(({ project }) => changed.has(project)).map(({ id }) => id);
    changed.clear();
    const kept = Promise.all([before.kept, loadKept(db, ids)]).then(([known, fresh]) => new Map([...known, ...fresh]));
    const mine = { at: before.at, kept };
    read = mine;
    kept.catch(() => {
      if (read === mine) read = undefined;
    });
    return kept;
  }

  function readOthers(others: readonly Probe[]): Promise<ReadonlyMap<string, Kept>> {
    const lasts = hubs.hears() ? TOLD_MS : UNTOLD_MS;
    if (!read || clock.monotonic() - read.at > lasts || (hubs.hears() && hubs.heardSince() > read.at)) return readAll();
    return changed.size > 0 ? readChanged(read, others) : read.kept;
  }

  return {
    async kept(): Promise<ReadonlyMap<string, Kept>> {
      const probes = deps.probes();
      const others = probes.filter(({ id }) => !deps.judges(id));
      const stored = others.length > 0 ? await readOthers(others) : undefined;
      return new Map(
        probes.map(({ id }) => {
          const own = deps.judges(id) ? deps.recorder.committed(id) : undefined;
          return [id, own ?? stored?.get(id) ?? NOTHING_KEPT] as const;
        }),
      );
    },
    /** Other hubs wrote something of these projects. */
    changed(projects: readonly string[]): void {
      for (const project of projects) changed.add(project);
    },
    /** Nothing that was read before holds any more. */
    forget(): void {
      read = undefined;
    },
  };
}
