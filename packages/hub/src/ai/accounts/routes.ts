import {
  AiBudget,
  AiCall,
  AiContent,
  AiForecast,
  AiUsage,
  BudgetDeclaration,
  BudgetInput,
  page,
  Slug,
  Time,
  UsageBy,
} from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../../access/index.ts';
import { HubError } from '../../platform/errors.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { AiAccounts } from './index.ts';

const DAY = 86_400_000;
const LONGEST = 800 * DAY;
const Name = z.strictObject({ name: BudgetDeclaration.shape.name });

/** A range of time: the last 24 hours unless said otherwise. */
function rangeOf(from: string | undefined, to: string | undefined, now: number): { from: number; to: number } {
  const end = to === undefined ? now : Date.parse(to);
  const start = from === undefined ? end - DAY : Date.parse(from);
  if (start >= end) throw invalid('query.from', 'must be before "to"');
  if (end - start > LONGEST) throw invalid('query.from', 'lies more than 800 days before "to"');
  return { from: start, to: Math.min(end, now) };
}

const invalid = (field: string, reason: string) =>
  new HubError('invalid', `${field}: ${reason}`, { fields: [{ field, reason }] });

/** Usage, calls and budgets of AI, for operators and for tenants about themselves. */
export function accountRoutes(accounts: AiAccounts, now: () => number): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/ops/ai/usage',
      auth: 'ops:view',
      tag: 'AI',
      summary: 'AI calls, success, latency, tokens and cost of a span of time',
      query: z.strictObject({
        from: Time.optional(),
        to: Time.optional(),
        by: UsageBy.default('provider'),
        project: Slug.optional(),
      }),
      response: AiUsage,
      handle: ({ caller, query }) =>
        accounts.usage(caller, { ...rangeOf(query.from, query.to, now()), by: query.by, project: query.project }),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/ai/calls',
      auth: 'ops:view',
      tag: 'AI',
      summary: 'AI calls, newest first',
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(500).default(50),
        cursor: z.string().max(128).optional(),
        project: Slug.optional(),
        tenant: z.string().max(128).optional(),
        provider: z.string().max(128).optional(),
        model: z.string().max(200).optional(),
        intent: z.string().max(32).optional(),
        outcome: z.enum(['ok', 'refused', 'failed', 'cancelled', 'cut']).optional(),
        failedOver: z.enum(['true', 'false']).optional(),
        from: Time.optional(),
        to: Time.optional(),
      }),
      response: page(AiCall),
      handle: ({ caller, query: { from, to, failedOver, ...rest } }) =>
        accounts.calls(caller, {
          ...rest,
          failedOver: failedOver === 'true',
          ...(from === undefined ? {} : { from: Date.parse(from) }),
          ...(to === undefined ? {} : { to: Date.parse(to) }),
        }),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/ai/calls/{id}',
      auth: 'ops:view',
      tag: 'AI',
      summary: 'One AI call: its audit record',
      params: z.strictObject({ id: z.string().min(1).max(128) }),
      response: AiCall,
      handle: ({ caller, params }) => accounts.call(caller, params.id),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/ai/calls/{id}/content',
      auth: 'configure',
      tag: 'AI',
      summary: 'What was said in a call, where its tenant wants that kept',
      params: z.strictObject({ id: z.string().min(1).max(128) }),
      response: AiContent,
      handle: ({ caller, params }) => accounts.contents.read(caller, params.id),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/ai/forecast',
      auth: 'ops:view',
      tag: 'AI',
      summary: "What the month's AI bill may come to",
      response: AiForecast,
      handle: ({ caller }) => accounts.forecast(caller),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/ai/budgets',
      auth: 'ops:view',
      tag: 'AI',
      summary: 'Budgets, and how far each is used',
      response: z.object({ items: z.array(AiBudget) }),
      handle: async ({ caller }) => ({ items: await accounts.budgets.list(caller) }),
    }),
    defineRoute({
      method: 'put',
      path: '/ops/ai/budgets/{name}',
      auth: 'configure of all',
      tag: 'AI',
      summary: 'Declare a budget, or change one that was declared here',
      params: Name,
      body: BudgetInput,
      response: AiBudget.pick({ declaration: true, declaredIn: true }),
      handle: ({ caller, params: { name }, body }) => {
        if (body.name !== undefined && body.name !== name)
          throw invalid('body.name', `must be "${name}", as in the path`);
        return accounts.budgets.put(caller, BudgetDeclaration.parse({ ...body, name }));
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/ops/ai/budgets/{name}',
      auth: 'configure of all',
      tag: 'AI',
      summary: 'Remove a budget that was declared through the API',
      params: Name,
      status: 204,
      handle: ({ caller, params }) => accounts.budgets.remove(caller, params.name),
    }),
  ];
}
