import { z } from 'zod';
import { ChannelName } from './channels.ts';
import { Category, duration, Severity, Time } from './common.ts';

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
