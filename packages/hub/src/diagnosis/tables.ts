export type DiagnosisRow = {
  id: string;
  incident_id: string;
  at: number;
  /** Causes and facts as JSON. */
  causes: string;
  facts: string;
  fingerprint: string;
};
export type WorkRow = {
  incident_id: string;
  /** The state of the incident that was diagnosed. */
  seen: string;
  rounds: number;
  looked_at: number;
  /** When it is looked at again; null when only a change makes it worth a look. */
  due_at: number | null;
};
export type ExplanationRow = {
  fingerprint: string;
  status: 'asking' | 'done' | 'failed';
  asked_at: number;
  /** `StoredExplanation` as JSON. */
  explanation: string | null;
  detail: string | null;
};
export type DiagnosisTables = {
  diagnoses: DiagnosisRow;
  diagnosis_work: WorkRow;
  diagnosis_explanations: ExplanationRow;
};
