import type { BudgetDeclaration, ConcurrencyDeclaration, PriceDeclaration } from '@orrery/protocol';
import { BudgetDeclaration as Budget } from '@orrery/protocol';
import { systemCaller } from '../../access/index.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import type { Db, DbKind } from '../../platform/db.ts';
import { newId } from '../../platform/ids.ts';
import { createKafka } from '../../platform/kafka.ts';
import { silentLog } from '../../platform/testing.ts';
import type { CallFacts, CallOutcome, Candidate } from '../types.ts';
import { createLedger, type OnSettled } from './accounts.ts';
import { createBudgetBook } from './budgetBook.ts';
import { createPrices } from './prices.ts';
import type { AccountsConfig } from './settings.ts';

/** For tests: the settings of a hub that declares nothing. */
export const settings = (more: Partial<AccountsConfig> = {}): AccountsConfig => ({
  budgets: [],
  concurrency: [],
  prices: [],
  cache: { tenants: [], ttlMs: 3_600_000, maxBytes: 1 << 20 },
  content: { tenants: [], keepMs: 7 * 86_400_000 },
  redact: [],
  policy: { models: [] },
  slowerThanMs: 2000,
  retention: { calls: 90 * 86_400_000, hourly: 60 * 86_400_000, daily: 800 * 86_400_000, leads: 800 * 86_400_000 },
  ...more,
});

/** One dollar for a thousand tokens of output, nothing for input: figures that can be reckoned in the head. */
export const PRICE: PriceDeclaration = { provider: 'test', model: 'dear', input: 0, output: 1000 };
export const DEAR: Candidate = { provider: 'test', model: 'dear', local: false };
export const LOCAL: Candidate = { provider: 'ollama', model: 'llama3', local: true };

export const budgets = (...list: (Partial<BudgetDeclaration> & { name: string; per: BudgetDeclaration['per'] })[]) =>
  list.map((declaration, i) => ({ declaration: Budget.parse(declaration), ref: `orrery.yaml:${i + 1}` }));

/** For tests: a ledger on a database, with the price above. */
export function ledgerOn(
  db: Db,
  kind: DbKind,
  more: {
    config?: Partial<AccountsConfig>;
    concurrency?: ConcurrencyDeclaration[];
    hub?: string;
    clock?: Clock;
    brokers?: string[];
    onSettled?: OnSettled;
  } = {},
) {
  const clock = more.clock ?? systemClock;
  const config = settings({ prices: [PRICE], ...more.config });
  const kafka = createKafka({ db, clock, log: silentLog, brokers: more.brokers });
  const ledger = createLedger({
    db,
    kind,
    clock,
    log: silentLog,
    kafka,
    hub: more.hub ?? 'hub-1',
    config: () => config,
    budgets: createBudgetBook({ db, clock, config: () => config, audit: async () => undefined }),
    prices: createPrices(() => config.prices),
    ...(more.onSettled ? { onSettled: more.onSettled } : {}),
  });
  return { ledger, kafka };
}

/** For tests: a call of up to a thousand tokens of output, a dollar at most. */
export const call = (more: Partial<CallFacts> = {}): CallFacts => ({
  id: newId('call', Date.now()),
  at: Date.now(),
  caller: { ...systemCaller('test'), role: 'agent' },
  tenant: 'acme',
  intent: 'chat',
  protocol: 'openai',
  modelAsked: 'dear',
  stream: false,
  estimate: { inputTokens: 10, maxOutputTokens: 1000 },
  ...more,
});

export const served = (outputTokens: number, more: Partial<CallOutcome> = {}): CallOutcome => ({
  outcome: 'ok',
  status: 200,
  provider: 'test',
  model: 'dear',
  usage: { inputTokens: 10, outputTokens },
  latencyMs: 120,
  firstTokenMs: 40,
  overheadMs: 0.4,
  failovers: [],
  decision: { because: 'the only one' },
  ...more,
});
