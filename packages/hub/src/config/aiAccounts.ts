import { type FileDeclaration, parseDuration } from '@orrery/protocol';
import type { AccountsConfig } from '../ai/index.ts';

const MIB = 1024 * 1024;

/** The accounts of AI calls in the hub's own units. `ref` says where in the file something stands. */
export function toAccountsConfig(
  ai: FileDeclaration['ai'],
  ref: (path: readonly PropertyKey[]) => string,
): AccountsConfig {
  const ms = (text: string): number => parseDuration(text) ?? 0;
  return {
    budgets: ai.budgets.map((declaration, i) => ({ declaration, ref: ref(['ai', 'budgets', i]) })),
    concurrency: ai.concurrency,
    prices: ai.prices,
    cache: { tenants: ai.cache.tenants, ttlMs: ms(ai.cache.ttl), maxBytes: ai.cache.maxMb * MIB },
    content: { tenants: ai.content.tenants, keepMs: ms(ai.content.keep) },
    redact: ai.guardrails.redact,
    policy: { maxInputTokens: ai.guardrails.maxInputTokens, models: ai.guardrails.models },
    slowerThanMs: ms(ai.notices.slowerThan),
    retention: {
      calls: ms(ai.retention.calls),
      hourly: ms(ai.retention.hourly),
      daily: ms(ai.retention.daily),
      leads: ms(ai.retention.leads),
    },
  };
}
