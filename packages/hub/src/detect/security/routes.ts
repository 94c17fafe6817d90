import {
  AttackFamily,
  AttackState,
  SecurityIncident,
  SecurityIncidentPage,
  SecurityPosture,
  Slug,
} from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../../access/index.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { CURSOR } from './list.ts';
import type { Security } from './security.ts';

const tag = 'Security';

export function securityRoutes(security: Pick<Security, 'list' | 'get' | 'posture'>): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/security',
      auth: 'ops:view',
      tag,
      summary: 'Security incidents, those seen last first: what was tried where by whom, never with which payload',
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(200).default(50),
        project: Slug.optional(),
        family: AttackFamily.optional(),
        state: AttackState.optional(),
        cursor: z.string().regex(CURSOR, 'must be the nextCursor of an earlier answer').optional(),
      }),
      response: SecurityIncidentPage,
      handle: ({ caller, query }) => security.list(caller, query),
    }),
    defineRoute({
      method: 'get',
      path: '/api/security/posture',
      auth: 'ops:view',
      tag,
      summary: 'How each project stands: vulnerabilities, last scan, audits, attacks of the last day',
      response: z.object({ items: z.array(SecurityPosture) }),
      handle: ({ caller }) => security.posture(caller),
    }),
    defineRoute({
      method: 'get',
      path: '/api/security/{id}',
      auth: 'ops:view',
      tag,
      summary: 'One security incident',
      params: z.strictObject({ id: z.string().max(64) }),
      response: SecurityIncident,
      handle: ({ caller, params }) => security.get(caller, params.id),
    }),
  ];
}
