import { z } from 'zod';
import { duration, HttpUrl, Slug } from './common.ts';

/** The AI gateway: what a person declares of it, and what its own API answers. */
const ModelName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks');

export const AiCapability = z.enum(['tools', 'images', 'structured']);
export type AiCapability = z.infer<typeof AiCapability>;

/** The wire formats that a provider may understand. */
export const AiApi = z.enum(['chat', 'responses', 'messages', 'embeddings']);
export type AiApi = z.infer<typeof AiApi>;

export const AiModelDeclaration = z.strictObject({
  name: ModelName,
  aliases: z.array(ModelName).max(20).default([]),
  /** Tokens of prompt and answer together. */
  context: z.int().min(1).max(100_000_000).optional(),
  capabilities: z.array(AiCapability).max(3).default(['tools', 'images', 'structured']),
  apis: z.array(AiApi).min(1).max(4).optional(),
});
export type AiModelDeclaration = z.infer<typeof AiModelDeclaration>;

export const AiProviderKind = z.enum(['anthropic', 'openai', 'ollama', 'compatible']);
export type AiProviderKind = z.infer<typeof AiProviderKind>;

/** It travels in a header. */
const Key = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks');

export const AiProviderDeclaration = z.strictObject({
  name: Slug,
  /** What the name says when absent: `claude` and `anthropic`, `openai` and `gpt`, `ollama`; with a `url`, any other is OpenAI-compatible. */
  kind: AiProviderKind.optional(),
  url: HttpUrl.optional(),
  priority: z.int().min(1).max(1000).default(100),
  weight: z.number().min(0.01).max(1000).default(1),
  max_latency_ms: z.int().min(1).max(600_000).optional(),
  local: z.boolean().optional(),
  key: Key.optional(),
  keys: z
    .array(z.union([Key, z.strictObject({ key: Key, weight: z.number().min(0.01).max(1000).default(1) })]))
    .min(1)
    .max(20)
    .optional(),
  models: z
    .array(z.union([ModelName, AiModelDeclaration]))
    .max(200)
    .default([]),
  apis: z.array(AiApi).min(1).max(4).optional(),
  timeouts: z
    .strictObject({
      connect: duration('1ms', '5m').optional(),
      first: duration('1ms', '30m').optional(),
      idle: duration('1ms', '30m').optional(),
      total: duration('1ms', '2h').optional(),
    })
    .prefault({}),
});
export type AiProviderDeclaration = z.infer<typeof AiProviderDeclaration>;

/** Some calls for a model go elsewhere, so that two can be compared. */
export const AiSplitDeclaration = z.strictObject({
  name: Slug,
  /** The name that callers ask for. */
  model: ModelName,
  /** Who stays with the arm that was drawn: the end user where one is named (else the key), the key, or the tenant. */
  sticky: z.enum(['user', 'key', 'tenant']).default('user'),
  arms: z
    .array(
      z.strictObject({ model: ModelName, provider: Slug.optional(), weight: z.number().min(0).max(1000).default(1) }),
    )
    .min(2)
    .max(10)
    .refine((arms) => arms.some(({ weight }) => weight > 0), 'needs an arm whose weight is above 0'),
});
export type AiSplitDeclaration = z.infer<typeof AiSplitDeclaration>;

export const AiDeclaration = z.strictObject({
  providers: z.array(AiProviderDeclaration).max(200).default([]),
  splits: z.array(AiSplitDeclaration).max(50).default([]),
  /** `any`: when the providers of the model fail, the others serve with their first model; `same`: only those that have the model. */
  fallback: z.enum(['any', 'same']).default('any'),
  /** A second provider is asked as well when the first is silent for so long; never unless it is set. */
  hedgeAfter: duration('10ms', '10m').optional(),
});
export type AiDeclaration = z.infer<typeof AiDeclaration>;

/** How a provider is, for people who look. */
export const AiProviderView = z.object({
  name: z.string(),
  kind: AiProviderKind,
  /** Scheme, host and port; never a key. */
  origin: z.string(),
  local: z.boolean(),
  priority: z.int(),
  weight: z.number(),
  maxLatencyMs: z.int().nullable(),
  models: z.array(z.object({ name: z.string(), aliases: z.array(z.string()) })),
  apis: z.array(AiApi),
  state: z.enum(['healthy', 'degraded', 'down', 'unknown']),
  /** Why it is not healthy. */
  detail: z.string().optional(),
  inFlight: z.int(),
  /** Peak-weighted mean of the time to the first content. */
  latencyMs: z.number().nullable(),
  calls: z.int(),
  failures: z.int(),
  lastOkAt: z.string().nullable(),
  lastFailureAt: z.string().nullable(),
  lastFailure: z.string().nullable(),
  keys: z.array(
    z.object({
      /** Its position; never the key. */
      id: z.string(),
      breaker: z.enum(['closed', 'open', 'half-open']),
      /** Until when it is left alone: a breaker that is open, or a Retry-After. */
      restsUntil: z.string().nullable(),
    }),
  ),
});
export type AiProviderView = z.infer<typeof AiProviderView>;

/** A task for a model, in a product's words. */
export const OrchestrateInput = z.strictObject({
  intent: z.enum(['extract', 'summarize', 'route']),
  tenant_id: z.string().min(1).max(64).optional(),
  project: Slug.optional(),
  payload: z
    .strictObject({
      raw_text: z.string().min(1).max(400_000).optional(),
      messages: z
        .array(
          z.strictObject({
            role: z.enum(['system', 'user', 'assistant']),
            content: z.string().max(400_000),
          }),
        )
        .min(1)
        .max(200)
        .optional(),
      /** JSON Schema of what to extract; of a lead when absent. */
      schema: z.record(z.string(), z.unknown()).optional(),
      model: ModelName.optional(),
      /** Longest summary, in words. */
      max_words: z.int().min(5).max(2000).optional(),
      language: z.string().min(2).max(40).optional(),
    })
    .refine((payload) => (payload.raw_text === undefined) !== (payload.messages === undefined), {
      error: 'needs exactly one of "raw_text" and "messages"',
    }),
  constraints: z
    .strictObject({
      max_latency_ms: z.int().min(1).max(600_000).optional(),
      max_cost_usd: z.number().min(0).max(10_000).optional(),
      local_only: z.boolean().optional(),
    })
    .optional(),
});
export type OrchestrateInput = z.infer<typeof OrchestrateInput>;

export const OrchestrateAnswer = z.object({
  result: z.unknown(),
  intent: z.enum(['extract', 'summarize', 'route']),
  provider: z.string(),
  model: z.string(),
  latencyMs: z.number(),
  overheadMs: z.number(),
  usage: z.object({ inputTokens: z.int(), outputTokens: z.int(), costUsd: z.number().nullable() }),
  failovers: z.array(z.object({ provider: z.string(), reason: z.string() })),
  auditId: z.string(),
});
export type OrchestrateAnswer = z.infer<typeof OrchestrateAnswer>;

export const Lead = z.object({
  id: z.string(),
  at: z.string(),
  tenant: z.string().nullable(),
  project: z.string().nullable(),
  /** `call`: extracted by a model; `event`: told by a product. */
  source: z.enum(['call', 'event']),
  /** The audit id of the call, or the id of the event. */
  sourceId: z.string(),
  fields: z.record(z.string(), z.unknown()),
});
export type Lead = z.infer<typeof Lead>;
