import { MeshHub, MeshStatus, Slug } from '@orrery/protocol';
import { z } from 'zod';
import { authorizeWhole, type Caller } from '../../access/index.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { Mesh } from './mesh.ts';

type Room = { mesh: Mesh; meshHubs(caller: Caller, project?: string): Promise<MeshHub[]> };

export function meshRoutes({ mesh, meshHubs }: Room): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/fed/mesh',
      auth: 'ops:view of all',
      tag: 'Federation',
      summary: 'What carries the mesh, what waits there, and what was not taken in',
      response: MeshStatus,
      handle: ({ caller }) => {
        authorizeWhole(caller, 'ops:view');
        return mesh.status();
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/fed/mesh/hubs',
      auth: 'ops:view',
      tag: 'Federation',
      summary: 'The hubs and processes that speak for projects, as each was heard last',
      query: z.strictObject({ project: Slug.optional() }),
      response: z.array(MeshHub),
      handle: ({ caller, query }) => meshHubs(caller, query.project),
    }),
  ];
}
