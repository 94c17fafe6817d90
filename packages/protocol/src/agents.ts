import { z } from 'zod';
import { Alert } from './alert.ts';
import { SecurityIncident } from './attacks.ts';
import { Time } from './common.ts';
import { Forecast } from './forecast.ts';
import { HealAttempt } from './heal.ts';
import { Job } from './manage.ts';
import { AgentName, OpsHealth, PublicHealth } from './ops.ts';
import { Pattern } from './patterns.ts';

/**
 * `/admin/system/*`: every answer is one of the two. `error` is for people; programs branch on `code`, which is the `error` of other routes
 * (`Not found`).
 */
export const success = <T extends z.ZodType>(data: T) => z.object({ success: z.literal(true), data });
export const SystemFailure = z.object({
  success: z.literal(false),
  error: z.string(),
  code: z.string(),
  status: z.int(),
  fields: z.array(z.object({ field: z.string(), reason: z.string() })).optional(),
  requestId: z.string().optional(),
});
export type SystemFailure = z.infer<typeof SystemFailure>;

/** How an agent is: `failing` rests between tries, `stuck` waits for runs that do not end, `waiting` has no hub that runs it just now. */
export const AgentState = z.enum(['well', 'failing', 'stuck', 'idle', 'waiting', 'off']);
export type AgentState = z.infer<typeof AgentState>;

/** One of the seven: a named group of jobs that one supervisor looks after. */
export const Agent = z.object({
  running: z.boolean(),
  enabled: z.boolean(),
  lastRunAt: Time.nullable(),
  lastError: z.string().optional(),
  runs: z.int(),
  restarts: z.int(),
  failures: z.int(),
  state: AgentState,
  /** What it does, in one sentence. */
  does: z.string(),
  /** Why it is as it is, where that is worth a word: switched off, nothing to do, restarted but not yet. */
  reason: z.string().optional(),
  jobs: z.array(Job),
});
export type Agent = z.infer<typeof Agent>;
export const Agents = z.record(AgentName, Agent);
export type Agents = z.infer<typeof Agents>;

export const PlatformHealth = z.enum(['healthy', 'degraded', 'unhealthy', 'unknown']);
export type PlatformHealth = z.infer<typeof PlatformHealth>;

const AgentBrief = Agent.omit({ jobs: true });
export const SystemHealth = z.object({
  system: z.object({
    status: z.enum(['running', 'degraded', 'unhealthy']),
    /** Milliseconds since this hub started. */
    uptime: z.number(),
    version: z.string(),
  }),
  agents: z.record(AgentName, AgentBrief),
  health: z.object({ overall: PlatformHealth, platforms: z.record(z.string(), PlatformHealth) }),
});
export type SystemHealth = z.infer<typeof SystemHealth>;

/** The hub that answers, from inside. */
const HubInside = z.object({
  status: PublicHealth.shape.status,
  leader: z.boolean(),
  hubs: z.int(),
  memoryBytes: z.number(),
  cpuSeconds: z.number(),
  database: z.object({ kind: z.string(), latencyMs: z.number() }),
});
export const SystemHealthDetailed = SystemHealth.extend({
  hub: HubInside,
  services: OpsHealth.shape.services,
  jobs: z.array(Job),
});
export type SystemHealthDetailed = z.infer<typeof SystemHealthDetailed>;

export const SystemMetric = z.object({
  /** The tag that the sample carries, else the project that told it. */
  platform: z.string(),
  project: z.string(),
  metric: z.string(),
  service: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  unit: z.string().optional(),
  value: z.union([z.number(), z.string()]),
  at: Time,
});
export type SystemMetric = z.infer<typeof SystemMetric>;
/** The newest values; `truncated` when there are more than are shown: ask for one platform. */
export const SystemMetrics = z.object({ metrics: z.array(SystemMetric), truncated: z.boolean() });
export type SystemMetrics = z.infer<typeof SystemMetrics>;

const Counts = z.record(z.string(), z.int());
export const SystemDashboard = SystemHealth.extend({
  alerts: z.object({ open: z.int(), bySeverity: Counts, newest: z.array(Alert) }),
  repairs: z.object({ newest: z.array(HealAttempt) }),
  patterns: z.array(Pattern),
  predictions: z.array(Forecast),
  security: z.array(SecurityIncident),
});
export type SystemDashboard = z.infer<typeof SystemDashboard>;
