import { Fanout, FanoutAnswer, FanoutDetail, FanoutInput, FedVerification, page, Slug } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../access/index.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Actions } from './actions.ts';

const tag = 'Federation';
const RequestId = z.string().regex(/^act_[0-9a-z]{20,40}$/, 'is no id of a request');

export function actionRoutes(actions: Actions): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/fed/actions',
      auth: 'ops:view',
      tag,
      summary: 'What was asked of instances, newest first',
      query: z.strictObject({
        project: Slug.optional(),
        action: z.string().max(128).optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
        cursor: RequestId.optional(),
      }),
      response: page(Fanout),
      handle: ({ caller, query }) => actions.list(caller, query),
    }),
    defineRoute({
      method: 'get',
      path: '/api/fed/actions/{requestId}',
      auth: 'ops:view',
      tag,
      summary: 'What came of one request at each project, with the audit id of each run',
      params: z.strictObject({ requestId: z.string().max(64) }),
      response: FanoutDetail,
      handle: ({ caller, params }) => actions.get(caller, params.requestId),
    }),
    defineRoute({
      method: 'post',
      path: '/api/fed/verify',
      auth: 'actions:run',
      tag,
      summary: 'Ask every endpoint of projects, and whether their instances know a forged signature',
      body: z.strictObject({ projects: z.array(Slug).min(1).max(200).optional() }),
      response: FedVerification,
      perMinute: 10,
      handle: ({ caller, body }) => actions.verify(caller, body.projects),
    }),
    defineRoute({
      method: 'post',
      path: '/api/fed/actions',
      auth: 'actions:run',
      tag,
      summary: 'Ask instances that allow it for an action, each by a signed request',
      body: FanoutInput,
      response: FanoutAnswer,
      echoes: true,
      bodyLimit: 256 * 1024,
      perMinute: 60,
      handle: ({ caller, body }) => actions.run(caller, body),
    }),
  ];
}
