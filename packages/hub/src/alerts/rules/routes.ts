import { RuleTestInput, RuleTestResult, RuleView } from '@orrery/protocol';
import { z } from 'zod';
import type { Caller } from '../../access/index.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { Rules } from './rules.ts';

export function ruleRoutes(rules: Rules): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/ops/rules',
      auth: 'ops:view of all',
      tag: 'Operations',
      summary: 'Rules over events and samples, with what each has matched since this hub started',
      response: z.object({ items: z.array(RuleView) }),
      handle: async ({ caller }) => ({ items: rules.views(caller) }),
    }),
    defineRoute({
      method: 'post',
      path: '/ops/rules/test',
      unaudited: 'it changes nothing: it says what a rule would do',
      auth: 'alerts:manage of all',
      tag: 'Operations',
      summary: 'What a rule would do with an event or a sample; nothing is done',
      body: RuleTestInput,
      response: RuleTestResult,
      perMinute: 120,
      handle: async ({ caller, body }) => rules.test(caller, body),
    }),
  ];
}
