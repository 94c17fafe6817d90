import { FedMetrics, MetricKey, parseDuration, ServiceName, Slug, Time } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../access/index.ts';
import type { Clock } from '../platform/clock.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { STATS } from './bucket.ts';
import type { Samples } from './samples.ts';

const tag = 'Federation';
const params = z.strictObject({ project: Slug });

const KeyPattern = z.union([MetricKey, z.string().regex(/^([a-zA-Z_][a-zA-Z0-9_.:/-]{0,126})?\*$/)], {
  error: 'must be a metric key, or the beginning of one and "*"',
});
/** `?key=a&key=b` */
const Keys = z
  .union([KeyPattern, z.array(KeyPattern).min(1).max(50)])
  .transform((keys) => (Array.isArray(keys) ? keys : [keys]));

/** RFC 3339, epoch milliseconds, or a duration that means so long ago; `now` too. */
const moment = (clock: Clock) =>
  z
    .string()
    .max(40)
    .transform((text, ctx) => {
      if (text === 'now') return clock.now();
      if (/^\d{12,14}$/.test(text)) return Number(text);
      const ago = parseDuration(text);
      if (ago !== undefined) return clock.now() - ago;
      if (Time.safeParse(text).success) return Date.parse(text);
      ctx.addIssue({
        code: 'custom',
        message: 'must be an RFC 3339 time, epoch milliseconds, or how long ago: 15m, 24h',
      });
      return z.NEVER;
    });

const Step = z.string().transform((text, ctx) => {
  const ms = /^\d{1,12}$/.test(text) ? Number(text) : parseDuration(text);
  if (ms !== undefined && ms >= 1) return ms;
  ctx.addIssue({ code: 'custom', message: 'must be a duration such as 30s or 5m, or milliseconds' });
  return z.NEVER;
});

const MetricKeys = z.object({
  items: z.array(
    z.object({
      key: z.string(),
      service: z.string().optional(),
      tags: z.record(z.string(), z.string()).optional(),
      unit: z.string().optional(),
      kind: z.enum(['number', 'text']),
      last: z.union([z.number(), z.string()]),
      lastAt: Time,
    }),
  ),
});

const SparklineList = z.object({
  items: z.array(
    z.object({
      project: z.string(),
      unit: z.string().optional(),
      points: z.array(z.tuple([z.string(), z.number()])),
    }),
  ),
});

/** Drops what was not given, so that an absent value and an undefined one are the same. */
const given = <T extends object>(input: T) =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as {
    [K in keyof T as undefined extends T[K] ? never : K]: T[K];
  } & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };

export function sampleRoutes(samples: Samples): Route<Caller>[] {
  const Moment = moment(samples.clock);
  return [
    defineRoute({
      method: 'get',
      path: '/api/fed/metrics/{project}',
      auth: 'ops:view',
      tag,
      summary: 'Samples of a project over a range; up to 24 series when no key is named',
      params,
      query: z.strictObject({
        key: Keys.optional(),
        service: ServiceName.optional(),
        from: Moment.optional(),
        to: Moment.optional(),
        step: Step.optional(),
        stat: z.enum(STATS).optional(),
      }),
      response: FedMetrics,
      handle: ({ caller, params: { project }, query: { key, ...rest } }) =>
        samples.query(caller, { project, ...given(rest), ...(key ? { keys: key } : {}) }),
    }),
    defineRoute({
      method: 'get',
      path: '/api/fed/metrics/{project}/keys',
      auth: 'ops:view',
      tag,
      summary: 'The metrics of a project, each with its newest value',
      params,
      response: MetricKeys,
      handle: ({ caller, params: { project } }) => samples.keys(caller, project),
    }),
    defineRoute({
      method: 'get',
      path: '/api/fed/sparklines',
      auth: 'ops:view',
      tag,
      summary: 'One small line of a metric for each project',
      query: z.strictObject({
        key: MetricKey,
        from: Moment.optional(),
        to: Moment.optional(),
        points: z.coerce.number().int().min(2).max(200).optional(),
        stat: z.enum(STATS).optional(),
      }),
      response: SparklineList,
      handle: ({ caller, query: { key, ...rest } }) => samples.sparklines(caller, { key, ...given(rest) }),
    }),
  ];
}
