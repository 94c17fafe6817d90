import type { Alert, AlertNotification, AlertStatus, Category, Delivery, Incident, Severity } from '@orrery/protocol';
import { sql } from 'kysely';
import { iso } from '../platform/clock.ts';

export type AlertRow = {
  id: string;
  fingerprint: string;
  detector: string;
  project: string;
  service: string | null;
  severity: Severity;
  category: Category;
  title: string;
  description: string;
  recommendation: string | null;
  auto_fixable: number;
  status: AlertStatus;
  suppressed: number;
  occurrences: number;
  created_at: number;
  last_seen_at: number;
  acknowledged_by: string | null;
  acknowledged_at: number | null;
  resolved_by: string | null;
  resolved_at: number | null;
  incident_id: string | null;
  /** The open alert on what this one depends on. */
  inhibited_by: string | null;
  /** How long its recovery must last before people are told of it. */
  settle_ms: number;
  /** What it was when it recovered: what it is again when its finding comes back. */
  returns_as: AlertStatus | null;
};

export type IncidentRow = {
  id: string;
  status: Incident['status'];
  root_alert_id: string;
  reason: string;
  /** The incident that this one turned out to be part of. */
  merged_into: string | null;
  started_at: number;
  last_opening_at: number;
  last_change_at: number;
  resolved_at: number | null;
};

export type NotificationType = AlertNotification['type'];

export type DeliveryRow = {
  id: string;
  alert_id: string | null;
  channel: string;
  type: NotificationType;
  /** Which reminder, or which step of the escalation; 0 for what is told once. */
  seq: number;
  title: string;
  payload: string;
  status: Delivery['status'];
  attempts: number;
  due_at: number;
  holder: string | null;
  possible_repeat: number;
  created_at: number;
  /** When it was first to be told: later than `created_at` when it was held back on purpose. */
  planned_at: number;
  settled_at: number | null;
  last_error: string | null;
  /** The route that led to the channel; null without routes. */
  route: string | null;
  /** Why it was not told, in words. */
  reason: string | null;
};

export type ChannelStateRow = {
  name: string;
  failing_since: number | null;
  paused_until: number | null;
  last_delivered_at: number | null;
  last_error: string | null;
  delivered: number;
  failed: number;
};

export type AlertTables = {
  alerts: AlertRow;
  alert_scopes: { project: string; reconciled_at: number };
  alert_turn: { id: number; turn: number };
  incidents: IncidentRow;
  deliveries: DeliveryRow;
  channel_states: ChannelStateRow;
};

export const LIVING = ['open', 'acknowledged', 'ignored'] as const satisfies readonly AlertStatus[];

/** Living or suppressed; spelled as in the partial indexes, without parameters, so that the planner uses them. */
export const HELD = sql<boolean>`(status IN ('open', 'acknowledged', 'ignored') OR suppressed = 1)`;
/** Not settled yet; spelled as in its partial index. */
export const UNSETTLED = sql<boolean>`status IN ('pending', 'sending')`;

/** The row as the API shows it. */
export const toAlert = (row: AlertRow): Alert => ({
  id: row.id,
  project: row.project,
  ...(row.service === null ? {} : { service: row.service }),
  severity: row.severity,
  category: row.category,
  title: row.title,
  description: row.description,
  ...(row.recommendation === null ? {} : { recommendation: row.recommendation }),
  autoFixable: row.auto_fixable === 1,
  status: row.status,
  fingerprint: row.fingerprint,
  occurrences: row.occurrences,
  createdAt: iso(row.created_at),
  lastSeenAt: iso(row.last_seen_at),
  ...(row.acknowledged_by === null ? {} : { acknowledgedBy: row.acknowledged_by }),
  ...(row.acknowledged_at === null ? {} : { acknowledgedAt: iso(row.acknowledged_at) }),
  ...(row.resolved_at === null ? {} : { resolvedAt: iso(row.resolved_at) }),
  ...(row.resolved_by === null ? {} : { resolvedBy: row.resolved_by }),
  ...(row.incident_id === null ? {} : { incidentId: row.incident_id }),
  ...(row.inhibited_by === null ? {} : { inhibitedBy: row.inhibited_by }),
});

/** The row as the API shows it; what it carries stays inside. */
export const toDelivery = (row: DeliveryRow): Delivery => ({
  id: row.id,
  channel: row.channel,
  type: row.type,
  ...(row.alert_id === null ? {} : { alertId: row.alert_id }),
  title: row.title,
  status: row.status,
  attempts: row.attempts,
  createdAt: iso(row.created_at),
  ...(row.status === 'delivered' && row.settled_at !== null ? { deliveredAt: iso(row.settled_at) } : {}),
  ...(row.status === 'pending' ? { nextAttemptAt: iso(row.due_at) } : {}),
  ...(row.route === null ? {} : { route: row.route }),
  ...(row.status === 'suppressed' && row.reason !== null ? { reason: row.reason } : {}),
  ...(row.last_error === null ? {} : { lastError: row.last_error }),
  ...(row.possible_repeat === 1 ? { possibleRepeat: true } : {}),
});
