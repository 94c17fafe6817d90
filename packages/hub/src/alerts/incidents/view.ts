import type { Incident } from '@orrery/protocol';
import type { Caller } from '../../access/index.ts';
import { inProjects, sees } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { byAge } from '../dependencies.ts';
import type { AlertRow, AlertTables, IncidentRow } from '../tables.ts';
import { worst } from './root.ts';

type Part = Pick<AlertRow, 'id' | 'project' | 'severity' | 'status' | 'title' | 'created_at'>;

/** What stands in place of the words of an incident that reaches into projects that the caller may not see. */
const BEYOND = 'It reaches beyond the projects that you may see.';

/** The incident as its viewer may see it: of its alerts those of visible projects. Undefined when there are none. */
export function toIncident(row: IncidentRow, alerts: readonly Part[], caller: Caller): Incident | undefined {
  const seen = alerts.filter(({ project }) => sees(caller, project)).sort(byAge);
  const root = seen.find(({ id }) => id === row.root_alert_id) ?? seen[0];
  if (!root) return undefined;
  const open = seen.filter(({ status }) => status !== 'resolved');
  return {
    id: row.id,
    status: row.status,
    severity: worst((open.length > 0 ? open : seen).map(({ severity }) => severity)),
    title: root.title,
    reason: seen.length === alerts.length ? row.reason : BEYOND,
    rootAlertId: root.id,
    project: root.project,
    projects: [...new Set([root, ...seen].map(({ project }) => project))],
    alertIds: seen.map(({ id }) => id),
    openAlerts: open.length,
    startedAt: iso(row.started_at),
    lastChangeAt: iso(row.last_change_at),
    ...(row.resolved_at === null ? {} : { resolvedAt: iso(row.resolved_at) }),
  };
}

/** Incidents with their alerts, newest first: all that the caller may see some part of. */
export async function findIncidents(
  db: Db,
  caller: Caller,
  wanted: {
    status?: Incident['status'] | undefined;
    project?: string | undefined;
    before?: string | undefined;
    limit: number;
  },
): Promise<IncidentRow[]> {
  let query = db
    .withTables<AlertTables>()
    .selectFrom('incidents as i')
    .selectAll('i')
    .where('i.merged_into', 'is', null)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('alerts as a')
          .select('a.id')
          .whereRef('a.incident_id', '=', 'i.id')
          .where(inProjects(caller, 'a.project'))
          .$if(wanted.project !== undefined, (of) => of.where('a.project', '=', wanted.project ?? '')),
      ),
    )
    .orderBy('i.id', 'desc')
    .limit(wanted.limit);
  if (wanted.status !== undefined) query = query.where('i.status', '=', wanted.status);
  if (wanted.before !== undefined) query = query.where('i.id', '<', wanted.before);
  return query.execute();
}

/** What the views of these incidents are made of, by incident. */
export async function partsOf(db: Db, incidents: readonly IncidentRow[]): Promise<Map<string | null, Part[]>> {
  if (incidents.length === 0) return new Map();
  const rows = await db
    .withTables<AlertTables>()
    .selectFrom('alerts')
    .select(['id', 'incident_id', 'project', 'severity', 'status', 'title', 'created_at'])
    .where(
      'incident_id',
      'in',
      incidents.map(({ id }) => id),
    )
    .execute();
  return Map.groupBy(rows, ({ incident_id }) => incident_id);
}
