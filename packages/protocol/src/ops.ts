import { z } from 'zod';
import { ServiceStatus, Time } from './common.ts';
import { LogEntry } from './instance.ts';

/** One probe's run as it is shown: what was seen, and on failure the condition and the values that broke it. */
export const CheckView = z.object({
  at: Time,
  status: ServiceStatus,
  latencyMs: z.number().nullable(),
  reason: z.string().optional(),
});
export type CheckView = z.infer<typeof CheckView>;

export const OpsService = z.object({
  project: z.string(),
  service: z.string(),
  kind: z.string(),
  status: ServiceStatus,
  latencyMs: z.number().nullable(),
  lastCheckAt: Time.nullable(),
  since: Time.nullable(),
  history: z.array(CheckView),
  probeId: z.string(),
  target: z.string(),
  intervalMs: z.number(),
  timeoutMs: z.number(),
  reason: z.string().optional(),
  /** The checks that the instance itself reports, from its health answer. */
  checks: z
    .record(z.string(), z.object({ ok: z.boolean(), latencyMs: z.number().optional(), detail: z.string().optional() }))
    .optional(),
  uptimePercent: z.number().nullable(),
  /** For a heartbeat: the URL a job calls. */
  heartbeatUrl: z.string().optional(),
});
export type OpsService = z.infer<typeof OpsService>;

export const OpsHealth = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy', 'unknown']),
  services: z.array(OpsService),
});
export type OpsHealth = z.infer<typeof OpsHealth>;

export const OpsEvent = z.object({
  id: z.string(),
  at: Time,
  type: z.string(),
  project: z.string().optional(),
  service: z.string().optional(),
  title: z.string(),
  data: z.unknown().optional(),
});
export type OpsEvent = z.infer<typeof OpsEvent>;

export const ProjectLogs = z.object({
  project: z.string(),
  entries: z.array(LogEntry.extend({ service: z.string().optional() })),
  nextCursor: z.string().optional(),
  /** Why there are none, or why they stopped: in words for the page. */
  note: z.string().optional(),
});
export type ProjectLogs = z.infer<typeof ProjectLogs>;

export const AgentName = z.enum([
  'Monitor',
  'Diagnostic',
  'Repair',
  'Learning',
  'Predictive',
  'Security',
  'Performance',
]);
export type AgentName = z.infer<typeof AgentName>;

export const PublicHealth = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  version: z.string(),
  uptime: z.number(),
});
export type PublicHealth = z.infer<typeof PublicHealth>;

/** One of the hubs that share the probes; times by the database's clock. */
export const HubView = z.object({
  id: z.string(),
  name: z.string(),
  version: z.string(),
  since: Time,
  lastSeenAt: Time,
  /** How many probes it runs now. */
  probes: z.int(),
  /** Whether it is the one that judges and tells. */
  leader: z.boolean(),
  /** Whether it is the one that was asked. */
  self: z.boolean(),
  /** It reaches nothing: what it does not reach is unknown, not down. */
  isolated: z.object({ since: Time, reason: z.string() }).optional(),
});
export type HubView = z.infer<typeof HubView>;
