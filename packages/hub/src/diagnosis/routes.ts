import { Diagnosis } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../access/index.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { DiagnosisRoom } from './index.ts';

const tag = 'Operations';
const Id = z.strictObject({ id: z.string().max(64) });

export function diagnosisRoutes(diagnosis: DiagnosisRoom): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/incidents/{id}/diagnosis',
      auth: 'ops:view',
      tag,
      summary: 'Why an incident happened: ranked causes with their evidence; none where the data is not enough',
      params: Id,
      response: Diagnosis,
      handle: ({ caller, params }) => diagnosis.get(caller, params.id),
    }),
    defineRoute({
      method: 'post',
      path: '/api/incidents/{id}/diagnose',
      auth: 'actions:run',
      tag,
      summary: 'Gather the evidence of an incident and rank its causes again',
      params: Id,
      response: Diagnosis,
      perMinute: 30,
      handle: ({ caller, params }) => diagnosis.again(caller, params.id),
    }),
  ];
}
