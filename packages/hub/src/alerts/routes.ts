import { Alert, AlertStatus, ChannelTest, ChannelView, Delivery, page, Severity, Slug } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../access/index.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { incidentRoutes } from './incidents/routes.ts';
import type { Alerts } from './index.ts';
import { routingRoutes } from './routing/routes.ts';

const Id = z.object({ id: z.string().max(64) });
const Name = z.object({ name: z.string().max(64) });
const limit = z.coerce.number().int().min(1).max(200).default(50);
const cursor = z.string().max(64).optional();

/** `open,acknowledged`: any of several. */
const anyOf = <T extends string>(one: z.ZodType<T, T>) =>
  z
    .string()
    .max(128)
    .transform((text) => text.split(',') as T[])
    .pipe(z.array(one).min(1).max(8))
    .optional();

export function alertRoutes(alerts: Alerts): Route<Caller>[] {
  const change = (verb: 'acknowledge' | 'resolve' | 'ignore', summary: string) =>
    defineRoute<Caller, typeof Id>({
      method: 'post',
      path: `/api/fed/alerts/{id}/${verb}`,
      auth: 'alerts:manage',
      tag: 'Alerts',
      summary,
      params: Id,
      response: Alert,
      handle: ({ caller, params }) => alerts[verb](caller, params.id),
    });
  return [
    ...routingRoutes(alerts),
    defineRoute({
      method: 'get',
      path: '/api/fed/alerts',
      auth: 'ops:view',
      tag: 'Alerts',
      summary: 'Alerts, newest first; `status` and `severity` take several, separated by commas',
      query: z.strictObject({
        status: anyOf(AlertStatus),
        severity: anyOf(Severity),
        project: Slug.optional(),
        cursor,
        limit,
      }),
      response: page(Alert),
      handle: ({ caller, query }) => alerts.list(caller, query),
    }),
    defineRoute({
      method: 'get',
      path: '/api/fed/alerts/{id}',
      auth: 'ops:view',
      tag: 'Alerts',
      summary: 'One alert',
      params: Id,
      response: Alert,
      handle: ({ caller, params }) => alerts.get(caller, params.id),
    }),
    change('acknowledge', 'Say that you are on it; 409 when it is no longer open'),
    change('resolve', 'End it by hand; it stays ended until its finding was gone once'),
    change('ignore', 'Put it aside for as long as its finding fires'),
    defineRoute({
      method: 'get',
      path: '/api/channels',
      auth: 'ops:view',
      tag: 'Channels',
      summary: 'Who is told, and how that goes; secrets masked',
      response: z.object({ items: z.array(ChannelView) }),
      handle: async ({ caller }) => ({ items: await alerts.channels(caller) }),
    }),
    defineRoute({
      method: 'get',
      path: '/api/channels/{name}/deliveries',
      auth: 'ops:view',
      tag: 'Channels',
      summary: 'What a channel was told, newest first',
      params: Name,
      query: z.strictObject({ cursor, limit }),
      response: page(Delivery),
      handle: ({ caller, params, query }) => alerts.deliveries(caller, { ...query, channel: params.name }),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/deliveries',
      auth: 'ops:view',
      tag: 'Channels',
      summary:
        'What was told through all channels, or not and why, newest first; `status` takes several, separated by commas',
      query: z.strictObject({
        channel: z.string().max(64).optional(),
        status: anyOf(Delivery.shape.status),
        alert: z.string().max(64).optional(),
        project: Slug.optional(),
        cursor,
        limit,
      }),
      response: page(Delivery),
      handle: ({ caller, query }) => alerts.deliveries(caller, query),
    }),
    defineRoute({
      method: 'post',
      path: '/api/channels/{name}/test',
      auth: 'configure',
      tag: 'Channels',
      summary: 'Send a test through a channel now and say what the receiver answered',
      params: Name,
      response: ChannelTest,
      perMinute: 30,
      handle: ({ caller, params }) => alerts.testChannel(caller, params.name),
    }),
    ...incidentRoutes(alerts.incidents),
  ];
}
