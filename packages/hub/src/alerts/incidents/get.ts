import type { IncidentDetail } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../../access/index.ts';
import type { Db } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import type { AlertContext } from '../context.ts';
import { byAge } from '../dependencies.ts';
import { show } from '../show.ts';
import type { AlertRow, AlertTables, IncidentRow } from '../tables.ts';
import { toIncident } from './view.ts';

const ID = /^inc_[0-9a-z]{20,40}$/;
/** A flood of alerts is shown in part. */
const SHOWN = 1000;

/** One incident with its alerts, the root first; one that became part of another leads there. not_found also when no part of it is visible. */
export async function getIncident(context: AlertContext, caller: Caller, id: string): Promise<IncidentDetail> {
  authorize(caller, 'ops:view');
  return describeIncident(context, await findIncident(context.db, caller, id), caller);
}

export async function describeIncident(
  context: AlertContext,
  { incident, alerts }: { incident: IncidentRow; alerts: readonly AlertRow[] },
  caller: Caller,
): Promise<IncidentDetail> {
  const view = toIncident(incident, alerts, caller);
  if (!view) throw new HubError('not_found', 'There is no such incident.');
  const seen = alerts.filter(({ project }) => sees(caller, project)).sort(byAge);
  seen.sort((a, b) => Number(b.id === view.rootAlertId) - Number(a.id === view.rootAlertId));
  return { ...view, alerts: await show(context, seen.slice(0, SHOWN)) };
}

/** The incident's row and those of all its alerts. */
export async function findIncident(
  db: Db,
  caller: Caller,
  id: string,
): Promise<{ incident: IncidentRow; alerts: AlertRow[] }> {
  const q = db.withTables<AlertTables>();
  const rowOf = (wanted: string) => q.selectFrom('incidents').selectAll().where('id', '=', wanted).executeTakeFirst();
  const asked = ID.test(id) ? await rowOf(id) : undefined;
  const incident = asked?.merged_into == null ? asked : await rowOf(asked.merged_into);
  const alerts = incident
    ? await q.selectFrom('alerts').selectAll().where('incident_id', '=', incident.id).execute()
    : [];
  if (!incident || !alerts.some(({ project }) => sees(caller, project)))
    throw new HubError('not_found', 'There is no such incident.');
  return { incident, alerts };
}
