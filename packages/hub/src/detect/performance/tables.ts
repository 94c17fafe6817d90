export type PerformanceTables = {
  performance_windows: { project: string; id: string; at: number; folded: number; body: string };
  performance_hours: {
    project: string;
    kind: SubjectKind;
    subject: string;
    hour: number;
    count: number;
    failed: number;
    total_ms: number;
    p50_ms: number;
    p95_ms: number;
    sketch: string | null;
  };
  performance_subjects: { project: string; kind: SubjectKind; subject: string; name: string; last_at: number };
  performance_problems: {
    fingerprint: string;
    project: string;
    kind: string;
    subject: string;
    since: number;
    seen_at: number;
    said: string;
  };
  performance_advice: { id: string; project: string; first_at: number; last_at: number; advice: string };
  performance_looks: { project: string; at: number; good_at: number | null; error: string | null; notes: string };
};

export type SubjectKind = 'route' | 'statement';
