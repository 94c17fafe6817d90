import type { Caller } from '../access/index.ts';

/** What is asked of a model, by the door it came in through. */
export type Intent = 'chat' | 'responses' | 'messages' | 'embeddings' | 'extract' | 'summarize' | 'route' | 'diagnose';

/** What is known of a call before any provider has heard of it. */
export type CallFacts = {
  /** The audit id: a UUIDv7, which the answer carries as `x-orrery-audit-id`. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly caller: Caller;
  readonly tenant: string | null;
  readonly project?: string;
  /** The end user whom the caller names (OpenAI's `user` or `safety_identifier`, Anthropic's `metadata.user_id`). */
  readonly user?: string;
  /** The API key with which the caller came, if any. */
  readonly key?: string;
  readonly intent: Intent;
  readonly protocol: 'openai' | 'anthropic' | 'orrery';
  /** As the caller wrote it: a model, an alias, or `auto`. */
  readonly modelAsked: string;
  readonly stream: boolean;
  readonly estimate: { readonly inputTokens: number; readonly maxOutputTokens: number };
};

/** A provider and model that could serve a call. */
export type Candidate = {
  readonly provider: string;
  readonly model: string;
  readonly local: boolean;
  /** False for one that stands in for the model that was asked for. */
  readonly exact?: boolean;
};

/** Tokens as the provider counted them; `inputTokens` includes what was read from or written to its prompt cache. */
export type Usage = {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens?: number;
  cacheWriteTokens?: number;
  reasoningTokens?: number;
};

/** `refused`: the caller's own fault or over a limit. `cut`: content had begun when the provider failed. */
export type Outcome = 'ok' | 'refused' | 'failed' | 'cancelled' | 'cut';

/** What an attempt that did not serve has used all the same: its provider will bill it. */
export type Lost = { provider: string; model: string; usage: Usage; estimated: boolean };

/** How a call ended. */
export type CallOutcome = {
  readonly outcome: Outcome;
  /** The HTTP status that the caller saw. */
  readonly status: number;
  readonly provider?: string;
  /** The model that served, as its provider names it. */
  readonly model?: string;
  /** Which of the provider's keys, by its position. */
  readonly providerKey?: string;
  /** Absent when the provider did not say: then the estimate is all there is. */
  readonly usage?: Usage;
  /** What the hub knows was received when `usage` is absent (a stream that was cut): characters of content. */
  readonly receivedChars?: number;
  readonly latencyMs: number;
  readonly firstTokenMs?: number;
  /** Of the latency, what the hub itself took. */
  readonly overheadMs: number;
  readonly failovers: readonly { readonly provider: string; readonly reason: string }[];
  /** Attempts besides the one that served, as far as they cost something. */
  readonly lost?: readonly Lost[];
  /** Why this provider: the routing decision, for people to read. */
  readonly decision: unknown;
  /** Answered from the exact cache; nothing was paid. */
  readonly cached?: boolean;
  readonly error?: string;
};

export type Admission =
  /** `only`: of the candidates those that this caller may be served by, where that is not all. */
  | { readonly ok: true; readonly localOnly?: boolean; readonly only?: readonly Candidate[] }
  | {
      readonly ok: false;
      readonly reason: string;
      readonly detail: string;
      readonly retryAfterMs?: number;
      readonly status: 402 | 403 | 429;
    };

/** Budgets, ledger and audit of calls. */
export interface Accounts {
  /** Commits the intent row, reserves budget and a concurrency place; or says why not. The candidates let it reserve for the dearest one. */
  admit(call: CallFacts, candidates: readonly Candidate[], signal?: AbortSignal): Promise<Admission>;
  /** Settles what `admit` reserved and writes ledger and audit; called once, before the answer is closed, also when the client left. Answers what it cost, in billionths of a dollar; null when nobody knows. */
  settle(call: CallFacts, outcome: CallOutcome): Promise<number | null>;
}

export type CachedAnswer = { status: number; contentType: string; body: Uint8Array; provider?: string; model?: string };

/** Exact answers kept per tenant. */
export interface Cache {
  /** `steered`: headers of the caller that change what a provider answers, in one text. */
  get(call: CallFacts, body: Uint8Array, steered?: string): Promise<CachedAnswer | undefined>;
  /** Only whole, successful answers come here. */
  put(call: CallFacts, body: Uint8Array, answer: CachedAnswer, steered?: string): Promise<void>;
  /** Whether the tenant of this call has opted in; false costs nothing. */
  wants(call: CallFacts): boolean;
}

/** Judges a request before a provider sees it. */
export interface Guardrail {
  /** Answers the very same body when nothing was changed, so that its bytes may pass untouched. */
  check(
    call: CallFacts,
    body: unknown,
    provider: { readonly local: boolean },
  ): { ok: true; body: unknown } | { ok: false; reason: string };
}

/** What is said in calls, kept for the tenants that want it. */
export interface Contents {
  wants(call: CallFacts): boolean;
  /** Never throws; after the call is settled. */
  keep(call: CallFacts, request: Uint8Array, answer: Uint8Array): Promise<void>;
}
