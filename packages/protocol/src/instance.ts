import { z } from 'zod';
import { Slug, Time } from './common.ts';

/** Section 1 of the contracts: what an instance (the process that speaks for a project) serves. */
export const HealthStatus = z.enum(['healthy', 'degraded', 'unhealthy']);
export type HealthStatus = z.infer<typeof HealthStatus>;

export const HealthCheck = z.union([
  z.boolean(),
  z.object({ ok: z.boolean(), latencyMs: z.number().nonnegative().optional(), detail: z.string().optional() }),
]);
export type HealthCheck = z.infer<typeof HealthCheck>;

export const Health = z.object({
  status: HealthStatus,
  checks: z.record(z.string(), HealthCheck),
  timestamp: Time,
  version: z.string(),
});
export type Health = z.infer<typeof Health>;

export const Metrics = z.object({
  site_key: z.string(),
  timestamp: Time,
  metrics: z.record(z.string(), z.union([z.number(), z.string()])),
});
export type Metrics = z.infer<typeof Metrics>;

export const LogLevel = z.enum(['debug', 'info', 'warn', 'error', 'fatal']);
export type LogLevel = z.infer<typeof LogLevel>;

export const LogEntry = z.object({
  at: Time,
  level: LogLevel,
  message: z.string(),
  fields: z.record(z.string(), z.unknown()).optional(),
});
export type LogEntry = z.infer<typeof LogEntry>;

export const Logs = z.object({ entries: z.array(LogEntry), nextCursor: z.string().optional() });
export type Logs = z.infer<typeof Logs>;

export const Capabilities = z.object({
  project: Slug,
  /** A display name; absent on instances older than this field. */
  name: z.string().max(120).optional(),
  tools: z.array(z.string()).default([]),
  endpoints: z.record(z.string(), z.string()).default({}),
  events: z.array(z.string()).default([]),
  actions: z.array(z.string()).default([]),
  version: z.string(),
});
export type Capabilities = z.infer<typeof Capabilities>;

export const ActionRequest = z.object({
  action: z.string().min(1).max(128),
  requestedBy: z.string().min(1).max(256),
  requestId: z.string().min(1).max(128),
  params: z.record(z.string(), z.unknown()).optional(),
});
export type ActionRequest = z.infer<typeof ActionRequest>;

export const ActionAccepted = z.object({ auditId: z.string(), accepted: z.literal(true) });
export type ActionAccepted = z.infer<typeof ActionAccepted>;

export const ActionRun = z.object({
  auditId: z.string(),
  action: z.string(),
  status: z.enum(['queued', 'running', 'succeeded', 'failed']),
  startedAt: Time,
  finishedAt: Time.optional(),
  result: z.unknown().optional(),
});
export type ActionRun = z.infer<typeof ActionRun>;
