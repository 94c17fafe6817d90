import type { Capabilities } from '@orrery/protocol';
import { inTransaction } from '../platform/db.ts';
import { noTracing } from '../platform/tracing.ts';
import type { CatalogDeps } from './catalog.ts';
import { shownVersion } from './store.ts';
import type { CatalogTables } from './tables.ts';

export type Sighting = {
  project: string;
  at: number;
  version?: string;
  capabilities?: Capabilities;
  /** The project said so itself. */
  own?: boolean;
};

/** What a project says of itself, and that one is heard of for the first time, is written at once: somebody waits for it. */
const SOON_MS = 40;
/** But of its time writing takes a fifth at most, however many speak at once. */
const REST = 4;
/** And a database that is away is asked again before long. */
const LONGEST_MS = 1000;

/** Remembers when projects were last heard of. Sightings are gathered and written together; the newest wins whatever order they come in. */
export function createObserve(deps: CatalogDeps & { onWritten(projects: readonly string[]): void }) {
  const { span } = deps.tracer ?? noTracing;
  const pending = new Map<string, Sighting>();
  const met = new Set<string>();
  let soon: NodeJS.Timeout | undefined;
  let took = 0;
  let prompt = false;

  async function flushSightings(): Promise<void> {
    if (pending.size === 0) return;
    const batch = [...pending.values()];
    pending.clear();
    try {
      await span('fed.catalog.update', { 'fed.projects': batch.length }, () => write(batch));
      deps.onWritten(batch.map(({ project }) => project));
    } catch (error) {
      for (const sighting of batch) if (!pending.has(sighting.project)) pending.set(sighting.project, sighting);
      throw error;
    }
  }

  const write = (batch: readonly Sighting[]): Promise<void> =>
    inTransaction(deps.db, async (trx) => {
      const tables = trx.withTables<CatalogTables>();
      for (const { project, at, version, capabilities } of batch) {
        const row = await tables
          .updateTable('projects')
          .set((eb) => ({
            last_seen_at: eb.case().when('last_seen_at', '>', at).then(eb.ref('last_seen_at')).else(at).end(),
            first_seen_at: eb.fn.coalesce('first_seen_at', eb.val(at)),
            ...(version === undefined ? {} : { version: shownVersion(version) }),
            ...(capabilities === undefined ? {} : { capabilities: JSON.stringify(capabilities) }),
          }))
          .where('slug', '=', project)
          .returning('first_seen_at')
          .executeTakeFirst();
        if (row?.first_seen_at === at)
          await deps.appendEvents(trx, [
            {
              at,
              type: 'project.seen',
              project,
              title: `${project} was heard of for the first time`,
              data: { version },
            },
          ]);
      }
    });

  function writeSoon(): void {
    soon ??= setTimeout(() => void writeDown(), Math.max(SOON_MS, REST * took)).unref();
  }

  async function writeDown(): Promise<void> {
    const began = deps.clock.monotonic();
    try {
      await flushSightings();
    } catch (error) {
      deps.log.warn({ err: error }, 'sightings wait for the next turn');
    }
    took = Math.min(deps.clock.monotonic() - began, LONGEST_MS);
    soon = undefined;
    if (prompt) writeSoon();
    prompt = false;
  }

  return {
    observe(sightings: readonly Sighting[]): void {
      if (sightings.some(({ project, own }) => own === true || !met.has(project))) {
        // One that comes while the others are written waits for the next turn.
        prompt ||= soon !== undefined;
        writeSoon();
      }
      for (const { project } of sightings) met.add(project);
      for (const sighting of sightings) {
        const known = pending.get(sighting.project);
        pending.set(sighting.project, { ...known, ...sighting, at: Math.max(known?.at ?? 0, sighting.at) });
      }
    },
    flushSightings,
  };
}
