import { Pattern, PatternFile, PatternImport, Slug } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../access/index.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Learning } from './index.ts';

const tag = 'Repair';

export function patternRoutes(learning: Learning): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/patterns',
      auth: 'ops:view',
      tag,
      summary: 'What was learned: which remedy helped against what, where, how often, and what is believed of it',
      query: z.strictObject({ project: Slug.optional() }),
      response: z.object({ items: z.array(Pattern) }),
      handle: async ({ caller, query }) => ({ items: await learning.patterns(caller, query) }),
    }),
    defineRoute({
      method: 'get',
      path: '/api/patterns/export',
      auth: 'ops:view',
      tag,
      summary: 'What was learned, as a file for another hub: no secrets, and names of projects only when asked for',
      query: z.strictObject({ names: z.enum(['true', 'false']).default('false') }),
      response: PatternFile,
      handle: ({ caller, query }) => learning.exportPatterns(caller, query.names === 'true'),
    }),
    defineRoute({
      method: 'post',
      path: '/api/patterns/import',
      auth: 'configure of all',
      tag,
      summary: 'Take in what another hub learned, whole or not at all, and once',
      body: PatternFile,
      bodyLimit: 4 * 1024 * 1024,
      response: PatternImport,
      handle: ({ caller, body }) => learning.importPatterns(caller, body),
    }),
    defineRoute({
      method: 'post',
      path: '/api/patterns/{id}/allow',
      auth: 'actions:run',
      tag,
      summary: 'Let a remedy that has not helped at a service try again there',
      params: z.strictObject({ id: z.string().max(64) }),
      body: z.strictObject({ reason: z.string().max(500).default('') }),
      response: Pattern,
      handle: ({ caller, params, body }) => learning.allow(caller, params.id, body.reason),
    }),
  ];
}
