import { z } from 'zod';
import { Time } from './common.ts';

/** Section 3 of the contracts: the federation API. */
export const ProjectStatus = z.enum(['online', 'offline', 'degraded']);
export type ProjectStatus = z.infer<typeof ProjectStatus>;

export const FedProject = z.object({
  slug: z.string(),
  name: z.string(),
  status: ProjectStatus,
  /** null until the project was heard of for the first time. */
  lastSeenAt: Time.nullable(),
  hubUrl: z.string(),
  tags: z.array(z.string()),
  teams: z.array(z.string()),
  domain: z.string().optional(),
  kpis: z.object({
    auditsOk: z.number().nullable(),
    auditsWarn: z.number().nullable(),
    auditsFail: z.number().nullable(),
    deployFreshnessDays: z.number().nullable(),
    healthLatencyMs: z.number().nullable(),
  }),
  meshNs: z.string().optional(),
  version: z.string().optional(),
  /** Where the project was declared. What a file declares is read-only elsewhere. */
  declaredIn: z.object({ source: z.enum(['file', 'api', 'discovered']), ref: z.string().optional() }),
  allowFanout: z.array(z.string()),
  dependsOn: z.array(z.string()),
  hasApiKey: z.boolean(),
});
export type FedProject = z.infer<typeof FedProject>;

export const EcosystemGraph = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      label: z.string(),
      tags: z.array(z.string()),
      risk: z.number().min(0).max(1),
      status: ProjectStatus,
      compliance: z.number().min(0).max(1).nullable(),
      freshnessDays: z.number().nullable(),
    }),
  ),
  edges: z.array(
    z.object({
      id: z.string(),
      from: z.string(),
      to: z.string(),
      kind: z.string(),
      strength: z.number().min(0).max(1),
    }),
  ),
});
export type EcosystemGraph = z.infer<typeof EcosystemGraph>;

export const Series = z.object({
  key: z.string(),
  unit: z.string().optional(),
  service: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  /** `[RFC 3339 time, value]`; a bucket without a sample is absent. */
  points: z.array(z.tuple([z.string(), z.number()])),
});
export type Series = z.infer<typeof Series>;

export const FedMetrics = z.object({ project: z.string(), series: z.array(Series) });
export type FedMetrics = z.infer<typeof FedMetrics>;
