export type SilenceRow = {
  id: string;
  match: string;
  reason: string;
  from_at: number;
  until_at: number;
  created_by: string;
  created_at: number;
  ended_by: string | null;
};

export type MaintenanceRow = {
  name: string;
  declaration: string;
  created_by: string;
  created_at: number;
  /** When its last window is over; null while there is always another one. */
  over_at: number | null;
};

export type RoutingTables = { silences: SilenceRow; maintenance: MaintenanceRow };
