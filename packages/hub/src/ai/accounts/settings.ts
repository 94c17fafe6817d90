import type { BudgetDeclaration, ConcurrencyDeclaration, PriceDeclaration, RedactionRule } from '@orrery/protocol';
import type { Policy } from './policy.ts';

/** The parts of `ai:` in orrery.yaml that are about accounts, in the hub's own units. */
export type AccountsConfig = {
  readonly budgets: readonly { readonly declaration: BudgetDeclaration; readonly ref: string }[];
  readonly concurrency: readonly ConcurrencyDeclaration[];
  readonly prices: readonly PriceDeclaration[];
  readonly cache: { readonly tenants: readonly string[]; readonly ttlMs: number; readonly maxBytes: number };
  readonly content: { readonly tenants: readonly string[]; readonly keepMs: number };
  readonly redact: readonly {
    readonly tenants: readonly string[];
    readonly rules: readonly RedactionRule[];
    readonly patterns: readonly { readonly name: string; readonly pattern: string }[];
  }[];
  readonly policy: Policy;
  readonly slowerThanMs: number;
  readonly retention: {
    readonly calls: number;
    readonly hourly: number;
    readonly daily: number;
    readonly leads: number;
  };
};
