import { z } from 'zod';
import { Slug, Time } from './common.ts';

/** One entry of the audit trail: who did, or was refused, what, when and from where; and how it hangs on the entry before it. */
export const AuditRecord = z.object({
  seq: z.int(),
  at: Time,
  actor: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  tenant: z.string().nullable(),
  ip: z.string().nullable(),
  /** `alerts.acknowledge`; a refused attempt is `access.denied`. */
  verb: z.string(),
  /** The id of what it was done to; of a refused attempt the route that was asked for. */
  target: z.string(),
  project: z.string().nullable(),
  /** The state that matters, without secrets; null where there was none. */
  before: z.unknown(),
  after: z.unknown(),
  prevHash: z.string(),
  hash: z.string(),
});
export type AuditRecord = z.infer<typeof AuditRecord>;

/** The verb of refused attempts. Alike ones stand in one entry with their count. */
export const DENIED = 'access.denied';

const When = Time.transform((text) => Date.parse(text));

/** Which entries; all of it together. */
export const AuditFilter = z.strictObject({
  /** An actor's id or name. */
  actor: z.string().min(1).max(200).optional(),
  /** A verb, or its beginning: `keys` finds `keys.create`. */
  verb: z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9._-]{0,63}$/, 'must be a verb, "keys.create", or its beginning, "keys"')
    .optional(),
  project: Slug.optional(),
  target: z.string().min(1).max(300).optional(),
  from: When.optional(),
  to: When.optional(),
  /** Found in who, what, to what, from where, before or after; capital letters do not matter. */
  q: z.string().min(1).max(200).optional(),
});
export type AuditFilter = z.output<typeof AuditFilter>;

/** What a walk along the whole chain found. */
export const AuditVerdict = z.union([
  z.object({ ok: z.literal(true), entries: z.int(), head: z.string() }),
  /** `seq` is the first entry that is missing or does not fit. */
  z.object({ ok: z.literal(false), seq: z.int(), reason: z.string() }),
]);
export type AuditVerdict = z.infer<typeof AuditVerdict>;
