import {
  HealAttempt,
  HealControl,
  HealPolicyView,
  HealSimulation,
  HealSimulationInput,
  HealStatus,
  page,
  Slug,
} from '@orrery/protocol';
import { z } from 'zod';
import { authorize, type Caller } from '../access/index.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { Repair } from './index.ts';

const tag = 'Repair';
const Id = z.strictObject({ id: z.string().max(64) });
const Reason = z.strictObject({ reason: z.string().max(500).default('') });

export function repairRoutes(repair: Repair): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/ops/autoheal',
      auth: 'ops:view',
      tag,
      summary: 'Heal attempts, newest first: trigger, diagnosis, remedy, verdict, outcome',
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(200).default(50),
        project: Slug.optional(),
        status: HealStatus.optional(),
        cursor: z
          .string()
          .regex(/^heal_[0-9a-z]{20,40}$/, 'must be the nextCursor of an earlier answer')
          .optional(),
      }),
      response: page(HealAttempt),
      handle: ({ caller, query }) => repair.list(caller, query),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/autoheal/{id}',
      auth: 'ops:view',
      tag,
      summary: 'One heal attempt',
      params: Id,
      response: HealAttempt,
      async handle({ caller, params }) {
        authorize(caller, 'ops:view');
        return repair.get(caller, params.id);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/ops/autoheal/{id}/approve',
      auth: 'actions:run',
      tag,
      summary: 'Let an attempt act that asks for it, by the plan that was frozen when it asked',
      params: Id,
      response: HealAttempt,
      handle: ({ caller, params }) => repair.approve(caller, params.id),
    }),
    defineRoute({
      method: 'post',
      path: '/ops/autoheal/{id}/deny',
      auth: 'actions:run',
      tag,
      summary: 'Say no to an attempt that asks',
      params: Id,
      body: Reason,
      response: HealAttempt,
      handle: ({ caller, params, body }) => repair.deny(caller, params.id, body.reason),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/heal/policies',
      auth: 'ops:view',
      tag,
      summary: 'Declared policies, what the guard last said of each, and what each did or would have done in a week',
      response: z.object({ items: z.array(HealPolicyView) }),
      handle: async ({ caller }) => ({ items: await repair.policies(caller) }),
    }),
    defineRoute({
      method: 'post',
      path: '/api/heal/simulate',
      auth: 'ops:view',
      tag,
      summary: 'What policies would have done with the alerts of the last days, by the same guard; nothing is done',
      body: HealSimulationInput,
      response: HealSimulation,
      perMinute: 30,
      unaudited: 'it reads only',
      echoes: true,
      handle: ({ caller, body }) => repair.simulate(caller, body),
    }),
    defineRoute({
      method: 'get',
      path: '/ops/heal/control',
      auth: 'ops:view',
      tag,
      summary: 'Whether repair is enabled, and who paused it',
      response: HealControl,
      handle: () => repair.control(),
    }),
    defineRoute({
      method: 'post',
      path: '/ops/heal/pause',
      auth: 'actions:run of all',
      tag,
      summary: 'The kill switch: nothing acts until it is resumed',
      body: Reason,
      response: HealControl,
      handle: ({ caller, body }) => repair.setPaused(caller, true, body.reason),
    }),
    defineRoute({
      method: 'post',
      path: '/ops/heal/resume',
      auth: 'actions:run of all',
      tag,
      summary: 'Let repair act again',
      body: Reason,
      response: HealControl,
      handle: ({ caller, body }) => repair.setPaused(caller, false, body.reason),
    }),
  ];
}
