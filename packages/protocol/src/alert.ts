import { z } from 'zod';
import { Category, Severity, Time } from './common.ts';

export const AlertStatus = z.enum(['open', 'acknowledged', 'resolved', 'ignored']);
export type AlertStatus = z.infer<typeof AlertStatus>;

export const Alert = z.object({
  id: z.string(),
  project: z.string(),
  service: z.string().optional(),
  severity: Severity,
  category: Category,
  title: z.string(),
  description: z.string(),
  recommendation: z.string().optional(),
  autoFixable: z.boolean(),
  status: AlertStatus,
  fingerprint: z.string(),
  occurrences: z.int(),
  createdAt: Time,
  lastSeenAt: Time,
  acknowledgedBy: z.string().optional(),
  acknowledgedAt: Time.optional(),
  resolvedAt: Time.optional(),
  /** Who or what resolved it: a person's name, or `recovery` when the finding went away. */
  resolvedBy: z.string().optional(),
  incidentId: z.string().optional(),
  /** The open alert on what this one depends on: nobody is told of this one while that one lasts. */
  inhibitedBy: z.string().optional(),
  /** The silence (its id) or the maintenance (its name) in which it falls. */
  silencedBy: z.string().optional(),
});
export type Alert = z.infer<typeof Alert>;

/** What people are told of repair, each as a follow-up of the alert that it is about. */
export const HealNewsType = z.enum([
  'heal.began',
  'heal.approval_needed',
  'heal.approved',
  'heal.denied',
  'heal.healed',
  'heal.no_effect',
  'heal.worse',
  'heal.failed',
  'heal.refused',
  'heal.expired',
  'heal.person',
]);
export type HealNewsType = z.infer<typeof HealNewsType>;

/** The attempt that a follow-up tells of. */
export const HealNews = z.object({
  /** Absent when there is none: only a person can go on. */
  attemptId: z.string().optional(),
  policy: z.string(),
  /** In words, without its secrets. */
  remedy: z.string(),
  /** What was known of the cause when it was decided. */
  why: z.string(),
  /** What came of it so far, in words. */
  detail: z.string().optional(),
  /** Until when it can be approved. */
  expiresAt: Time.optional(),
});
export type HealNews = z.infer<typeof HealNews>;

export const AlertNotification = z.object({
  type: z.enum([
    'alert.opened',
    'alert.acknowledged',
    'alert.resolved',
    'alert.ignored',
    'alert.reminder',
    'alert.escalated',
    'rule.matched',
    'channel.test',
    ...HealNewsType.options,
  ]),
  at: Time,
  alert: Alert,
  /** With the types `heal.*`. */
  heal: HealNews.optional(),
});
export type AlertNotification = z.infer<typeof AlertNotification>;
