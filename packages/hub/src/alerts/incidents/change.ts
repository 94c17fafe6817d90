import type { IncidentDetail } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../../access/index.ts';
import { inTransaction } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import { ACKNOWLEDGE } from '../acknowledge.ts';
import { announce } from '../announce.ts';
import type { AlertContext } from '../context.ts';
import { alertEvent } from '../notify.ts';
import { RESOLVE } from '../resolve.ts';
import type { AlertRow, AlertTables } from '../tables.ts';
import type { Transition } from '../transition.ts';
import { describeIncident, findIncident } from './get.ts';
import { takeTurn } from './store.ts';

/** Says of all open alerts of an incident that the caller may see that somebody is on them. */
export const acknowledgeIncident = (context: AlertContext, caller: Caller, id: string): Promise<IncidentDetail> =>
  change(context, caller, id, ACKNOWLEDGE);

/** Ends all alerts of an incident that the caller may see; each stays ended until its finding was gone once. */
export const resolveIncident = (context: AlertContext, caller: Caller, id: string): Promise<IncidentDetail> =>
  change(context, caller, id, RESOLVE);

async function change(
  context: AlertContext,
  caller: Caller,
  id: string,
  { verb, from, change: values, event }: Transition,
): Promise<IncidentDetail> {
  authorize(caller, 'alerts:manage');
  const after = await inTransaction(context.db, async (trx) => {
    await takeTurn(trx);
    const { incident, alerts } = await findIncident(trx, caller, id);
    const meant = alerts.filter(({ project, status }) => sees(caller, project) && from.includes(status));
    if (meant.length === 0)
      throw new HubError(
        'conflict',
        `This incident has no alert that could be ${verb}d now: it is ${incident.status}.`,
      );
    const at = context.clock.now();
    const changed: AlertRow[] = [];
    for (let i = 0; i < meant.length; i += 500)
      changed.push(
        ...(await trx
          .withTables<AlertTables>()
          .updateTable('alerts')
          .set(values(caller.name, at))
          .where(
            'id',
            'in',
            meant.slice(i, i + 500).map((alert) => alert.id),
          )
          .returningAll()
          .execute()),
      );
    if (verb === 'resolve') await announce(trx, context, { resolved: changed, at, now: at, by: caller.name });
    else
      await context.appendEvents(
        trx,
        changed.map((alert) => alertEvent(event, alert, at, caller.name)),
      );
    for (const [project, group] of Map.groupBy(changed, (alert) => alert.project))
      await context.audit(trx, {
        caller,
        verb: `incidents.${verb}`,
        target: incident.id,
        project,
        after: { alerts: group.map((alert) => alert.id) },
        at,
      });
    return findIncident(trx, caller, incident.id);
  });
  return describeIncident(context, after, caller);
}
