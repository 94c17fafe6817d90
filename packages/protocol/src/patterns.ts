import { z } from 'zod';
import { Category, ServiceName, Severity, Slug, Time } from './common.ts';
import { CauseKind } from './diagnosis.ts';

/** In which way a check or a metric failed: what the words of its reason have in common. */
export const FailureClass = z.enum([
  ...(['unreachable', 'unresponsive', 'failing', 'malformed', 'slow', 'certificate', 'dns'] as const),
  ...(['unhealthy', 'stopped', 'restarting', 'silent', 'above', 'below', 'other'] as const),
]);
export type FailureClass = z.infer<typeof FailureClass>;

/** What is general about a trouble: two services that have the same may need the same remedy. */
export const Symptom = z.strictObject({
  category: Category,
  severity: Severity,
  /** The kind of the check that failed, or `metric KEY` for a threshold. */
  check: z.string().min(1).max(160),
  failure: FailureClass,
  /** The likeliest cause, where a diagnosis named one. */
  cause: CauseKind.nullable(),
});
export type Symptom = z.infer<typeof Symptom>;

/** A remedy without what is particular about its place: `docker` and `restart a container`. */
export const GeneralRemedy = z.strictObject({ kind: z.string().min(1).max(32), form: z.string().min(1).max(160) });
export type GeneralRemedy = z.infer<typeof GeneralRemedy>;

/** How likely a remedy helps: the mean of a Beta distribution and the bounds that hold 80 % of it. */
export const Belief = z.object({ mean: z.number(), low: z.number(), high: z.number() });
export type Belief = z.infer<typeof Belief>;

const Where = z.object({ project: z.string(), service: z.string() });

/** What was learned of one remedy for one symptom, at one service or (`where` null) everywhere. */
export const Pattern = z.object({
  id: z.string(),
  symptom: Symptom,
  remedy: GeneralRemedy,
  where: Where.nullable(),
  /** As they were counted; what was imported is not among them. */
  tries: z.int(),
  successes: z.int(),
  /** What they weigh by now: older ones less, imported ones a part. */
  weight: z.object({ tries: z.number(), successes: z.number(), imported: z.number() }),
  belief: Belief,
  /** The guard keeps it from acting here. */
  suppressed: z.boolean(),
  /** Who let it try again although it had not helped. */
  allowed: z.object({ by: z.string(), at: Time, reason: z.string() }).nullable(),
  lastSeenAt: Time,
  /** The newest attempts that it rests on. */
  attempts: z.array(z.string()),
});
export type Pattern = z.infer<typeof Pattern>;

/** What one hub tells another of what it learned. Version 1. */
export const PatternFile = z.strictObject({
  format: z.literal('orrery.patterns'),
  version: z.literal(1),
  /** The same file is taken in once. */
  id: z.string().regex(/^pat_[0-9a-z]{20,40}$/, 'must be the id of an export'),
  exportedAt: Time,
  patterns: z
    .array(
      z
        .strictObject({
          symptom: Symptom,
          remedy: GeneralRemedy,
          /** Only where names were asked for. */
          where: z.strictObject({ project: Slug, service: ServiceName }).optional(),
          tries: z.number().min(0).max(1_000_000),
          successes: z.number().min(0).max(1_000_000),
          lastSeenAt: Time,
        })
        .refine(({ tries, successes }) => successes <= tries, {
          message: 'must not be more than the tries',
          path: ['successes'],
        }),
    )
    .max(5000),
});
export type PatternFile = z.infer<typeof PatternFile>;

export const PatternImport = z.object({
  id: z.string(),
  patterns: z.int(),
  /** It had been taken in before: nothing was changed. */
  again: z.boolean(),
});
export type PatternImport = z.infer<typeof PatternImport>;
