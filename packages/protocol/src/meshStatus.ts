import { z } from 'zod';
import { Time } from './common.ts';

/** How the mesh is: what carries it, what waits, and what was not taken in since the hub began. */
export const MeshStatus = z.object({
  /** `http` where no NATS server is configured: projects push to the event door. */
  transport: z.enum(['nats', 'http']),
  nats: z
    .object({
      connected: z.boolean(),
      server: z.string(),
      version: z.string().optional(),
      warnings: z.array(z.string()),
      reconnects: z.int(),
      lastError: z.string().optional(),
    })
    .optional(),
  /** Messages that came over NATS. */
  heard: z.int(),
  /** Messages that the server holds for this hub. */
  pending: z.int().optional(),
  refusals: z.array(z.object({ project: z.string(), reason: z.string(), count: z.int() })),
  /** Namespaces in which somebody speaks though no project has them; nothing of what they sent is kept. */
  strangers: z.array(
    z.object({
      meshNs: z.string(),
      slug: z.string().optional(),
      hubUrl: z.string().optional(),
      messages: z.int(),
      firstAt: Time,
      lastAt: Time,
    }),
  ),
  /** Projects that cannot be heard, since their namespaces clash with another's. */
  conflicts: z.array(z.object({ slug: z.string(), reason: z.string() })),
});
export type MeshStatus = z.infer<typeof MeshStatus>;

/** One hub or process that speaks for a project, as it was heard last. */
export const MeshHub = z.object({
  project: z.string(),
  hubId: z.string(),
  hubUrl: z.string().optional(),
  version: z.string().optional(),
  tools: z.array(z.string()),
  capabilities: z.array(z.string()),
  status: z.enum(['healthy', 'degraded', 'unhealthy']).optional(),
  latencyMs: z.number().optional(),
  degradedReasons: z.array(z.string()),
  /** By the clock of this hub. */
  lastHeardAt: Time,
});
export type MeshHub = z.infer<typeof MeshHub>;
