import { z } from 'zod';
import { Slug, Time } from './common.ts';

/** `project/service`, or `project` for the whole of it. */
export const ServiceRef = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}(\/[a-zA-Z0-9][a-zA-Z0-9._-]{0,62})?$/, 'must be "project" or "project/service"');

/** A public page; there is none unless one is declared. */
export const StatusPageDeclaration = z.strictObject({
  slug: Slug,
  title: z.string().min(1).max(120),
  description: z.string().max(1000).optional(),
  groups: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(120),
        services: z
          .array(
            z.strictObject({
              service: ServiceRef,
              /** What the public calls it; the service's own name when absent. */
              label: z.string().min(1).max(120).optional(),
            }),
          )
          .min(1)
          .max(100),
      }),
    )
    .min(1)
    .max(20),
});
export type StatusPageDeclaration = z.infer<typeof StatusPageDeclaration>;

const PublicStatus = z.enum(['up', 'degraded', 'down', 'maintenance', 'unknown']);
export const StatusPageView = z.object({
  title: z.string(),
  description: z.string().optional(),
  status: PublicStatus,
  generatedAt: Time,
  groups: z.array(
    z.object({
      name: z.string(),
      services: z.array(
        z.object({
          name: z.string(),
          status: PublicStatus,
          since: Time.nullable(),
          /** One entry a day, oldest first; null where nothing was measured. */
          days: z.array(z.object({ day: z.string(), uptimePercent: z.number().nullable() })),
          uptimePercent: z.number().nullable(),
        }),
      ),
    }),
  ),
  incidents: z.array(
    z.object({
      title: z.string(),
      status: z.enum(['open', 'resolved']),
      severity: z.string(),
      startedAt: Time,
      resolvedAt: Time.optional(),
      services: z.array(z.string()),
    }),
  ),
  maintenance: z.array(
    z.object({ title: z.string(), from: Time, until: Time, active: z.boolean(), services: z.array(z.string()) }),
  ),
});
export type StatusPageView = z.infer<typeof StatusPageView>;
