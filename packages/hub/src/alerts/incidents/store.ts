import { sql } from 'kysely';
import type { Db } from '../../platform/db.ts';
import { type AlertRow, type AlertTables, type IncidentRow, LIVING } from '../tables.ts';
import type { Known } from './place.ts';

const CHUNK = 500;
const COLUMNS = [
  'id',
  'project',
  'service',
  'severity',
  'category',
  'status',
  'title',
  'detector',
  'created_at',
  'incident_id',
  'inhibited_by',
] as const;
export type KnownRow = Known & Pick<AlertRow, 'inhibited_by'>;

/**
 * Waits for the turn and keeps it until the transaction ends. Whatever changes alerts takes it before anything else, so that two hubs, or a
 * person and a recovery, never decide on what the other is about to change.
 */
export async function takeTurn(trx: Db): Promise<void> {
  await trx
    .withTables<AlertTables>()
    .updateTable('alert_turn')
    .set((eb) => ({ turn: eb('turn', '+', 1) }))
    .where('id', '=', 1)
    .execute();
}

export const livingAlerts = (trx: Db): Promise<KnownRow[]> =>
  trx.withTables<AlertTables>().selectFrom('alerts').select(COLUMNS).where('status', 'in', LIVING).execute();

export async function alertsOf(trx: Db, ids: readonly string[]): Promise<Map<string, Known>> {
  const found = new Map<string, Known>();
  for (let i = 0; i < ids.length; i += CHUNK) {
    const query = trx.withTables<AlertTables>().selectFrom('alerts').select(COLUMNS);
    for (const row of await query.where('id', 'in', ids.slice(i, i + CHUNK)).execute()) found.set(row.id, row);
  }
  return found;
}

/** The incidents that are open, and these. */
export async function incidentsWith(trx: Db, ids: ReadonlySet<string>): Promise<Map<string, IncidentRow>> {
  const query = trx.withTables<AlertTables>().selectFrom('incidents').selectAll();
  const known = new Map((await query.where('status', '=', 'open').execute()).map((row) => [row.id, row]));
  const missing = [...ids].filter((id) => !known.has(id));
  for (let i = 0; i < missing.length; i += CHUNK)
    for (const row of await query.where('id', 'in', missing.slice(i, i + CHUNK)).execute()) known.set(row.id, row);
  return known;
}

/** Writes incidents as they are now; the alerts of those that became part of another one move there, whether they live or not. */
export async function saveIncidents(trx: Db, rows: readonly IncidentRow[]): Promise<void> {
  const q = trx.withTables<AlertTables>();
  for (let i = 0; i < rows.length; i += CHUNK)
    await q
      .insertInto('incidents')
      .values(rows.slice(i, i + CHUNK))
      .onConflict((oc) =>
        oc.column('id').doUpdateSet((eb) => ({
          status: eb.ref('excluded.status'),
          root_alert_id: eb.ref('excluded.root_alert_id'),
          reason: eb.ref('excluded.reason'),
          merged_into: eb.ref('excluded.merged_into'),
          started_at: eb.ref('excluded.started_at'),
          last_opening_at: eb.ref('excluded.last_opening_at'),
          last_change_at: eb.ref('excluded.last_change_at'),
          resolved_at: eb.ref('excluded.resolved_at'),
        })),
      )
      .execute();
  const absorbed = rows.filter(({ merged_into }) => merged_into !== null);
  for (const [into, group] of Map.groupBy(absorbed, ({ merged_into }) => merged_into)) {
    const gone = group.map(({ id }) => id);
    await q.updateTable('alerts').set({ incident_id: into }).where('incident_id', 'in', gone).execute();
  }
  // What was absorbed earlier by one of these leads to where that one went.
  for (const { id, merged_into } of absorbed)
    await q.updateTable('incidents').set({ merged_into }).where('merged_into', '=', id).execute();
}

/** Sets one column of many alerts, each to a value of its own. */
export async function setEach(
  trx: Db,
  column: 'incident_id' | 'inhibited_by',
  values: ReadonlyMap<string, string | null>,
): Promise<void> {
  const entries = [...values];
  for (let i = 0; i < entries.length; i += CHUNK) {
    const some = entries.slice(i, i + CHUNK);
    const cases = sql.join(
      some.map(([id, value]) => sql`WHEN ${id} THEN ${value}`),
      sql` `,
    );
    await trx
      .withTables<AlertTables>()
      .updateTable('alerts')
      .set({ [column]: sql<string | null>`CASE id ${cases} END` })
      .where(
        'id',
        'in',
        some.map(([id]) => id),
      )
      .execute();
  }
}

/** Deletes what was over before and has no alert left, with what became part of it. */
export async function forgetIncidents(db: Db, before: number): Promise<void> {
  await db
    .withTables<AlertTables>()
    .deleteFrom('incidents')
    .where('status', '=', 'resolved')
    .where('resolved_at', '<', before)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('alerts as a')
            .select('a.id')
            .where((eb) =>
              eb.or([
                eb('a.incident_id', '=', eb.ref('incidents.id')),
                eb('a.incident_id', '=', eb.ref('incidents.merged_into')),
              ]),
            ),
        ),
      ),
    )
    .execute();
}
