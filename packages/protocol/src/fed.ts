import { z } from 'zod';
import { Time } from './common.ts';
import { DeclaredEdge } from './mesh.ts';

/** Section 3 of the contracts: the federation API. */
export const ProjectStatus = z.enum(['online', 'offline', 'degraded']);
export type ProjectStatus = z.infer<typeof ProjectStatus>;

/** Headline numbers of a project; one that was never reported is null. */
export const Kpis = z.object({
  auditsOk: z.number().nullable(),
  auditsWarn: z.number().nullable(),
  auditsFail: z.number().nullable(),
  deployFreshnessDays: z.number().nullable(),
  healthLatencyMs: z.number().nullable(),
});
export type Kpis = z.infer<typeof Kpis>;

const Share = z.number().min(0).max(1);

/** What a risk comes from; null where nothing is known. */
export const RiskFactors = z.object({
  security: Share.nullable(),
  compliance: Share.nullable(),
  staleness: Share.nullable(),
  health: Share.nullable(),
});
export type RiskFactors = z.infer<typeof RiskFactors>;

export const FedProject = z.object({
  slug: z.string(),
  name: z.string(),
  status: ProjectStatus,
  /** null until the project was heard of for the first time. */
  lastSeenAt: Time.nullable(),
  hubUrl: z.string(),
  /** Why what is stored of it cannot be read, and what to do: it is not watched. */
  broken: z.string().optional(),
  tags: z.array(z.string()),
  teams: z.array(z.string()),
  domain: z.string().optional(),
  kpis: Kpis,
  meshNs: z.string().optional(),
  version: z.string().optional(),
  /** Where the project was declared. What a file declares is read-only elsewhere. */
  declaredIn: z.object({ source: z.enum(['file', 'api', 'discovered']), ref: z.string().optional() }),
  allowFanout: z.array(z.string()),
  /** What it is assigned to; absent for the operating company's own. */
  tenant: z.string().optional(),
  dependsOn: z.array(z.string()),
  /** Declared ones, beside what it depends on. */
  edges: z.array(DeclaredEdge).optional(),
  hasApiKey: z.boolean(),
  /** What may go wrong there, from 0 to 1, and what it comes from. */
  risk: Share.optional(),
  riskFactors: RiskFactors.optional(),
});
export type FedProject = z.infer<typeof FedProject>;

export const EDGE_SOURCES = ['declared', 'hint', 'learned'] as const;
/** How an edge is known: a file or the API says so, an instance reported it, or its outgoing calls showed it. */
export const EdgeSource = z.enum(EDGE_SOURCES);
export type EdgeSource = z.infer<typeof EdgeSource>;

export const GraphNode = z.object({
  id: z.string(),
  label: z.string(),
  tags: z.array(z.string()),
  risk: Share,
  status: ProjectStatus,
  compliance: Share.nullable(),
  freshnessDays: z.number().nullable(),
  name: z.string().optional(),
  domain: z.string().optional(),
  teams: z.array(z.string()).optional(),
  hubUrl: z.string().optional(),
  lastSeenAt: Time.nullable().optional(),
  kpis: Kpis.optional(),
  /** 1 is well. */
  health: Share.nullable().optional(),
  cost: z.number().nullable().optional(),
  riskFactors: RiskFactors.optional(),
  position: z.object({ x: z.number(), y: z.number() }).optional(),
  /** Fan-out actions that the project allows. */
  allowFanout: z.array(z.string()).optional(),
});
export type GraphNode = z.infer<typeof GraphNode>;

/** `from` needs `to`: it calls it, reads its queue, shares its schema or its secret. */
export const GraphEdge = z.object({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  kind: z.string(),
  /** 0 to 1, as of now: without new proof it halves with each half-life. */
  strength: Share,
  sources: z.array(EdgeSource).optional(),
  /** null for an edge that nobody but a declaration vouches for. */
  lastProofAt: Time.nullable().optional(),
  /** What the newest report gave as proof. */
  proof: z.record(z.string(), z.unknown()).optional(),
  /** Calls an hour, of an edge that was learned from them. */
  calls: z.number().optional(),
});
export type GraphEdge = z.infer<typeof GraphEdge>;

export const EcosystemGraph = z.object({
  /** The moment of the past that this shows; absent of what is now. A node that was last seen `null` is one of which nothing is stored from then. */
  at: Time.optional(),
  nodes: z.array(GraphNode),
  edges: z.array(GraphEdge),
  /** What the shape of the graph says; each a list of slugs. */
  insights: z
    .object({
      /** Projects that need each other in a circle. */
      cycles: z.array(z.array(z.string())),
      /** Those with far more neighbours than most, the most connected first. */
      hubs: z.array(z.string()),
      /** Without one of these the graph falls apart. */
      singlePoints: z.array(z.string()),
    })
    .optional(),
});
export type EcosystemGraph = z.infer<typeof EcosystemGraph>;

/** Who is hit when a project fails: all that need it, directly or not, the hardest hit first. */
export const BlastRadius = z.object({
  slug: z.string(),
  hit: z.array(
    z.object({
      slug: z.string(),
      /** The strongest way the trouble takes, from the failed project to the one that is hit, both included. */
      via: z.array(z.string()),
      /** The product of the strengths along it. */
      strength: Share,
    }),
  ),
});
export type BlastRadius = z.infer<typeof BlastRadius>;

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
