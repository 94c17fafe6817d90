import type { Db } from '../../platform/db.ts';
import type { IncomingState } from '../facts.ts';
import type { IntakeTables } from '../tables.ts';

/** What hubs said of themselves, at most: presence and health of a hundred of them. Of more it is counted, and not kept. */
const MOST_SOURCES = 200;
/** One that was silent for so long makes room for another: where each start has a new name, there is always a next one. */
const SILENT_MS = 30 * 60_000;
const KEEP_MS = 30 * 86_400_000;

const keyOf = ({ kind, source }: { kind: string; source: string }) => `${kind} ${source}`;

/** Keeps the newest message of each kind. Which one is newest its own time says, and between equals its id: so the order of arrival does not matter. */
export function createMeshState() {
  const sources = new Map<string, Set<string>>();

  async function sourcesOf(trx: Db, project: string): Promise<Set<string>> {
    const known = sources.get(project);
    if (known) return known;
    const rows = await trx
      .withTables<IntakeTables>()
      .selectFrom('mesh_state')
      .select(['kind', 'source'])
      .where('project', '=', project)
      .where('source', '!=', '')
      .execute();
    const found = new Set(rows.map(keyOf));
    sources.set(project, found);
    return found;
  }

  async function forgetSilent(trx: Db, project: string, now: number): Promise<void> {
    const gone = await trx
      .withTables<IntakeTables>()
      .deleteFrom('mesh_state')
      .where('project', '=', project)
      .where('source', '!=', '')
      .where('received_at', '<', now - SILENT_MS)
      .returning(['kind', 'source'])
      .execute();
    for (const row of gone) sources.get(project)?.delete(keyOf(row));
  }

  return {
    /** Stores messages inside the transaction; `newest` are the ids of those that now stand. */
    async keep(
      trx: Db,
      project: string,
      states: readonly IncomingState[],
      receivedAt: number,
    ): Promise<{ newest: Set<string>; refused: Record<string, number> }> {
      const newestOf = new Map<string, IncomingState>();
      for (const state of states) {
        const known = newestOf.get(keyOf(state));
        if (!known || known.at < state.at || (known.at === state.at && known.id < state.id))
          newestOf.set(keyOf(state), state);
      }
      const named = [...newestOf.values()].filter(({ source }) => source !== '');
      const own = named.length > 0 ? await sourcesOf(trx, project) : new Set<string>();
      const strange = named.map(keyOf).filter((key) => !own.has(key));
      if (own.size + strange.length > MOST_SOURCES) await forgetSilent(trx, project, receivedAt);
      const refused = new Set(strange.slice(Math.max(0, MOST_SOURCES - own.size)));
      for (const key of strange) if (!refused.has(key)) own.add(key);
      const room = [...newestOf.values()].filter((state) => !refused.has(keyOf(state)));
      const rows =
        room.length === 0
          ? []
          : await trx
              .withTables<IntakeTables>()
              .insertInto('mesh_state')
              .values(
                room.map(({ kind, source, at, id, payload }) => ({
                  project,
                  kind,
                  source,
                  at,
                  event_id: id,
                  received_at: receivedAt,
                  payload: JSON.stringify(payload),
                })),
              )
              .onConflict((conflict) =>
                conflict
                  .columns(['project', 'kind', 'source'])
                  .doUpdateSet(({ ref }) => ({
                    at: ref('excluded.at'),
                    event_id: ref('excluded.event_id'),
                    received_at: ref('excluded.received_at'),
                    payload: ref('excluded.payload'),
                  }))
                  .where(({ eb, ref, or, and }) =>
                    or([
                      eb('mesh_state.at', '<', ref('excluded.at')),
                      and([
                        eb('mesh_state.at', '=', ref('excluded.at')),
                        eb('mesh_state.event_id', '<', ref('excluded.event_id')),
                      ]),
                    ]),
                  ),
              )
              .returning('event_id')
              .execute();
      return {
        newest: new Set(rows.map(({ event_id }) => event_id)),
        refused: refused.size > 0 ? { hub_ids: refused.size } : {},
      };
    },
  };
}

export type StoredState = {
  project: string;
  kind: string;
  source: string;
  at: number;
  receivedAt: number;
  payload: unknown;
};

/** What projects said last, of these kinds; of one project or of all. */
export async function meshStates(db: Db, kinds: readonly string[], project?: string): Promise<StoredState[]> {
  let query = db.withTables<IntakeTables>().selectFrom('mesh_state').selectAll().where('kind', 'in', kinds);
  if (project !== undefined) query = query.where('project', '=', project);
  const rows = await query.orderBy('project').orderBy('kind').orderBy('source').execute();
  return rows.map(({ project: slug, kind, source, at, received_at, payload }) => ({
    project: slug,
    kind,
    source,
    at,
    receivedAt: received_at,
    payload: JSON.parse(payload) as unknown,
  }));
}

const USUAL_MS = 120_000;

/** When some projects announced themselves last, by the clock of this hub, and how often they do: every two minutes unless they say. */
export async function beatsOf(
  db: Db,
  projects: readonly string[],
): Promise<Map<string, { at: number; everyMs: number }>> {
  const beats = new Map<string, { at: number; everyMs: number }>();
  for (let from = 0; from < projects.length; from += 500) {
    const rows = await db
      .withTables<IntakeTables>()
      .selectFrom('mesh_state')
      .select(['project', 'received_at', 'payload'])
      .where('kind', '=', 'presence')
      .where('project', 'in', projects.slice(from, from + 500))
      .execute();
    for (const { project, received_at: at, payload } of rows) {
      if ((beats.get(project)?.at ?? 0) > at) continue;
      const { everyMs } = JSON.parse(payload) as { everyMs?: number };
      beats.set(project, { at, everyMs: everyMs ?? USUAL_MS });
    }
  }
  return beats;
}

/** Forgets hubs that were silent for 30 days. */
export async function expireMeshState(db: Db, now: number): Promise<void> {
  await db
    .withTables<IntakeTables>()
    .deleteFrom('mesh_state')
    .where('received_at', '<', now - KEEP_MS)
    .execute();
}
