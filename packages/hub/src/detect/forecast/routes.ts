import { Forecast, ForecastDetail, MetricKey, page, Slug } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../../access/index.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { Forecasts } from './forecasts.ts';

const tag = 'Forecasts';
const Id = z.string().regex(/^\d{1,15}$/, 'must be the id of a forecast');

export function forecastRoutes(forecasts: Forecasts): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/forecasts',
      auth: 'ops:view',
      tag,
      summary: 'What is forecast: method, backtest error, coverage, and the limits that it will cross within 72 hours',
      query: z.strictObject({
        project: Slug.optional(),
        metric: MetricKey.optional(),
        crossing: z.stringbool().optional(),
        limit: z.coerce.number().int().min(1).max(200).default(100),
        cursor: Id.optional(),
      }),
      response: page(Forecast),
      handle: ({ caller, query }) => forecasts.list(caller, query),
    }),
    defineRoute({
      method: 'get',
      path: '/api/forecasts/{id}',
      auth: 'ops:view',
      tag,
      summary: 'One series: the last week by the hour, and the next 72 hours with their interval',
      params: z.strictObject({ id: Id }),
      response: ForecastDetail,
      handle: ({ caller, params }) => forecasts.get(caller, params.id),
    }),
  ];
}
