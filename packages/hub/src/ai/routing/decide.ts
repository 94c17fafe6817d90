import type { AiApi, AiCapability, AiSplitDeclaration } from '@orrery/protocol';
import { drawArm } from './split.ts';

/** A provider as routing sees it: what it can, and how it is now. */
export type ProviderFacts = {
  readonly name: string;
  readonly priority: number;
  readonly weight: number;
  readonly local: boolean;
  readonly maxLatencyMs: number | undefined;
  readonly apis: readonly AiApi[];
  readonly models: readonly ModelFacts[];
  /** Models that it listed itself. */
  readonly listed: ReadonlySet<string>;
  /** Whether a model of this name is surely its own. */
  readonly owns: RegExp | undefined;
  /** Whether any of its keys may be used now; `half-open` asks once, to see. */
  readonly state: 'closed' | 'half-open' | 'resting';
  /** When the first of its keys may be used again, in ms from now. */
  readonly restMs: number;
  readonly inFlight: number;
  /** Peak EWMA of the time to first content; undefined while it has none. */
  readonly latencyMs: number | undefined;
};
export type ModelFacts = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly context: number | undefined;
  readonly capabilities: readonly AiCapability[];
  readonly apis: readonly AiApi[] | undefined;
};
export type Question = {
  readonly model: string;
  readonly api: AiApi;
  readonly needs: readonly AiCapability[];
  readonly inputTokens: number;
  readonly maxOutputTokens: number;
  readonly localOnly: boolean;
  readonly maxLatencyMs: number | undefined;
  readonly maxCostUsd: number | undefined;
  /** Who stays with an arm: by what the split asks for. */
  readonly sticky: Readonly<Record<'user' | 'key' | 'tenant', string>>;
  readonly fallback: 'any' | 'same';
};
export type Chosen = {
  readonly provider: string;
  readonly model: string;
  readonly local: boolean;
  /** The API that the provider is asked in: the caller's own, or one that it is translated to. */
  readonly api: AiApi;
  /** Whether the caller asked for this model; the others stand in for it. */
  readonly exact: boolean;
  readonly estimateUsd: number | null;
};
export type Decision = {
  readonly candidates: readonly Chosen[];
  /** Who was left out, and why; in the words of the audit row. */
  readonly leftOut: readonly { readonly provider: string; readonly reason: string }[];
  readonly split?: { readonly name: string; readonly arm: string };
  readonly order: string;
  /** Why there is no candidate. */
  readonly none?: {
    readonly code: 'model_not_found' | 'no_provider' | 'unsatisfiable' | 'resting';
    readonly detail: string;
  };
  readonly retryAfterMs?: number;
};

/** To which APIs a call can be translated, the best first. */
const SERVED_BY: Readonly<Record<AiApi, readonly AiApi[]>> = {
  chat: ['chat', 'messages'],
  messages: ['messages', 'chat'],
  responses: ['responses', 'chat', 'messages'],
  embeddings: ['embeddings'],
};
const ANY_MODEL: Omit<ModelFacts, 'name'> = {
  aliases: [],
  context: undefined,
  capabilities: ['tools', 'images', 'structured'],
  apis: undefined,
};

/**
 * Which providers to ask, in which order: constraints first, then who has the model, priority, promised latency, load, measured latency
 * and cost. Pure; `priceOf` answers the price of the estimate in USD, null for unpriced.
 */
export function decide(
  question: Question,
  providers: readonly ProviderFacts[],
  splits: readonly AiSplitDeclaration[],
  priceOf: (provider: string, model: string) => number | null,
): Decision {
  const split = splits.find(({ model }) => model === question.model);
  const arm = split && drawArm(split, question.sticky[split.sticky]);
  const [asked, only] = arm ? [arm.model, arm.provider] : pinned(question.model, providers);
  const leftOut: { provider: string; reason: string }[] = [];
  const fit: { chosen: Chosen; facts: ProviderFacts }[] = [];
  let known = false;
  let restMs = Number.POSITIVE_INFINITY;
  for (const facts of providers) {
    const { name: provider } = facts;
    if (only !== undefined && provider !== only) continue;
    const exact = modelOf(facts, asked);
    known ||= exact !== undefined;
    const standIn = question.fallback === 'any' && only === undefined ? standInOf(facts, question) : undefined;
    const model = exact ?? standIn;
    const fault = model === undefined ? `has no model ${asked}` : unfit(question, facts, model);
    if (model === undefined || fault !== undefined) {
      leftOut.push({ provider, reason: fault ?? '' });
      continue;
    }
    const api = apiFor(question.api, facts, model);
    if (api === undefined) {
      leftOut.push({ provider, reason: `does not understand ${question.api}` });
      continue;
    }
    if (facts.state === 'resting') {
      restMs = Math.min(restMs, facts.restMs);
      leftOut.push({ provider, reason: `rests for ${Math.ceil(facts.restMs / 1000)} s` });
      continue;
    }
    const estimateUsd = facts.local ? 0 : priceOf(provider, model.name);
    if (question.maxCostUsd !== undefined && (estimateUsd === null || estimateUsd > question.maxCostUsd)) {
      leftOut.push({ provider, reason: estimateUsd === null ? 'has no price' : `would cost ${estimateUsd} USD` });
      continue;
    }
    const chosen = { provider, model: model.name, local: facts.local, api, exact: exact !== undefined, estimateUsd };
    fit.push({ chosen, facts });
  }
  const explained = {
    leftOut,
    order: 'model, priority, promised latency, load, latency, cost',
    ...(split && arm ? { split: { name: split.name, arm: arm.model } } : {}),
  };
  // A stand-in takes over from somebody: a name that nobody has is a mistake of the caller's, and is not served.
  if (providers.length === 0 || (!known && asked !== 'auto'))
    return { ...explained, candidates: [], none: nobody(asked, providers.length) };
  if (fit.length === 0)
    return {
      ...explained,
      candidates: [],
      none: Number.isFinite(restMs)
        ? { code: 'resting', detail: 'Every provider that could serve this rests after failures; try again later.' }
        : {
            code: 'unsatisfiable',
            detail: `No provider can serve this: ${leftOut.map((one) => `${one.provider} ${one.reason}`).join('; ')}.`,
          },
      ...(Number.isFinite(restMs) ? { retryAfterMs: restMs } : {}),
    };
  fit.sort((a, b) => compare(rank(a.chosen, a.facts), rank(b.chosen, b.facts)));
  return { ...explained, candidates: fit.map(({ chosen }) => chosen) };
}

const nobody = (model: string, count: number): NonNullable<Decision['none']> =>
  count === 0
    ? { code: 'no_provider', detail: 'No AI provider is declared; see docs/orchestrator.md.' }
    : { code: 'model_not_found', detail: `No provider has the model "${model}"; GET /v1/models lists what there is.` };

/** `provider/model` asks for the model of that provider alone, unless a model itself has that name. */
function pinned(model: string, providers: readonly ProviderFacts[]): [string, string | undefined] {
  const cut = model.indexOf('/');
  if (cut < 1 || providers.some((facts) => modelOf(facts, model))) return [model, undefined];
  const provider = providers.find(({ name }) => name === model.slice(0, cut));
  return provider ? [model.slice(cut + 1), provider.name] : [model, undefined];
}

function modelOf(facts: ProviderFacts, asked: string): ModelFacts | undefined {
  if (asked === 'auto') return facts.models[0];
  const declared = facts.models.find(({ name, aliases }) => name === asked || aliases.includes(asked));
  if (declared) return declared;
  if (facts.models.length > 0) return undefined;
  // Ollama's names carry a tag that people leave out.
  const listed = facts.listed.has(asked) || facts.listed.has(`${asked}:latest`) || facts.owns?.test(asked) === true;
  return listed ? { ...ANY_MODEL, name: asked } : undefined;
}

/** The model with which a provider stands in: the first that understands the call. */
function standInOf(facts: ProviderFacts, question: Question): ModelFacts | undefined {
  const declared = facts.models.find((model) => apiFor(question.api, facts, model) && !unfit(question, facts, model));
  if (declared ?? facts.models.length > 0) return declared ?? facts.models[0];
  // A model that makes embeddings stands in for no other: its vectors are of another space.
  const first = [...facts.listed].find((name) => !/embed/.test(name) && (facts.owns?.test(name) ?? true));
  if (question.api === 'embeddings') return undefined;
  return first === undefined ? undefined : { ...ANY_MODEL, name: first };
}

function apiFor(api: AiApi, facts: ProviderFacts, model: ModelFacts): AiApi | undefined {
  const offered = model.apis ?? facts.apis;
  return SERVED_BY[api].find((one) => offered.includes(one));
}

function unfit(question: Question, facts: ProviderFacts, model: ModelFacts): string | undefined {
  if (question.localOnly && !facts.local) return 'is not local';
  const lacks = question.needs.find((need) => !model.capabilities.includes(need));
  if (lacks) return `${model.name} cannot do ${lacks}`;
  const tokens = question.inputTokens + question.maxOutputTokens;
  if (model.context !== undefined && tokens > model.context)
    return `${model.name} takes ${model.context} tokens, not about ${tokens}`;
  if (question.maxLatencyMs !== undefined && facts.latencyMs !== undefined && facts.latencyMs > question.maxLatencyMs)
    return `takes about ${Math.round(facts.latencyMs)} ms just now`;
  return undefined;
}

/** Smaller comes first, place by place. */
function rank(chosen: Chosen, facts: ProviderFacts): number[] {
  const late = facts.maxLatencyMs !== undefined && (facts.latencyMs ?? 0) > facts.maxLatencyMs;
  return [
    chosen.exact ? 0 : 1,
    late ? 1 : 0,
    facts.priority,
    // One more call on top of those under way, by what it can carry.
    (facts.inFlight + 1) / facts.weight,
    facts.latencyMs ?? 0,
    chosen.estimateUsd ?? Number.MAX_VALUE,
  ];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i] ?? 0;
    if (left !== right) return left - right;
  }
  return 0;
}
