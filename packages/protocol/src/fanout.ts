import { z } from 'zod';
import { page, Slug, Time } from './common.ts';
import { ActionRun } from './instance.ts';

/** The name of an action: `audit.security`, `cache.clear`. With `fed.` in front it is one that the hub itself knows. */
export const ActionName = z
  .string()
  .max(128)
  .regex(/^[a-z0-9_-]+(\.[a-z0-9_-]+){0,7}$/, 'must be dot-separated names of lower-case letters, digits, "-" and "_"');

/** A request to many instances at once; all that allow it when no projects are named. */
export const FanoutInput = z.strictObject({
  action: ActionName,
  projects: z.array(Slug).min(1).max(1000).optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  /** Says what would happen, and sends nothing. */
  dryRun: z.boolean().default(false),
});
export type FanoutInput = z.infer<typeof FanoutInput>;

/** `pending` is not settled yet; `sent` was accepted by the instance; `denied` was never sent; `failed` was sent or tried, without an answer to trust. */
export const FanoutStatus = z.enum(['pending', 'sent', 'denied', 'failed']);
export type FanoutStatus = z.infer<typeof FanoutStatus>;

/** What came of a fan-out at one project. */
export const FanoutResult = z.object({
  project: z.string(),
  status: FanoutStatus,
  /** Why it was denied or failed. */
  reason: z.string().optional(),
  /** The id of the run that the instance registered. */
  auditId: z.string().optional(),
  /** The run as the instance last told of it. */
  run: ActionRun.omit({ auditId: true, action: true }).optional(),
  /** Why what became of the run is not known. */
  runUnknown: z.string().optional(),
  sentAt: Time.optional(),
  via: z.enum(['http', 'mesh']).optional(),
  attempts: z.int().optional(),
});
export type FanoutResult = z.infer<typeof FanoutResult>;

const counts = z.object({ pending: z.int(), sent: z.int(), denied: z.int(), failed: z.int() });
export const Fanout = z.object({
  requestId: z.string(),
  /** As it was asked for. */
  action: z.string(),
  /** As the instances know it. */
  instanceAction: z.string(),
  requestedBy: z.string(),
  createdAt: Time,
  /** When each project was settled and each run had ended, or was given up. */
  finishedAt: Time.nullable(),
  counts,
  /** Of the runs that instances registered. */
  runs: z.object({ open: z.int(), succeeded: z.int(), failed: z.int(), unknown: z.int() }),
});
export type Fanout = z.infer<typeof Fanout>;
export const FanoutDetail = Fanout.extend({
  params: z.record(z.string(), z.unknown()).optional(),
  results: z.array(FanoutResult),
});
export type FanoutDetail = z.infer<typeof FanoutDetail>;
export const FanoutPage = page(Fanout);

/** What `POST /api/fed/actions` answers: of a dry run `sent` means that it would be. */
export const FanoutAnswer = FanoutDetail.extend({ dryRun: z.boolean() });
export type FanoutAnswer = z.infer<typeof FanoutAnswer>;
