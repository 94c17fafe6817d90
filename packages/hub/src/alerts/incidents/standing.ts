import type { Category, Incident, Severity } from '@orrery/protocol';
import { sql } from 'kysely';
import type { AlertContext } from '../context.ts';
import type { AlertTables } from '../tables.ts';

/** An incident as far as one must know it to see whether it has changed. */
export type IncidentHead = {
  id: string;
  status: Incident['status'];
  rootAlertId: string;
  alerts: number;
  /** When its newest alert opened, epoch ms. */
  newestAt: number;
  startedAt: number;
  resolvedAt: number | null;
};
/** An alert of an incident; times are epoch ms. */
export type IncidentAlert = {
  id: string;
  project: string;
  service: string | null;
  severity: Severity;
  category: Category;
  detector: string;
  title: string;
  description: string;
  fingerprint: string;
  openedAt: number;
};

/** Incidents that are open, and those that ended since `since` (epoch ms), newest first: at most `limit`. */
export async function standingIncidents(
  { db }: Pick<AlertContext, 'db'>,
  since: number,
  limit: number,
): Promise<IncidentHead[]> {
  const rows = await db
    .withTables<AlertTables>()
    .selectFrom('incidents as i')
    .innerJoin('alerts as a', 'a.incident_id', 'i.id')
    .select(['i.id', 'i.status', 'i.root_alert_id', 'i.started_at', 'i.resolved_at'])
    .select(({ fn }) => [fn.countAll<number>().as('alerts'), fn.max('a.created_at').as('newest')])
    .where('i.merged_into', 'is', null)
    // Without parameters, so that the planner uses the partial indexes of the two.
    .where(sql<boolean>`(i.status = 'open' OR (i.status = 'resolved' AND i.resolved_at >= ${since}))`)
    .groupBy(['i.id', 'i.status', 'i.root_alert_id', 'i.started_at', 'i.resolved_at'])
    .orderBy('i.id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    status: row.status,
    rootAlertId: row.root_alert_id,
    alerts: Number(row.alerts),
    newestAt: Number(row.newest),
    startedAt: row.started_at,
    resolvedAt: row.resolved_at,
  }));
}

/** The alerts of an incident, oldest first; of a flood the first `limit`, its root always among them. */
export async function alertsOfIncident(
  { db }: Pick<AlertContext, 'db'>,
  { id, rootAlertId }: Pick<IncidentHead, 'id' | 'rootAlertId'>,
  limit: number,
): Promise<IncidentAlert[]> {
  const query = db.withTables<AlertTables>().selectFrom('alerts').selectAll();
  const rows = await query.where('incident_id', '=', id).orderBy('created_at').orderBy('id').limit(limit).execute();
  if (!rows.some((row) => row.id === rootAlertId))
    rows.push(...(await query.where('id', '=', rootAlertId).where('incident_id', '=', id).execute()));
  return rows.map((row) => ({
    id: row.id,
    project: row.project,
    service: row.service,
    severity: row.severity,
    category: row.category,
    detector: row.detector,
    title: row.title,
    description: row.description,
    fingerprint: row.fingerprint,
    openedAt: row.created_at,
  }));
}

/** The incidents that alerts belong to; one that is in none, or is unknown, is left out. */
export async function incidentsOf(
  { db }: Pick<AlertContext, 'db'>,
  alertIds: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let i = 0; i < alertIds.length; i += 500)
    for (const { id, incident_id } of await db
      .withTables<AlertTables>()
      .selectFrom('alerts')
      .select(['id', 'incident_id'])
      .where('id', 'in', alertIds.slice(i, i + 500))
      .execute())
      if (incident_id !== null) found.set(id, incident_id);
  return found;
}
