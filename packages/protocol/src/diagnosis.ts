import { z } from 'zod';
import { Time } from './common.ts';

/** What kind of thing a cause is: a change (first row), what a service does by itself, what it runs short of, or what lies outside of it. */
export const CauseKind = z.enum([
  ...(['deploy', 'config', 'traffic', 'attack'] as const),
  ...(['unreachable', 'unresponsive', 'failing', 'malformed', 'slow'] as const),
  ...(['memory', 'cpu', 'disk', 'pool', 'statement', 'lock'] as const),
  ...(['certificate', 'dns', 'dependency', 'hub', 'unknown'] as const),
]);
export type CauseKind = z.infer<typeof CauseKind>;

export const EvidenceKind = z.enum([
  ...(['alert', 'check', 'change', 'changepoint', 'metric', 'template', 'statement', 'edge', 'pattern'] as const),
]);
export type EvidenceKind = z.infer<typeof EvidenceKind>;

/** One fact that was gathered before anything was concluded; causes and explanations cite it by its id. */
export const Evidence = z.object({
  id: z.string(),
  kind: EvidenceKind,
  at: Time,
  project: z.string(),
  service: z.string().optional(),
  text: z.string(),
});
export type Evidence = z.infer<typeof Evidence>;

export const Cause = z.object({
  kind: CauseKind,
  project: z.string(),
  service: z.string().optional(),
  title: z.string(),
  /** 0–1; the causes of one diagnosis come to no more than 1. */
  confidence: z.number().min(0).max(1),
  /** Ids of the evidence that speaks for it. */
  evidence: z.array(z.string()),
  nextStep: z.string(),
});
export type Cause = z.infer<typeof Cause>;

/** What a model made of the evidence: claims that cite nothing that was gathered are not among them. */
export const Explanation = z.object({
  claims: z.array(z.object({ text: z.string(), evidence: z.array(z.string()).min(1) })),
  provider: z.string(),
  model: z.string(),
});
export type Explanation = z.infer<typeof Explanation>;

/** Why an incident happened: causes, the likeliest first, of which there are none where the data is not enough. */
export const Diagnosis = z.object({
  id: z.string(),
  incidentId: z.string(),
  at: Time,
  causes: z.array(Cause),
  evidence: z.array(Evidence),
  explanation: Explanation.nullable(),
});
export type Diagnosis = z.infer<typeof Diagnosis>;

/** Whether and how often models are asked about incidents. */
export const DiagnosisLimits = z.strictObject({
  explain: z.boolean().default(true),
  explanationsPerHour: z.int().min(0).max(1000).default(20),
});
export type DiagnosisLimits = z.infer<typeof DiagnosisLimits>;
