import { LogTemplates, ServiceName, Slug } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../access/index.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Detect } from './detect.ts';
import { securityRoutes } from './security/routes.ts';

export function detectRoutes(detect: Pick<Detect, 'logTemplates' | 'security'>): Route<Caller>[] {
  return [
    ...securityRoutes(detect.security),
    defineRoute({
      method: 'get',
      path: '/ops/log-templates',
      auth: 'ops:view',
      tag: 'Operations',
      summary: 'Log lines of the last day by their template: the most frequent, or the newest, first',
      query: z.strictObject({
        project: Slug.optional(),
        service: ServiceName.optional(),
        order: z.enum(['frequent', 'newest']).default('frequent'),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      response: LogTemplates,
      handle: ({ caller, query }) => detect.logTemplates(caller, query),
    }),
  ];
}
