import { z } from 'zod';
import { Alert } from './alert.ts';
import { ChannelName } from './channels.ts';
import { Category, duration, ServiceName, Severity, Slug, Time, TimeZone } from './common.ts';

/** Who hears of what, when, and who need not: in orrery.yaml and through the API. */
const pattern = z.string().min(1).max(128);
const patterns = z.array(pattern).min(1).max(100).optional();

/** Which alerts: every field that is given must hold; in a field any one of its values. `*` in a text stands for any run of characters. */
export const AlertMatch = z.strictObject({
  projects: patterns,
  /** A service's name, or `project/service`. */
  services: patterns,
  severities: z.array(Severity).min(1).optional(),
  categories: z.array(Category).min(1).optional(),
  tags: patterns,
  teams: patterns,
  titles: patterns,
});
export type AlertMatch = z.infer<typeof AlertMatch>;

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, "22:00"');
export const Weekday = z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);

/** From one time of day to another, past midnight when the end is the earlier one; the days are those on which it begins. */
export const QuietHours = z.strictObject({
  from: clockTime,
  to: clockTime,
  timeZone: TimeZone.default('UTC'),
  days: z.array(Weekday).min(1).optional(),
  /** What is told all the same. */
  except: z.array(Severity).default(['critical']),
});
export type QuietHours = z.infer<typeof QuietHours>;

export const RouteDeclaration = z.strictObject({
  name: ChannelName,
  match: AlertMatch.default({}),
  channels: z.array(ChannelName).max(20),
  /** Whether the routes after this one are looked at too. */
  continue: z.boolean().default(false),
  quietHours: z.array(QuietHours).max(10).default([]),
  /** Told again this often while it is open and nobody has acknowledged it; never when absent. */
  repeatEvery: duration('1m', '7d').optional(),
  /** Who else is told when nobody has acknowledged it for so long. */
  escalate: z
    .array(z.strictObject({ after: duration('1s', '7d'), channels: z.array(ChannelName).min(1).max(20) }))
    .max(5)
    .default([]),
});
export type RouteDeclaration = z.infer<typeof RouteDeclaration>;

export const SilenceInput = z
  .strictObject({
    match: AlertMatch.refine((match) => Object.values(match).some((value) => value !== undefined), {
      error: 'must narrow something down: an empty one would silence everything',
    }),
    reason: z.string().min(1).max(500),
    from: Time.optional(),
    until: Time.optional(),
    /** In place of `until`. */
    for: duration('1m', '365d').optional(),
  })
  .refine((silence) => (silence.until === undefined) !== (silence.for === undefined), {
    error: 'needs exactly one of "until" and "for"',
  });
export type SilenceInput = z.infer<typeof SilenceInput>;
export const Silence = z.object({
  id: z.string(),
  match: AlertMatch,
  reason: z.string(),
  from: Time,
  until: Time,
  createdBy: z.string(),
  createdAt: Time,
  endedBy: z.string().optional(),
  status: z.enum(['planned', 'active', 'ended']),
});
export type Silence = z.infer<typeof Silence>;

const maintenanceBase = {
  name: ChannelName,
  title: z.string().min(1).max(200),
  match: z.strictObject({ projects: patterns, services: patterns, tags: patterns }).default({}),
  /** Shown on status pages that show what it covers. */
  public: z.boolean().default(true),
};
/** A time in which trouble is expected: nobody is told, and it does not count against uptime. */
export const MaintenanceDeclaration = z.union([
  z
    .strictObject({ ...maintenanceBase, from: Time, until: Time })
    .refine((once) => Date.parse(once.until) > Date.parse(once.from), { error: '"until" must come after "from"' }),
  z.strictObject({
    ...maintenanceBase,
    /** When it begins, as a cron expression in `timeZone`: `0 2 * * sun`. */
    cron: z.string().min(9).max(100),
    timeZone: TimeZone.default('UTC'),
    lasts: duration('1m', '7d'),
  }),
]);
export type MaintenanceDeclaration = z.infer<typeof MaintenanceDeclaration>;
export const MaintenanceView = z.object({
  name: z.string(),
  title: z.string(),
  match: MaintenanceDeclaration.options[1].shape.match,
  public: z.boolean(),
  /** As declared: once (`from`, `until`), or again and again (`cron`, `timeZone`, `lasts`). */
  schedule: z.union([
    z.object({ from: Time, until: Time }),
    z.object({ cron: z.string(), timeZone: z.string(), lasts: z.string() }),
  ]),
  /** The window that is open now, else the next one; null when there is none any more. */
  window: z.object({ from: Time, until: Time }).nullable(),
  active: z.boolean(),
  declaredIn: z.string(),
  createdBy: z.string().optional(),
});
export type MaintenanceView = z.infer<typeof MaintenanceView>;

export const RouteView = RouteDeclaration.extend({ declaredIn: z.string() });
export type RouteView = z.infer<typeof RouteView>;

/** What an alert would be like, to see who would hear of it. */
export const RouteTestInput = z.strictObject({
  project: Slug,
  service: ServiceName.optional(),
  severity: Severity.default('critical'),
  category: Category.default('availability'),
  title: z.string().max(200).default('Something is wrong'),
  /** When it would open; now when absent. */
  at: Time.optional(),
});
export type RouteTestInput = z.input<typeof RouteTestInput>;
export const RouteTestResult = z.object({
  /** Who would be told and when, and who else while nobody acknowledges it. */
  told: z.array(
    z.object({
      channel: z.string(),
      route: z.string().optional(),
      type: z.enum(['alert.opened', 'alert.reminder', 'alert.escalated']),
      at: Time,
      /** For a reminder: how often. */
      every: z.string().optional(),
    }),
  ),
  /** How each route was decided on, in order, as far as they were looked at. */
  routes: z.array(z.object({ route: z.string(), taken: z.boolean(), reason: z.string() })),
  /** Why nobody is told at that time after all: a silence or maintenance. */
  heldBy: z.string().optional(),
  /** In one sentence. */
  summary: z.string(),
});
export type RouteTestResult = z.infer<typeof RouteTestResult>;

export const Incident = z.object({
  id: z.string(),
  status: z.enum(['open', 'resolved']),
  severity: Severity,
  title: z.string(),
  /** Why these alerts are one incident, in words. */
  reason: z.string(),
  /** The alert that stands furthest upstream, as far as the edges tell. */
  rootAlertId: z.string(),
  project: z.string(),
  projects: z.array(z.string()),
  alertIds: z.array(z.string()),
  openAlerts: z.int(),
  startedAt: Time,
  lastChangeAt: Time,
  resolvedAt: Time.optional(),
});
export type Incident = z.infer<typeof Incident>;

/** With its alerts, the root first; of a flood of them the first thousand. */
export const IncidentDetail = Incident.extend({ alerts: z.array(Alert) });
export type IncidentDetail = z.infer<typeof IncidentDetail>;
