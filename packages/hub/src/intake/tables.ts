import type { ServiceStatus } from '@orrery/protocol';
import type { Generated } from 'kysely';

export type StateRow = {
  id: string;
  status: ServiceStatus;
  since: number | null;
  last_check_at: number | null;
  latency_ms: number | null;
  reason: string | null;
  failures: number;
  streak: number;
  pending: ServiceStatus | null;
  checks: string | null;
  hours: string;
  log_cursor: string | null;
  log_since: number | null;
  log_note: string | null;
  /** A list of epoch ms as JSON. */
  flips: string;
  ran_at: number | null;
};
export type CheckRow = { probe: number; at: number; status: number; latency_ms: number | null; reason: string | null };
type HeartbeatRow = { id: string; first_at: number; last_at: number | null; failed: number; beats: number };
export type LogRow = {
  id: Generated<number>;
  project: string;
  service: string;
  at: number;
  received_at: number;
  level: number;
  message: string;
  fields: string | null;
};

export type IntakeTables = {
  probes_state: StateRow;
  checks: CheckRow;
  heartbeats: HeartbeatRow;
  log_entries: LogRow;
  probe_votes: { probe: string; hub: string; status: ServiceStatus; at: number; reason: string | null };
  mesh_state: {
    project: string;
    kind: string;
    source: string;
    at: number;
    event_id: string;
    received_at: number;
    payload: string;
  };
  inbox: { project: string; id: string; received_at: number };
};
