import type { Caller } from '../access/index.ts';
import type { Finding } from '../detect/index.ts';
import type { Db } from '../platform/db.ts';
import { acknowledge } from './acknowledge.ts';
import { createChannelBook, type DeclaredChannel } from './channelBook.ts';
import { createDeliver, DELIVERY_TIMING, type DeliveryContext, type DeliveryTiming } from './deliver.ts';
import { type DeliveryFilter, deliveries } from './deliveries.ts';
import { createDependencyBook } from './dependencyBook.ts';
import { expire } from './expire.ts';
import { get } from './get.ts';
import { pastAlerts } from './history.ts';
import { ignore } from './ignore.ts';
import { acknowledgeIncident, resolveIncident } from './incidents/change.ts';
import { getIncident } from './incidents/get.ts';
import { type IncidentFilter, listIncidents } from './incidents/list.ts';
import { alertsOfIncident, type IncidentHead, incidentsOf, standingIncidents } from './incidents/standing.ts';
import { type AlertFilter, list } from './list.ts';
import { channels } from './listChannels.ts';
import { livingAlerts as alertsForRepair } from './living.ts';
import { createMaintenanceBook } from './maintenance/book.ts';
import { livingAlerts, openIncidents, pendingDeliveries, settledDeliveries } from './measures.ts';
import { outages } from './outages.ts';
import { reconcile, type Scope } from './reconcile.ts';
import { resolve } from './resolve.ts';
import { retire } from './retire.ts';
import { createRouteBook } from './routing/book.ts';
import { routingDoor } from './routing/door.ts';
import { createRules } from './rules/index.ts';
import { type RepairNews, tellOfRepair } from './tellOfRepair.ts';
import { testChannel } from './testChannel.ts';

export type { Finding } from '../detect/index.ts';
export type { DeclaredChannel } from './channelBook.ts';
export { channelProblems } from './channels/index.ts';
export type { PastAlert } from './history.ts';
export type { IncidentAlert, IncidentHead } from './incidents/standing.ts';
export type { LivingAlert } from './living.ts';
export { alertRoutes } from './routes.ts';
export { gaps } from './routing/gaps.ts';
export { cronProblem } from './routing/windows.ts';
export { type DeclaredRule, RULE_EXAMPLES, ruleProblems, ruleRoutes, tryRule } from './rules/index.ts';
export type { RepairNews } from './tellOfRepair.ts';

export type AlertsDeps = Omit<
  DeliveryContext,
  'book' | 'routes' | 'maintenance' | 'dependencies' | 'timing' | 'random'
> & {
  timing?: Partial<DeliveryTiming>;
  /** From 0 to 1, for the jitter. */
  random?: () => number;
};
export type Alerts = ReturnType<typeof createAlerts>;

/** Findings become alerts with a life; whoever wants to hear of them is told, exactly as often as something happened. */
export function createAlerts({ timing, random = Math.random, ...deps }: AlertsDeps) {
  const book = createChannelBook();
  const context: DeliveryContext = {
    ...deps,
    book,
    routes: createRouteBook(),
    maintenance: createMaintenanceBook(),
    dependencies: createDependencyBook(),
    timing: { ...DELIVERY_TIMING, ...timing },
    random,
  };
  return {
    reconcile: (findings: readonly Finding[], scope: Scope) => reconcile(context, findings, scope),
    retire: (watched: readonly string[]) => retire(context, watched),
    list: (caller: Caller, filter?: AlertFilter) => list(context, caller, filter),
    get: (caller: Caller, id: string) => get(context, caller, id),
    acknowledge: (caller: Caller, id: string) => acknowledge(context, caller, id),
    resolve: (caller: Caller, id: string) => resolve(context, caller, id),
    ignore: (caller: Caller, id: string) => ignore(context, caller, id),
    incidents: {
      list: (caller: Caller, filter?: IncidentFilter) => listIncidents(context, caller, filter),
      get: (caller: Caller, id: string) => getIncident(context, caller, id),
      acknowledge: (caller: Caller, id: string) => acknowledgeIncident(context, caller, id),
      resolve: (caller: Caller, id: string) => resolveIncident(context, caller, id),
      /** For diagnosis: incidents that stand or have just ended, and the alerts of one. */
      standing: (since: number, limit: number) => standingIncidents(context, since, limit),
      of: (alertIds: readonly string[]) => incidentsOf(context, alertIds),
      alertsOf: (head: Pick<IncidentHead, 'id' | 'rootAlertId'>, limit: number) =>
        alertsOfIncident(context, head, limit),
    },
    /** Takes up the channels that the configuration declares now; what waits for a channel that is gone waits a day for its return. */
    syncChannels: async (declared: readonly DeclaredChannel[]): Promise<void> => book.replace(declared),
    channels: (caller: Caller) => channels(context, caller),
    deliveries: (caller: Caller, filter?: DeliveryFilter) => deliveries(context, caller, filter),
    /** Tells those who heard of an alert what became of its repair, in the caller's transaction. */
    tellOfRepair: (trx: Db, news: RepairNews) => tellOfRepair(trx, context, news),
    testChannel: (caller: Caller, name: string) => testChannel(context, caller, name),
    rules: createRules(context),
    ...routingDoor(context),
    deliver: createDeliver(context),
    expire: (keepMs: number) => expire(context, keepMs),
    /** Open alerts of services, for repair. */
    living: () => alertsForRepair(context),
    /** Alerts that lived at any time since, for a replay. */
    past: (since: number) => pastAlerts(context, since),
    outages: (asked: Parameters<typeof outages>[1]) => outages(context, asked),
    measures: {
      living: () => livingAlerts(context),
      incidents: () => openIncidents(context),
      pending: () => pendingDeliveries(context),
      settled: () => settledDeliveries(context),
    },
  };
}
