import { z } from 'zod';
import { Time } from './common.ts';

/** Words that careless programs write for "nobody" or "everybody": none of them may become somebody. */
const KEPT = new Set(['null', 'undefined', 'none', 'all', 'staff']);

/** A tenant's stable name: it stands in claims, headers and URLs. */
export const TenantId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1 to 64 letters, digits, ".", "_" and "-", and begin with a letter or a digit',
  )
  .refine((id) => !KEPT.has(id.toLowerCase()), { error: 'is kept for another meaning; take another' });

/** A switch by its name: `ai.chat`. */
export const FeatureName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$/, 'must be like "ai" or "ai.chat"')
  .max(64);
export const Tier = z.int().min(1).max(999);

const name = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(/^\P{Cc}*$/u, 'must hold no control characters');

/** A customer or a business unit, as a file or a person declares it. */
export const TenantDeclaration = z.strictObject({
  id: TenantId,
  /** What people read; the id when absent. */
  name: name.optional(),
  /** What it has bought; `tiers` says which platform that is. */
  tier: Tier.optional(),
  /** What is switched on for its people and keys. */
  features: z.array(FeatureName).max(100).default([]),
});
export type TenantDeclaration = z.output<typeof TenantDeclaration>;
export type TenantInput = z.input<typeof TenantDeclaration>;

/** What is absent stays; a tier of null takes it away. */
export const TenantPatch = z.strictObject({
  name: name.optional(),
  tier: Tier.nullable().optional(),
  features: z.array(FeatureName).max(100).optional(),
});
export type TenantPatch = z.output<typeof TenantPatch>;

export const TenantView = z.object({
  id: z.string(),
  name: z.string(),
  tier: z.int().optional(),
  /** What its tier is called: `tackle.io`. */
  platform: z.string().optional(),
  features: z.array(z.string()),
  /** Slugs of what is assigned to it. */
  projects: z.array(z.string()),
  declaredIn: z.object({ source: z.enum(['file', 'api']), ref: z.string().optional() }),
  createdAt: Time,
  updatedAt: Time,
});
export type TenantView = z.infer<typeof TenantView>;

export const Assignment = z.strictObject({ tenant: TenantId.nullable() });
export const Assigned = z.object({ project: z.string(), tenant: z.string().nullable() });
export type Assigned = z.infer<typeof Assigned>;

/** Which platform a tier is. */
export const TierMap = z.record(
  z.string().regex(/^[1-9]\d{0,2}$/, 'must be a whole number from 1 to 999'),
  z
    .string()
    .min(1)
    .max(64)
    .regex(/^\P{Cc}*$/u, 'must hold no control characters'),
);
export type TierMap = z.infer<typeof TierMap>;
export const DEFAULT_TIERS: TierMap = {
  1: 'leadsite.ai',
  2: 'leadsite.io',
  3: 'clientcontact.io',
  4: 'videosite.io',
  5: 'tackle.io',
};
