import { z } from 'zod';
import { ChannelName } from './channels.ts';
import { Category, duration, MetricKey, ServiceName, Severity, Slug, Time } from './common.ts';

const text = z.string().min(1).max(500);

/** What a rule does when it matches. `${…}` in a text holds a CEL expression: `"Deploy of ${event.project} failed"`. */
export const RuleEffect = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('alert'),
    severity: Severity.default('warning'),
    category: Category.default('availability'),
    title: text,
    description: z.string().max(2000).optional(),
    recommendation: z.string().max(1000).optional(),
    /** The alert ends when the rule has not matched for so long. */
    resolveAfter: duration('5s', '7d').default('15m'),
  }),
  z.strictObject({
    kind: z.literal('event'),
    type: z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/, 'must be lower-case letters, digits and "._-"'),
    title: text,
  }),
  z.strictObject({
    kind: z.literal('notify'),
    channels: z.array(ChannelName).min(1).max(20),
    title: text,
    description: z.string().max(2000).optional(),
    severity: Severity.default('info'),
  }),
]);
export type RuleEffect = z.infer<typeof RuleEffect>;

/** `when` is CEL, with `event` (id, type, project, service, title, data, at) or `sample` (project, service, key, value, unit, tags, at) in reach. */
export const RuleDeclaration = z.strictObject({
  name: ChannelName,
  on: z.enum(['event', 'sample']),
  when: z.string().min(1).max(2000),
  effect: RuleEffect,
  /** At most once in this time for one project and service; alerts are told apart by project and service too. */
  cooldown: duration('0ms', '7d').default('0ms'),
  enabled: z.boolean().default(true),
});
export type RuleDeclaration = z.infer<typeof RuleDeclaration>;
export const RuleView = RuleDeclaration.extend({
  declaredIn: z.string(),
  /** Since the start of the hub that answers. */
  matches: z.int(),
  errors: z.int(),
  lastMatchAt: Time.optional(),
  lastError: z.string().optional(),
});
export type RuleView = z.infer<typeof RuleView>;

/** A rule tried on one event or one sample; nothing is done. */
export const RuleTestInput = z
  .strictObject({
    rule: RuleDeclaration,
    event: z
      .strictObject({
        id: z.string().max(128).optional(),
        type: z.string().min(1).max(128),
        project: Slug.optional(),
        service: ServiceName.optional(),
        title: z.string().max(500).optional(),
        data: z
          .unknown()
          .refine((data) => JSON.stringify(data ?? null).length <= 8192, { error: 'is larger than 8192 bytes' })
          .optional(),
        at: Time.optional(),
      })
      .optional(),
    sample: z
      .strictObject({
        project: Slug,
        service: ServiceName.optional(),
        key: MetricKey,
        value: z.number(),
        unit: z.string().max(32).optional(),
        tags: z.record(z.string().max(64), z.string().max(256)).optional(),
        at: Time.optional(),
      })
      .optional(),
  })
  .refine(({ event, sample }) => (event === undefined) !== (sample === undefined), {
    error: 'needs exactly one of "event" and "sample"',
  });
export type RuleTestInput = z.infer<typeof RuleTestInput>;
export const RuleTestResult = z.object({
  matched: z.boolean(),
  /** What would be raised, written or told, texts filled in. */
  effect: z
    .object({
      kind: z.enum(['alert', 'event', 'notify']),
      project: z.string(),
      service: z.string().optional(),
      title: z.string(),
      description: z.string().optional(),
      recommendation: z.string().optional(),
    })
    .optional(),
  /** Why it could not be evaluated on this event or sample. */
  error: z.string().optional(),
  /** What is wrong with the rule itself; `from` and `to` count characters of the field. */
  problems: z.array(z.object({ field: z.string(), reason: z.string(), from: z.int(), to: z.int() })).optional(),
});
export type RuleTestResult = z.infer<typeof RuleTestResult>;
