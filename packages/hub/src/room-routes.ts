import type { PublicHealth } from '@orrery/protocol';
import { type Access, accessRoutes, type Caller, tenantRoutes } from './access/index.ts';
import { type Actions, actionRoutes } from './actions/index.ts';
import type { SevenAgents } from './agents/index.ts';
import { accountRoutes, type createAccounts, type openGateway } from './ai/index.ts';
import { type Alerts, alertRoutes, ruleRoutes } from './alerts/index.ts';
import { type Analysis, analysisRoutes } from './analysis/index.ts';
import { type Catalog, catalogRoutes, type createLayout } from './catalog/index.ts';
import { configRoutes, type watchConfig } from './config/index.ts';
import { dashboardRoutes } from './dashboard.ts';
import { type Detect, detectRoutes, forecastRoutes, type Performance, performanceRoutes } from './detect/index.ts';
import { type DiagnosisRoom, diagnosisRoutes } from './diagnosis/index.ts';
import { type Events, eventRoutes } from './events/index.ts';
import { type Hubs, hubListRoutes, type Intake, instanceRoutes, intakeRoutes, meshRoutes } from './intake/index.ts';
import { type Learning, patternRoutes } from './learning/index.ts';
import type { Clock } from './platform/clock.ts';
import type { Db } from './platform/db.ts';
import type { Route } from './platform/http/route.ts';
import type { Jobs } from './platform/jobs.ts';
import type { createProjectHub } from './project-hub.ts';
import { type Repair, repairRoutes } from './repair/index.ts';
import { type Samples, sampleRoutes } from './samples/index.ts';
import { type StatusPages, statusPageRoutes } from './statuspage/index.ts';
import { systemRoutes } from './system-routes.ts';

type Rooms = {
  access: Access;
  accounts: ReturnType<typeof createAccounts>;
  actions: Actions;
  agents: SevenAgents;
  alerts: Alerts;
  analysis: Analysis;
  catalog: Catalog;
  clock: Clock;
  /** Aborted when the hub ends: streams end with it. */
  closing: AbortSignal;
  db: Db;
  detect: Detect;
  diagnosis: DiagnosisRoom;
  events: Events;
  gateway: ReturnType<typeof openGateway>;
  /** How this hub itself is. */
  health(): PublicHealth['status'];
  hubs: Hubs;
  intake: Intake;
  jobs: Jobs;
  kind: string;
  layout: ReturnType<typeof createLayout>;
  learning: Learning;
  performances: Performance;
  projectHub: ReturnType<typeof createProjectHub> | undefined;
  repair: Repair;
  samples: Samples;
  statusPages: StatusPages;
  tiers(): readonly string[];
  watching: ReturnType<typeof watchConfig>;
};

/** Every route of every room. */
export const roomRoutes = (rooms: Rooms): Route<Caller>[] => [
  ...accessRoutes(rooms.access),
  ...tenantRoutes(rooms.access.tenants),
  ...catalogRoutes(rooms.catalog, rooms.layout),
  ...actionRoutes(rooms.actions),
  ...intakeRoutes(rooms.intake),
  ...meshRoutes(rooms.intake),
  ...instanceRoutes(rooms.projectHub),
  ...hubListRoutes(rooms.hubs, rooms.jobs.leader),
  ...sampleRoutes(rooms.samples),
  ...detectRoutes(rooms.detect),
  ...forecastRoutes(rooms.detect.forecasts),
  ...performanceRoutes(rooms.performances),
  ...alertRoutes(rooms.alerts),
  ...ruleRoutes(rooms.alerts.rules),
  ...accountRoutes(rooms.accounts, rooms.clock.now),
  ...dashboardRoutes({ ...rooms, incidents: rooms.alerts.incidents, aiUsage: rooms.accounts.usage }),
  ...statusPageRoutes(rooms.statusPages),
  ...analysisRoutes(rooms.analysis),
  ...rooms.gateway.routes,
  ...diagnosisRoutes(rooms.diagnosis),
  ...repairRoutes(rooms.repair),
  ...systemRoutes(rooms),
  ...patternRoutes(rooms.learning),
  ...eventRoutes(rooms.events, rooms.access.watch, rooms.closing),
  ...configRoutes(rooms.watching, async () =>
    (await rooms.catalog.declarations()).map(({ declaredIn: _, lastSeenAt: __, ...declaration }) => ({ declaration })),
  ),
];
