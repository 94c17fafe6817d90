export type EvidenceRow = {
  id: string;
  pattern_id: string;
  import_id: string | null;
  /** Empty for what was imported without names. */
  project: string;
  service: string;
  symptom: string;
  remedy_kind: string;
  remedy_form: string;
  tries: number;
  successes: number;
  at: number;
  learned_at: number;
};
export type LearningTables = {
  pattern_evidence: EvidenceRow;
  pattern_imports: { id: string; by_name: string; at: number; patterns: number };
  pattern_allowances: { id: string; by_name: string; at: number; reason: string };
};
