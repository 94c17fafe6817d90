import { ProjectPerformance, Slug } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../../access/index.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { Performance } from './index.ts';

export function performanceRoutes(performance: Pick<Performance, 'view'>): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/performance',
      auth: 'ops:view',
      tag: 'Operations',
      summary:
        'The performance of a project in its last hour: routes, statements, N+1 patterns, pools, Apdex, advice on indexes',
      query: z.strictObject({ project: Slug }),
      response: ProjectPerformance,
      handle: ({ caller, query }) => performance.view(caller, query.project),
    }),
  ];
}
