export { type ActionStore, type Claim, fileActionStore, memoryActionStore } from './action-store.ts';
export type { ActionCall, ActionHandler } from './actions.ts';
export type { DeliveryStatus, Queued, Refusal } from './emitter.ts';
export type { Check, CheckRun } from './health.ts';
export { createInstance, type Instance } from './instance.ts';
export type { MetricSource, MetricSources } from './metrics.ts';
export type { HubOptions, InstanceOptions } from './options.ts';
export type { QueryLog, QueryTotals, StatementSummary } from './queries.ts';
export type { RouteSummary, TracedRequest, Tracer, TracerTotals, Who } from './tracer.ts';
