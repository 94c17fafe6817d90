import type { Role } from '@orrery/protocol';
import { glob } from '../../platform/glob.ts';
import type { CallFacts, Candidate } from '../types.ts';

export type Policy = {
  maxInputTokens?: number | undefined;
  models: readonly { role: Role; allow: readonly string[] }[];
};
export type Refusal = { reason: string; detail: string; status: 402 | 403 | 429; retryAfterMs?: number };

/** Pure: a caller who may ask for some models alone is served by no other that stands in for one of them. */
export function permitted(policy: Policy, call: CallFacts, candidates: readonly Candidate[]): readonly Candidate[] {
  const rule = policy.models.find(({ role }) => role === call.caller.role);
  if (!rule?.allow.some((pattern) => glob(pattern, call.modelAsked))) return candidates;
  return candidates.filter(({ exact, model }) => exact !== false || rule.allow.some((pattern) => glob(pattern, model)));
}

/** Pure: what a caller may ask of models at all, whatever it costs; undefined when nothing is against it. */
export function forbids(policy: Policy, call: CallFacts, candidates: readonly Candidate[]): Refusal | undefined {
  const { maxInputTokens, models } = policy;
  if (maxInputTokens !== undefined && call.estimate.inputTokens > maxInputTokens)
    return {
      reason: 'prompt_too_large',
      detail: `The prompt has about ${call.estimate.inputTokens} tokens; ai.guardrails.maxInputTokens allows ${maxInputTokens}.`,
      status: 403,
    };
  const rule = models.find(({ role }) => role === call.caller.role);
  const allowed = (model: string) => rule === undefined || rule.allow.some((pattern) => glob(pattern, model));
  // An alias is as allowed as all that it may lead to.
  const leadsTo = candidates.map(({ model }) => model);
  if (rule && !allowed(call.modelAsked) && (leadsTo.length === 0 || !leadsTo.every(allowed)))
    return {
      reason: 'model_not_allowed',
      detail: `The role ${rule.role} may not ask for the model "${call.modelAsked.slice(0, 128)}" (ai.guardrails.models).`,
      status: 403,
    };
  return undefined;
}
