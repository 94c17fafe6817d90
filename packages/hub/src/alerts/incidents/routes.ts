import { Incident, IncidentDetail, page, Slug } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../../access/index.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { Alerts } from '../index.ts';

const Id = z.object({ id: z.string().max(64) });

export function incidentRoutes(incidents: Alerts['incidents']): Route<Caller>[] {
  const change = (verb: 'acknowledge' | 'resolve', summary: string) =>
    defineRoute<Caller, typeof Id>({
      method: 'post',
      path: `/ops/incidents/{id}/${verb}`,
      auth: 'alerts:manage',
      tag: 'Operations',
      summary,
      params: Id,
      response: IncidentDetail,
      handle: ({ caller, params }) => incidents[verb](caller, params.id),
    });
  return [
    defineRoute({
      method: 'get',
      path: '/ops/incidents',
      auth: 'ops:view',
      tag: 'Operations',
      summary: 'Incidents, newest first: alerts with one probable cause, and why they are one',
      query: z.strictObject({
        status: Incident.shape.status.optional(),
        project: Slug.optional(),
        cursor: z.string().max(64).optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      response: page(Incident),
      handle: ({ caller, query }) => incidents.list(caller, query),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/incidents/{id}',
      auth: 'ops:view',
      tag: 'Operations',
      summary: 'One incident with its alerts, the root first',
      params: Id,
      response: IncidentDetail,
      handle: ({ caller, params }) => incidents.get(caller, params.id),
    }),
    change('acknowledge', 'Say that you are on all of its open alerts'),
    change('resolve', 'End all of its alerts by hand; each stays ended until its finding was gone once'),
  ];
}
