import { z } from 'zod';
import { MetricKey, ServiceName, Slug, Time } from './common.ts';
import { PerformanceWindow } from './performance.ts';

/** Section 2 of the contracts: the payloads of the mesh. The HTTP door carries the same ones inside CloudEvents. */
export const Presence = z.object({
  projectSlug: Slug,
  meshNs: z.string(),
  hubUrl: z.url(),
  version: z.string(),
  tools: z.array(z.string()).default([]),
  capabilities: z.array(z.string()).default([]),
  /** How often it is sent, in ms: silence counts as missed beats by this. */
  everyMs: z.int().positive().max(86_400_000).optional(),
});
export const HubHealth = z.object({
  projectSlug: Slug.optional(),
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  latencyMs: z.number().nonnegative(),
  degradedReasons: z.array(z.string()).default([]),
  sampleAt: Time,
});
export const GraphSummary = z.object({
  projectSlug: Slug,
  counts: z.object({
    files: z.number().nonnegative(),
    symbols: z.number().nonnegative(),
    tasks: z.number().nonnegative(),
    audits: z.number().nonnegative(),
  }),
  ts: Time,
});
export const AuditSummary = z.object({
  projectSlug: Slug,
  ok: z.int().nonnegative(),
  warn: z.int().nonnegative(),
  fail: z.int().nonnegative(),
  lastRun: Time,
});
export const SecuritySummary = z.object({
  projectSlug: Slug,
  vulnsCritical: z.int().nonnegative(),
  vulnsHigh: z.int().nonnegative(),
  lastScan: Time,
});
export const DeploySummary = z.object({
  projectSlug: Slug,
  envs: z.array(z.string()),
  versions: z.array(z.string()),
  lastDeployedAt: Time,
});
export const EDGE_KINDS = ['api', 'queue', 'shared-schema', 'secret'] as const;
export const EdgeKind = z.enum(EDGE_KINDS);
export type EdgeKind = z.infer<typeof EdgeKind>;

/** An integration as somebody declared it. */
export const DeclaredEdge = z.strictObject({
  to: Slug,
  kind: EdgeKind.default('api'),
  strength: z.number().min(0.02).max(1).default(1),
});
export type DeclaredEdge = z.infer<typeof DeclaredEdge>;

/** `fromProject` needs `toProject`. */
export const IntegrationEdge = z.object({
  fromProject: Slug,
  toProject: Slug,
  kind: EdgeKind,
  strength: z.number().min(0).max(1),
  proof: z.record(z.string(), z.unknown()).default({}),
});

/** What a product called of others in a window, by `host:port`: the hub knows whose each host is. */
export const CallsSummary = z.object({
  projectSlug: Slug,
  windowMs: z.int().min(1000).max(86_400_000),
  hosts: z
    .array(
      z.object({
        host: z.string().min(1).max(300),
        calls: z.int().nonnegative(),
        failed: z.int().nonnegative().default(0),
      }),
    )
    .max(200),
  ts: Time,
});

/** One sample as it travels. A value is checked for finiteness and its time for sanity by the hub, which counts what it refuses. */
export const WireSample = z.object({
  key: MetricKey,
  value: z.union([z.number(), z.string().max(256)]),
  at: Time.optional(),
  service: ServiceName.optional(),
  unit: z.string().max(32).optional(),
  tags: z.record(z.string().max(64), z.string().max(128)).optional(),
});
export type WireSample = z.infer<typeof WireSample>;

export const MAX_SAMPLES_PER_MESSAGE = 5000;
export const SampleBatch = z.object({
  projectSlug: Slug,
  samples: z.array(z.unknown()).max(MAX_SAMPLES_PER_MESSAGE),
});

/** Subject pattern (after the namespace) → payload. `<id>` stands for one token. */
export const MESH_PAYLOADS = {
  'hub.presence.<hubId>': Presence,
  'hub.health.<hubId>': HubHealth,
  'graph.summary.nodes': GraphSummary,
  'audit.summary.status': AuditSummary,
  'security.summary.status': SecuritySummary,
  'deploy.summary.status': DeploySummary,
  'integration.edge': IntegrationEdge,
  'calls.summary.outgoing': CallsSummary,
  'performance.summary.window': PerformanceWindow,
  'metrics.samples': SampleBatch,
} as const;
export type MeshKind = keyof typeof MESH_PAYLOADS | 'events.<type>';

/** Splits `veria.mesh.hub.presence.h1` into namespace, kind and the rest; undefined for a subject the mesh does not know. */
export function parseSubject(
  subject: string,
  meshNs?: string,
): { kind: MeshKind; subject: string; id?: string } | undefined {
  let rest = subject;
  if (meshNs !== undefined) {
    if (!subject.startsWith(`${meshNs}.`)) return undefined;
    rest = subject.slice(meshNs.length + 1);
  }
  // A pattern itself (`hub.presence.<hubId>`) is no subject.
  if (!rest.includes('<') && Object.hasOwn(MESH_PAYLOADS, rest)) return { kind: rest as MeshKind, subject: rest };
  const presence = /^hub\.(presence|health)\.([A-Za-z0-9_-]{1,64})$/.exec(rest);
  if (presence)
    return { kind: `hub.${presence[1] as 'presence' | 'health'}.<hubId>`, subject: rest, id: presence[2] as string };
  const event = /^events\.([A-Za-z0-9_.-]{1,128})$/.exec(rest);
  if (event) return { kind: 'events.<type>', subject: rest, id: event[1] as string };
  return undefined;
}
