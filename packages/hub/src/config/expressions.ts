import { ChannelDeclaration, RuleDeclaration } from '@orrery/protocol';
import { z } from 'zod';
import { patternProblem } from '../ai/index.ts';
import { channelProblems, ruleProblems } from '../alerts/index.ts';
import type { Relation } from './relations.ts';

type Problem = { path: readonly PropertyKey[]; reason: string };

/** What is wrong inside rules and templates that have the right shape. Works on unchecked values, so that all mistakes are listed together. */
export function checkExpressions(file: unknown): Relation[] {
  return [
    ...each(file, 'rules', (value) => {
      const { data } = RuleDeclaration.safeParse(value);
      return data === undefined ? [] : ruleProblems(data);
    }),
    ...each(file, 'channels', (value) => {
      const { data } = ChannelDeclaration.safeParse(value);
      return data === undefined ? [] : channelProblems(data);
    }),
    ...redactionProblems(file),
  ];
}

function each(file: unknown, key: string, problems: (value: unknown) => readonly Problem[]): Relation[] {
  const list = (file as Record<string, unknown> | null | undefined)?.[key];
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, i) =>
    problems(value).map(({ path, reason }) => ({ path: [key, i, ...path], reason })),
  );
}

const Redactions = z.object({
  ai: z.object({
    guardrails: z.object({
      redact: z.array(z.object({ patterns: z.array(z.object({ pattern: z.string().max(500) })) })),
    }),
  }),
});

function redactionProblems(file: unknown): Relation[] {
  const { data } = Redactions.safeParse(file);
  return (data?.ai.guardrails.redact ?? []).flatMap(({ patterns }, i) =>
    patterns.flatMap(({ pattern }, j) => {
      const reason = patternProblem(pattern);
      return reason === undefined
        ? []
        : [{ path: ['ai', 'guardrails', 'redact', i, 'patterns', j, 'pattern'], reason }];
    }),
  );
}
