import { z } from 'zod';
import { Time } from './common.ts';

export const CLOUDEVENT_TYPE = 'application/cloudevents+json';
export const CLOUDEVENT_BATCH_TYPE = 'application/cloudevents-batch+json';

/** CloudEvents 1.0, JSON format. `type` is the mesh subject with its namespace, `source` the project's hub. */
export const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(128),
  source: z.string().min(1).max(512),
  type: z.string().min(1).max(256),
  time: Time.optional(),
  subject: z.string().max(256).optional(),
  datacontenttype: z.string().max(64).optional(),
  data: z.unknown().optional(),
});
export type CloudEvent = z.infer<typeof CloudEvent>;

export const MAX_EVENTS_PER_BATCH = 500;

/** What the event door answers: every event is accepted, a duplicate of one already accepted, or refused with a reason. */
export const EventReceipt = z.object({
  accepted: z.int(),
  duplicates: z.int(),
  refused: z.array(z.object({ id: z.string(), field: z.string(), reason: z.string() })),
  /** Samples inside accepted batches that were dropped, by reason. */
  samplesRefused: z.record(z.string(), z.int()).optional(),
  edgesRefused: z.record(z.string(), z.int()).optional(),
});
export type EventReceipt = z.infer<typeof EventReceipt>;
