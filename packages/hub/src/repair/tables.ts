import type { HealAttempt, HealOutcome, HealStatus, Severity } from '@orrery/protocol';
import { iso, isoOrNull } from '../platform/clock.ts';

export type AttemptRow = {
  id: string;
  project: string;
  service: string;
  policy: string;
  alert_id: string;
  alert_title: string;
  severity: Severity;
  diagnosis: string;
  remedy_kind: string;
  remedy_text: string;
  /** `{remedy, rollback?}` as JSON, sealed. */
  plan: string;
  verdict: string;
  status: HealStatus;
  outcome: HealOutcome | null;
  detail: string | null;
  rollback: string | null;
  before_states: string;
  within_ms: number;
  stable_ms: number;
  approved_by: string | null;
  denied_by: string | null;
  holder: string | null;
  created_at: number;
  expires_at: number | null;
  /** When the act was begun; from here on it may have happened. */
  acting_at: number | null;
  acted_at: number | null;
  /** Since when the service has been well after the act. */
  well_since: number | null;
  ended_at: number | null;
  /** What is general about the trouble and the remedy, for learning: a `Symptom` as JSON, and the remedy's form. */
  symptom: string | null;
  remedy_form: string | null;
  learned_at: number | null;
  /** What a second look saw right before the act, or in place of it, and when. */
  second_look: string | null;
  looked_at: number | null;
};
export type VerdictRow = {
  project: string;
  service: string;
  policy: string;
  kind: string;
  reason: string;
  since: number;
  alert_id: string;
};
export type RepairTables = {
  heal_attempts: AttemptRow;
  heal_verdicts: VerdictRow;
  heal_control: { id: number; paused_by: string | null; paused_at: number | null; reason: string | null };
};

const between = (from: number | null, to: number | null) => (from === null || to === null ? null : to - from);

/** The row as the API shows it; its sealed plan stays inside. */
export const toAttempt = (row: AttemptRow): HealAttempt => ({
  id: row.id,
  target: { project: row.project, service: row.service },
  policy: row.policy,
  trigger: { alertId: row.alert_id, title: row.alert_title, severity: row.severity },
  diagnosis: row.diagnosis,
  remedy: { kind: row.remedy_kind, text: row.remedy_text },
  verdict: row.verdict,
  status: row.status,
  outcome: row.outcome,
  detail: row.detail,
  rollback: row.rollback,
  secondLook: row.second_look,
  createdAt: iso(row.created_at),
  expiresAt: isoOrNull(row.expires_at),
  approvedBy: row.approved_by,
  actedAt: isoOrNull(row.acted_at),
  verifiedAt:
    row.outcome === 'healed' || row.outcome === 'no effect' || row.outcome === 'worse' ? isoOrNull(row.ended_at) : null,
  durations: {
    toActMs: between(row.created_at, row.acting_at),
    actMs: between(row.acting_at, row.acted_at),
    verifyMs: between(row.acted_at, row.ended_at),
  },
});
