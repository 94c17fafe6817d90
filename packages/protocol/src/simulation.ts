import { z } from 'zod';
import { ServiceName, Severity, Slug, Time } from './common.ts';
import { HealLimits, HealMode, HealPolicy } from './heal.ts';

/** A question to the past: what would these policies have done? Those that are in force, when none are given. */
export const HealSimulationInput = z.strictObject({
  days: z.number().min(0.04).max(90).default(7),
  project: Slug.optional(),
  policies: z
    .array(z.strictObject({ project: Slug, service: ServiceName, policy: HealPolicy }))
    .max(500)
    .optional(),
  limits: HealLimits.optional(),
});
export type HealSimulationInput = z.infer<typeof HealSimulationInput>;

/** One time at which a policy would have done something, and what really became of that trouble. */
export const SimulatedAct = z.object({
  at: Time,
  alertId: z.string(),
  title: z.string(),
  severity: Severity,
  /** `act`: it would have acted; `approve`: asked; `suggest`: told people; `person`: left it to one. */
  kind: z.enum(['act', 'approve', 'suggest', 'person']),
  reason: z.string(),
  /** How long after that the alert ended, by itself or by whatever was really done; null while it is open. */
  endedAfterMs: z.int().nullable(),
  /** How long it was open in all, until now where it still is. */
  openForMs: z.int(),
});
export type SimulatedAct = z.infer<typeof SimulatedAct>;

export const SimulatedPolicy = z.object({
  project: z.string(),
  service: z.string(),
  policy: z.string(),
  mode: HealMode,
  remedy: z.object({ kind: z.string(), text: z.string() }),
  /** Alerts that it is for. */
  alerts: z.int(),
  acts: z.array(SimulatedAct),
  /** What kept it from acting, and for how many of these alerts. */
  refused: z.array(z.object({ reason: z.string(), alerts: z.int() })),
});
export type SimulatedPolicy = z.infer<typeof SimulatedPolicy>;

export const HealSimulation = z.object({
  from: Time,
  to: Time,
  /** What the replay takes for granted, in words. */
  assumes: z.array(z.string()),
  policies: z.array(SimulatedPolicy),
});
export type HealSimulation = z.infer<typeof HealSimulation>;
