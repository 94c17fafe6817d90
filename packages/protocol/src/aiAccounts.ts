import { z } from 'zod';
import { duration, Slug } from './common.ts';
import { ROLES } from './roles.ts';

/** What is declared of money, limits and care for content: `ai.budgets` and its neighbours in orrery.yaml. */

const Name = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 lower-case letters, digits, "-" or "_"');
const Word = z
  .string()
  .min(1)
  .max(128)
  .regex(/^\P{Cc}*$/u, 'must hold no control characters');
/** A model's name; `*` stands for anything. */
const ModelGlob = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');

/** The calls that a limit is about: all that agree with every word that is written. */
export const AiMatch = z.strictObject({
  tenant: Word.optional(),
  project: Slug.optional(),
  /** The id of an API key. */
  key: Word.optional(),
  /** The end user whom the caller names. */
  user: Word.optional(),
  /** The model asked for, with `*` for anything. */
  model: ModelGlob.optional(),
});
export type AiMatch = z.infer<typeof AiMatch>;

/** One limit for all calls together, or one for each of these. */
const Each = z.enum(['tenant', 'project', 'key', 'user', 'model']);
export type AiEach = z.infer<typeof Each>;
export const BudgetPeriod = z.enum(['minute', 'day', 'month']);
export type BudgetPeriod = z.infer<typeof BudgetPeriod>;

const positive = z.number().positive().max(1e12);

const budgetShape = {
  name: Name,
  match: AiMatch.prefault({}),
  each: Each.optional(),
  /** Calendar minutes, days and months of UTC. */
  per: BudgetPeriod,
  requests: z.int().positive().max(1e12).optional(),
  tokens: z.int().positive().max(1e12).optional(),
  /** US dollars, down to a millionth. */
  costUsd: positive.max(1e6).optional(),
  /** What becomes of a call beyond it: refused, or asked of a local model alone. */
  over: z.enum(['refuse', 'local']).default('refuse'),
};
export const BudgetDeclaration = z
  .strictObject(budgetShape)
  .refine((b) => b.requests !== undefined || b.tokens !== undefined || b.costUsd !== undefined, {
    error: 'needs at least one of "requests", "tokens" and "costUsd"',
  });
export type BudgetDeclaration = z.infer<typeof BudgetDeclaration>;

/** A budget through the API: its name stands in the path. */
export const BudgetInput = z
  .strictObject({ ...budgetShape, name: Name.optional() })
  .refine((b) => b.requests !== undefined || b.tokens !== undefined || b.costUsd !== undefined, {
    error: 'needs at least one of "requests", "tokens" and "costUsd"',
  });
export type BudgetInput = z.input<typeof BudgetInput>;

export const ConcurrencyDeclaration = z.strictObject({
  name: Name,
  match: AiMatch.prefault({}),
  each: z.enum(['tenant', 'project', 'key']).optional(),
  /** Calls under way at once, in each hub. */
  atOnce: z.int().min(1).max(10_000),
  /** How many may wait for a place. */
  queue: z.int().min(0).max(10_000).default(100),
  /** How long one may wait. */
  wait: duration('1ms', '10m').default('30s'),
});
export type ConcurrencyDeclaration = z.infer<typeof ConcurrencyDeclaration>;

/** US dollars for a million tokens. What is not written costs what `input` does. */
export const PriceDeclaration = z.strictObject({
  provider: Word.optional(),
  model: ModelGlob,
  input: z.number().min(0).max(1e6),
  output: z.number().min(0).max(1e6),
  cacheRead: z.number().min(0).max(1e6).optional(),
  cacheWrite: z.number().min(0).max(1e6).optional(),
});
export type PriceDeclaration = z.infer<typeof PriceDeclaration>;

export const RedactionRule = z.enum(['email', 'phone', 'card', 'iban', 'api-key', 'jwt', 'private-key']);
export type RedactionRule = z.infer<typeof RedactionRule>;

/** The parts of `ai:` that are about accounts. */
export const aiAccountsShape = {
  budgets: z.array(BudgetDeclaration).max(500).default([]),
  concurrency: z.array(ConcurrencyDeclaration).max(200).default([]),
  prices: z.array(PriceDeclaration).max(500).default([]),
  /** Exact answers are kept for these tenants. */
  cache: z
    .strictObject({
      tenants: z.array(Word).max(500).default([]),
      ttl: duration('1s', '30d').default('1h'),
      maxMb: z.int().min(1).max(4096).default(64),
    })
    .prefault({}),
  /** What is asked and answered is kept for these tenants, redacted and sealed, for a while; for nobody else. */
  content: z
    .strictObject({
      tenants: z.array(Word).max(500).default([]),
      keep: duration('1h', '90d').default('7d'),
    })
    .prefault({}),
  /** What is taken out of a request before another company sees it, and what may be asked at all. */
  guardrails: z
    .strictObject({
      redact: z
        .array(
          z.strictObject({
            tenants: z.array(Word).min(1).max(500),
            rules: z.array(RedactionRule).max(20).default(RedactionRule.options),
            patterns: z
              .array(z.strictObject({ name: Name, pattern: z.string().min(1).max(500) }))
              .max(50)
              .default([]),
          }),
        )
        .max(100)
        .default([]),
      maxInputTokens: z.int().positive().optional(),
      /** Models that a role may ask for, with `*` for anything; all of them where nothing is written. */
      models: z
        .array(z.strictObject({ role: z.enum(ROLES), allow: z.array(ModelGlob).max(200) }))
        .max(4)
        .default([]),
    })
    .prefault({}),
  /** What is worth a mark in Grafana and a line in the event stream. */
  notices: z.strictObject({ slowerThan: duration('1ms', '1h').default('2s') }).prefault({}),
  retention: z
    .strictObject({
      calls: duration('2d').default('90d'),
      hourly: duration('2d').default('60d'),
      daily: duration('31d').default('800d'),
      leads: duration('1d').default('800d'),
    })
    .prefault({}),
};

/** One AI call as the ledger, the audit topic and the API show it. A cost of null is unpriced, not free. */
export const AiCall = z.object({
  id: z.string(),
  at: z.string(),
  tenant: z.string().nullable(),
  project: z.string().nullable(),
  key: z.string().nullable(),
  user: z.string().nullable(),
  caller: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  intent: z.string(),
  protocol: z.string(),
  stream: z.boolean(),
  modelAsked: z.string(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  providerKey: z.string().nullable(),
  usage: z.object({
    inputTokens: z.int(),
    outputTokens: z.int(),
    cacheReadTokens: z.int(),
    cacheWriteTokens: z.int(),
    reasoningTokens: z.int(),
    /** The provider did not say: these are the hub's own figures. */
    estimated: z.boolean(),
  }),
  costUsd: z.number().nullable(),
  /** The same in billionths of a dollar, whole. */
  costNanoUsd: z.int().nullable(),
  priceSource: z.string().nullable(),
  latencyMs: z.int(),
  firstTokenMs: z.int().nullable(),
  overheadMs: z.number(),
  outcome: z.string(),
  status: z.int(),
  failovers: z.array(z.object({ provider: z.string(), reason: z.string() })),
  /** Attempts that did not serve and are billed all the same; they are part of the figures above. */
  lost: z.array(
    z.object({
      provider: z.string(),
      model: z.string(),
      usage: z.looseObject({ inputTokens: z.int(), outputTokens: z.int() }),
      estimated: z.boolean(),
    }),
  ),
  cached: z.boolean(),
  error: z.string().nullable(),
  /** Why this provider. */
  decision: z.unknown(),
});
export type AiCall = z.infer<typeof AiCall>;

/** What was said in a call, of a tenant that wants it kept. */
export const AiContent = z.object({ id: z.string(), request: z.string(), answer: z.string(), until: z.string() });
export type AiContent = z.infer<typeof AiContent>;

export const UsageBy = z.enum(['provider', 'model', 'tenant', 'project', 'intent', 'key']);
export type UsageBy = z.infer<typeof UsageBy>;

const usageFigures = {
  calls: z.int(),
  /** 0–100; of the calls that were not refused. null where there was none. */
  successRate: z.number().nullable(),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  cacheReadTokens: z.int(),
  costUsd: z.number(),
  /** Calls whose price nobody knows; `costUsd` is without them. */
  unpricedCalls: z.int(),
  refused: z.int(),
  failovers: z.int(),
  cacheHits: z.int(),
};
export const AiUsageGroup = z.object({ name: z.string(), ...usageFigures });
export type AiUsageGroup = z.infer<typeof AiUsageGroup>;
export const AiUsage = z.object({
  from: z.string(),
  to: z.string(),
  by: UsageBy,
  total: AiUsageGroup,
  groups: z.array(AiUsageGroup),
  /** Hours, or days where the range is longer than eight of them. */
  series: z.array(
    z.object({
      at: z.string(),
      calls: z.int(),
      failed: z.int(),
      costUsd: z.number(),
      tokens: z.int(),
      p95Ms: z.number().nullable(),
    }),
  ),
});
export type AiUsage = z.infer<typeof AiUsage>;

const amounts = { requests: z.int(), tokens: z.int(), costUsd: z.number() };
export const AiBudget = z.object({
  declaration: BudgetDeclaration,
  /** `file:line` of what orrery.yaml declares; null for what was declared through the API. */
  declaredIn: z.string().nullable(),
  windows: z.array(
    z.object({
      /** Of a budget for each of something: for which. */
      each: z.string().nullable(),
      from: z.string(),
      to: z.string(),
      used: z.object(amounts),
      held: z.object(amounts),
      /** 0 and up: 1 is all of it; of several limits the one that is nearest. */
      share: z.number(),
    }),
  ),
});
export type AiBudget = z.infer<typeof AiBudget>;

/** What the month's bill may come to. */
export const AiForecast = z.object({
  month: z.string(),
  soFarUsd: z.number(),
  expectedUsd: z.number().nullable(),
  /** Four of five months end within. */
  lowUsd: z.number().nullable(),
  highUsd: z.number().nullable(),
  /** Whole days that it rests on. */
  days: z.int(),
});
export type AiForecast = z.infer<typeof AiForecast>;
