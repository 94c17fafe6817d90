import {
  CLOUDEVENT_BATCH_TYPE,
  CLOUDEVENT_TYPE,
  EventReceipt,
  LogLevel,
  MAX_EVENTS_PER_BATCH,
  OpsHealth,
  ProjectLogs,
  parseDuration,
  Slug,
} from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../access/index.ts';
import { HubError } from '../platform/errors.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Intake } from './intake.ts';

const EVENTS_LIMIT = 4 * 1024 * 1024;

/** A time, or how long ago: `2026-01-01T00:00:00Z`, `15m`. */
const Since = z.union([
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
  z
    .string()
    .refine((text) => parseDuration(text) !== undefined, 'must be a time (2026-01-01T00:00:00Z) or a duration (15m)')
    .transform((text) => Date.now() - (parseDuration(text) ?? 0)),
]);

/** One event is checked as strictly as a batch, but each by itself: what is wrong with one does not refuse the others. */
const PushedEvents = z
  .union([z.array(z.unknown()), z.looseObject({})])
  .refine((body) => !Array.isArray(body) || (body.length >= 1 && body.length <= MAX_EVENTS_PER_BATCH), {
    error: `must be one CloudEvent or a list of 1 to ${MAX_EVENTS_PER_BATCH}`,
  });

const beatRoute = (intake: Intake, method: 'get' | 'post') =>
  defineRoute<Caller, z.ZodType<{ token: string }>, z.ZodType<{ status?: 'ok' | 'fail' | undefined }>>({
    method,
    path: '/api/heartbeat/{token}',
    auth: 'public',
    tag: 'Intake',
    summary: 'A job says that it ran, or with status=fail that it failed',
    params: z.strictObject({ token: z.string().min(1).max(128) }),
    query: z.strictObject({ status: z.enum(['ok', 'fail']).optional() }),
    response: z.object({ ok: z.literal(true) }),
    handle: async ({ params, query }) => {
      await intake.beat(params.token, query.status === 'fail');
      return { ok: true };
    },
  });

export function intakeRoutes(intake: Intake): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/ops/health',
      auth: 'ops:view',
      tag: 'Operations',
      summary: 'Every probed service: state, uptime and newest checks',
      query: z.strictObject({ project: Slug.optional(), history: z.coerce.number().int().min(0).max(500).default(50) }),
      response: OpsHealth,
      handle: ({ caller, query }) => intake.opsHealth(caller, query),
    }),
    defineRoute({
      method: 'get',
      path: '/api/fed/logs/{project}',
      auth: 'ops:view',
      tag: 'Federation',
      summary: "The stored copy of a project's log, newest first",
      params: z.strictObject({ project: Slug }),
      query: z.strictObject({
        level: LogLevel.optional(),
        since: Since.optional(),
        q: z.string().max(200).optional(),
        limit: z.coerce.number().int().min(1).max(1000).default(100),
        cursor: z.string().max(32).optional(),
      }),
      response: ProjectLogs,
      handle: ({ caller, params, query }) => intake.projectLogs(caller, { ...params, ...query }),
    }),
    defineRoute({
      method: 'post',
      path: '/api/fed/events',
      auth: 'ingest',
      tag: 'Intake',
      summary: 'A project pushes events, samples and summaries as CloudEvents',
      body: PushedEvents,
      bodyTypes: [CLOUDEVENT_TYPE, CLOUDEVENT_BATCH_TYPE, 'application/json'],
      bodyLimit: EVENTS_LIMIT,
      response: EventReceipt,
      handle: async ({ caller, body }) => {
        const batch = Array.isArray(body);
        const receipt = await intake.acceptEvents(caller, batch ? body : [body]);
        const [refused] = receipt.refused;
        // One event that is refused is a bad request; in a batch the others may have been taken.
        if (refused && !batch)
          throw new HubError('invalid', `${refused.field}: ${refused.reason}`, {
            fields: [{ field: `body.${refused.field}`, reason: refused.reason }],
          });
        return refused ? Response.json(receipt, { status: 207 }) : receipt;
      },
    }),
    beatRoute(intake, 'get'),
    beatRoute(intake, 'post'),
  ];
}
