import type { CallFacts, CallOutcome, Lost, Usage } from '../types.ts';
import type { Cost } from './prices.ts';
import type { CallRow } from './tables.ts';

const MAX_WORD = 200;
const MAX_DECISION = 4096;

/** What callers write is kept short and free of what a database refuses. */
const word = (text: string): string => text.slice(0, MAX_WORD).toWellFormed().replaceAll('\0', '');
const wordOrNull = (text: string | undefined | null): string | null =>
  text === undefined || text === null ? null : word(text);

/** Of a call what stands in its row from the beginning, and is all that is known of one that never came to an end. */
export type KnownFacts = Pick<
  CallRow,
  | 'id'
  | 'at'
  | 'tenant'
  | 'project'
  | 'key_id'
  | 'end_user'
  | 'caller_kind'
  | 'caller_id'
  | 'caller_name'
  | 'intent'
  | 'protocol'
  | 'stream'
  | 'model_asked'
>;

export const knownFacts = (call: CallFacts): KnownFacts => ({
  id: call.id,
  at: call.at,
  tenant: wordOrNull(call.tenant),
  project: wordOrNull(call.project),
  key_id: wordOrNull(call.key),
  end_user: wordOrNull(call.user),
  caller_kind: call.caller.kind,
  caller_id: word(call.caller.id),
  caller_name: word(call.caller.name),
  intent: call.intent,
  protocol: call.protocol,
  stream: call.stream ? 1 : 0,
  model_asked: word(call.modelAsked),
});

/** Tokens as they are counted: the provider's word, or an estimate where it gave none. */
export type Counted = Usage & { estimated: boolean };

const CHARS_PER_TOKEN = 3;

/**
 * What a call used. A provider that was cut off in the middle, or whose caller left, has worked and will bill it: its prompt counts as
 * estimated, its answer by the characters that came. One that failed before it said anything counts nothing.
 */
export function counted(estimate: CallFacts['estimate'], outcome: CallOutcome): Counted {
  if (outcome.cached) return { inputTokens: 0, outputTokens: 0, estimated: false };
  const said = Math.ceil((outcome.receivedChars ?? 0) / CHARS_PER_TOKEN);
  const { usage } = outcome;
  // Providers count at the end of a stream: one that was cut has said more than it had counted by then.
  const isShort = usage !== undefined && outcome.outcome !== 'ok' && usage.outputTokens < said;
  if (usage) return { ...usage, ...(isShort ? { outputTokens: said } : {}), estimated: isShort };
  const worked = outcome.outcome === 'ok' || outcome.outcome === 'cut' || outcome.outcome === 'cancelled';
  // Whoever was asked when the caller left is among the lost, where anything is known of it.
  const nobody = outcome.provider === undefined && (outcome.outcome !== 'cancelled' || outcome.lost !== undefined);
  if (!worked || nobody) return { inputTokens: 0, outputTokens: 0, estimated: false };
  return { inputTokens: estimate.inputTokens, outputTokens: said, estimated: true };
}

/**
 * What a call used and cost in all: with the attempts that did not serve and are billed all the same. One without a price makes the sum
 * unknown, not smaller. Pure.
 */
export function inAll(
  served: { usage: Counted; cost: Cost | undefined },
  lost: readonly (Lost & { cost: Cost | undefined })[],
): { usage: Counted; cost: Cost | undefined } {
  const all = { ...served };
  for (const one of lost) {
    const usage: Counted = { ...all.usage, estimated: all.usage.estimated || one.estimated };
    for (const what of AMOUNTS) usage[what] = (usage[what] ?? 0) + (one.usage[what] ?? 0);
    all.usage = usage;
    all.cost = all.cost && one.cost && { nano: all.cost.nano + one.cost.nano, source: sourceOf(all.cost, one.cost) };
  }
  return all;
}

const AMOUNTS = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheWriteTokens', 'reasoningTokens'] as const;
const sourceOf = (one: Cost, other: Cost): string => (one.nano === 0 ? other.source : one.source);

/** The one row of a call that has come to its end. */
export function callRow(facts: KnownFacts, outcome: CallOutcome, usage: Counted, cost: Cost | undefined): CallRow {
  const { decision: why = null, failovers, lost = [] } = outcome;
  const told = JSON.stringify({ decision: why, failovers, ...(lost.length > 0 ? { lost } : {}) });
  return {
    ...facts,
    provider: wordOrNull(outcome.provider),
    model: wordOrNull(outcome.model),
    provider_key: wordOrNull(outcome.providerKey),
    input_tokens: whole(usage.inputTokens),
    output_tokens: whole(usage.outputTokens),
    cache_read_tokens: whole(usage.cacheReadTokens),
    cache_write_tokens: whole(usage.cacheWriteTokens),
    reasoning_tokens: whole(usage.reasoningTokens),
    estimated: usage.estimated ? 1 : 0,
    cost_nano: cost?.nano ?? null,
    price_source: cost?.source ?? null,
    latency_ms: whole(outcome.latencyMs),
    first_token_ms: outcome.firstTokenMs === undefined ? null : whole(outcome.firstTokenMs),
    overhead_us: whole(outcome.overheadMs * 1000),
    outcome: outcome.outcome,
    status: outcome.status,
    failovers: outcome.failovers.length,
    cached: outcome.cached ? 1 : 0,
    error: wordOrNull(outcome.error),
    decision:
      told.length <= MAX_DECISION
        ? told.replaceAll('\\u0000', '')
        : JSON.stringify({ decision: null, failovers: failovers.slice(0, 10), lost: lost.slice(0, 10) }),
  };
}

/** A provider's own figures are not believed to be whole, finite or small. */
const whole = (value: number | undefined): number =>
  value !== undefined && Number.isFinite(value) ? Math.min(Math.max(Math.round(value), 0), 1e12) : 0;
