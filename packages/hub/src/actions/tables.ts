export type FanoutRow = {
  id: string;
  /** As it was asked for. */
  action: string;
  /** As the instances know it. */
  instance_action: string;
  params: string | null;
  requested_by: string;
  created_at: number;
  finished_at: number | null;
};

export type PartRow = {
  fanout: string;
  project: string;
  status: 'sending' | 'sent' | 'denied' | 'failed';
  reason: string | null;
  attempts: number;
  /** When another hub may take it from the one that is sending it. */
  due_at: number;
  holder: string | null;
  via: 'http' | 'mesh' | null;
  audit_id: string | null;
  sent_at: number | null;
  settled_at: number | null;
  /** When the instance is asked next what became of the run; null when there is nothing to ask. */
  collect_at: number | null;
  collects: number;
  run_status: 'queued' | 'running' | 'succeeded' | 'failed' | null;
  /** The rest of the run as the instance told of it: ActionRun as JSON. */
  run: string | null;
  run_unknown: string | null;
};

export type ActionTables = { fanouts: FanoutRow; fanout_parts: PartRow };
