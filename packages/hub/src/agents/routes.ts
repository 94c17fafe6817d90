import {
  Agent,
  Agents,
  Alert,
  Forecast,
  HealAttempt,
  Pattern,
  SecurityIncident,
  SystemDashboard,
  SystemHealth,
  SystemHealthDetailed,
  SystemMetrics,
  success,
} from '@orrery/protocol';
import { z } from 'zod';
import { authorizeWhole, type Caller } from '../access/index.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { SevenAgents } from './agents.ts';
import type { System, SystemDeps } from './system.ts';

const tag = 'System';
const LIMIT = z.coerce.number().int().min(1).max(200).default(50);

type Rooms = {
  agents: SevenAgents;
  system: System;
  lists: Pick<SystemDeps, 'alerts' | 'repairs' | 'patterns' | 'predictions' | 'security'>;
};

/** `/admin/system/*`, for staff alone: everything is told as `{success: true, data}`, what goes wrong as `{success: false, error}`. */
export function agentRoutes({ agents, system, lists }: Rooms): Route<Caller>[] {
  type Asked<Q> = { caller: Caller; query: Q };
  const read = <T extends z.ZodType, Q extends z.ZodType>(
    path: string,
    summary: string,
    data: T,
    query: Q,
    tell: (asked: Asked<z.output<Q>>) => Promise<z.input<T>>,
  ) =>
    defineRoute<Caller, undefined, Q>({
      method: 'get',
      path: `/admin/system/${path}`,
      auth: 'ops:view of all',
      tag,
      summary,
      query,
      response: success(data),
      async handle({ caller, query: asked }) {
        authorizeWhole(caller, 'ops:view');
        return { success: true, data: await tell({ caller, query: asked as z.output<Q> }) };
      },
    });
  const none = z.strictObject({});
  const some = z.strictObject({ limit: LIMIT });
  return [
    read('health', 'How the hub, its agents and every platform are', SystemHealth, none, ({ caller }) =>
      system.health(caller),
    ),
    read(
      'health/detailed',
      'The same with every service, every job, and the hub from inside',
      SystemHealthDetailed,
      none,
      ({ caller }) => system.detailed(caller),
    ),
    read('dashboard', 'All of it on one page, the newest of each', SystemDashboard, none, ({ caller }) =>
      system.dashboard(caller),
    ),
    read('agents', 'The seven agents: whether they run, what they did, and their jobs', Agents, none, ({ caller }) =>
      agents.list(caller),
    ),
    read(
      'alerts',
      'Alerts that are open or acknowledged, newest first',
      z.object({ items: z.array(Alert) }),
      some,
      async ({ caller, query }) => ({ items: await lists.alerts(caller, query.limit) }),
    ),
    read(
      'metrics',
      'The newest values: headlines of every platform, or all that one has',
      SystemMetrics,
      z.strictObject({ platform: z.string().min(1).max(128).optional() }),
      ({ caller, query }) => system.metrics(caller, query.platform),
    ),
    read(
      'repairs',
      'What was repaired, or not, newest first',
      z.object({ items: z.array(HealAttempt) }),
      some,
      async ({ caller, query }) => ({ items: await lists.repairs(caller, query.limit) }),
    ),
    read(
      'patterns',
      'What was learned of symptoms and remedies',
      z.object({ items: z.array(Pattern) }),
      some,
      async ({ caller, query }) => ({ items: [...(await lists.patterns(caller, query.limit))] }),
    ),
    read(
      'predictions',
      'What metrics will come to within 72 hours',
      z.object({ items: z.array(Forecast) }),
      some,
      async ({ caller, query }) => ({ items: [...(await lists.predictions(caller, query.limit))] }),
    ),
    read(
      'security',
      'Attacks that were found in traced requests',
      z.object({ items: z.array(SecurityIncident) }),
      some,
      async ({ caller, query }) => ({ items: [...(await lists.security(caller, query.limit))] }),
    ),
    defineRoute({
      method: 'post',
      path: '/admin/system/agents/{name}/restart',
      auth: 'actions:run of all',
      tag,
      summary: 'End the runs and the back-off of an agent, and run its jobs now; whichever hub is asked',
      params: z.strictObject({ name: z.string().max(32) }),
      response: success(Agent),
      perMinute: 60,
      async handle({ caller, params }) {
        return { success: true, data: await agents.restart(caller, params.name) };
      },
    }),
  ];
}
