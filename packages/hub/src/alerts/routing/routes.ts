import {
  MaintenanceDeclaration,
  MaintenanceView,
  RouteTestInput,
  RouteTestResult,
  RouteView,
  Silence,
  SilenceInput,
} from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../../access/index.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { routingDoor } from './door.ts';

const items = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });

/** Who hears of what, over HTTP. */
export function routingRoutes(alerts: ReturnType<typeof routingDoor>): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/ops/routes',
      auth: 'ops:view',
      tag: 'Routing',
      summary: 'The declared routes, in their order',
      response: items(RouteView),
      handle: async ({ caller }) => ({ items: alerts.routes(caller) }),
    }),
    defineRoute({
      method: 'post',
      path: '/ops/routes/test',
      unaudited: 'it changes nothing: it says who would be told',
      auth: 'ops:view',
      tag: 'Routing',
      summary: 'Who would be told of such an alert, when and why; nothing is sent',
      body: RouteTestInput,
      response: RouteTestResult,
      handle: ({ caller, body }) => alerts.tryRoutes(caller, body),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/silences',
      auth: 'ops:view',
      tag: 'Routing',
      summary: 'Silences: those that last or come first, then those that ended',
      response: items(Silence),
      handle: async ({ caller }) => ({ items: await alerts.silences(caller) }),
    }),
    defineRoute({
      method: 'post',
      path: '/ops/silences',
      auth: 'alerts:manage',
      tag: 'Routing',
      summary: 'Tell nobody of some alerts for some time',
      body: SilenceInput,
      response: Silence,
      status: 201,
      handle: ({ caller, body }) => alerts.silence(caller, body),
    }),
    defineRoute({
      method: 'delete',
      path: '/ops/silences/{id}',
      auth: 'alerts:manage',
      tag: 'Routing',
      summary: 'End a silence; what it kept back and still fires is told',
      params: z.object({ id: z.string().max(64) }),
      response: Silence,
      handle: ({ caller, params }) => alerts.endSilence(caller, params.id),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/maintenance',
      auth: 'ops:view',
      tag: 'Routing',
      summary: 'Maintenance, what is open or comes next first',
      response: items(MaintenanceView),
      handle: async ({ caller }) => ({ items: await alerts.maintenance(caller) }),
    }),
    defineRoute({
      method: 'post',
      path: '/ops/maintenance',
      auth: 'alerts:manage',
      tag: 'Routing',
      summary: 'Declare maintenance: once, or again and again',
      body: MaintenanceDeclaration,
      response: MaintenanceView,
      status: 201,
      handle: ({ caller, body }) => alerts.declareMaintenance(caller, body),
    }),
    defineRoute({
      method: 'delete',
      path: '/ops/maintenance/{name}',
      auth: 'alerts:manage',
      tag: 'Routing',
      summary: 'Take maintenance away that was declared through the API',
      params: z.object({ name: z.string().max(64) }),
      status: 204,
      handle: ({ caller, params }) => alerts.endMaintenance(caller, params.name),
    }),
  ];
}
