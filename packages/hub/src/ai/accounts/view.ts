import type { AiCall } from '@orrery/protocol';
import { iso } from '../../platform/clock.ts';
import type { Lost } from '../types.ts';
import type { CallRow } from './tables.ts';

/** Dollars of billionths of one, as a decimal number. */
export const usd = (nano: number): number => nano / 1e9;

/** The record of a call: the same in the API, in exports and on the audit topic. */
export function auditRecord(row: CallRow): AiCall {
  const told = (row.decision === null ? {} : JSON.parse(row.decision)) as {
    decision?: unknown;
    failovers?: AiCall['failovers'];
    lost?: Lost[];
  };
  return {
    id: row.id,
    at: iso(row.at),
    tenant: row.tenant,
    project: row.project,
    key: row.key_id,
    user: row.end_user,
    caller: { kind: row.caller_kind, id: row.caller_id, name: row.caller_name },
    intent: row.intent,
    protocol: row.protocol,
    stream: row.stream === 1,
    modelAsked: row.model_asked,
    provider: row.provider,
    model: row.model,
    providerKey: row.provider_key,
    usage: {
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      cacheReadTokens: row.cache_read_tokens,
      cacheWriteTokens: row.cache_write_tokens,
      reasoningTokens: row.reasoning_tokens,
      estimated: row.estimated === 1,
    },
    costUsd: row.cost_nano === null ? null : usd(row.cost_nano),
    costNanoUsd: row.cost_nano,
    priceSource: row.price_source,
    latencyMs: row.latency_ms,
    firstTokenMs: row.first_token_ms,
    overheadMs: row.overhead_us / 1000,
    outcome: row.outcome,
    status: row.status,
    failovers: told.failovers ?? [],
    cached: row.cached === 1,
    error: row.error,
    lost: told.lost ?? [],
    decision: told.decision ?? null,
  };
}
