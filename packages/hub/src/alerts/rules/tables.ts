export type RuleTables = {
  /** `gaps`: numbers before `seq` that were missing when it was passed, as JSON. */
  rule_cursors: { name: string; seq: number; gaps: string };
  rule_hits: { rule: string; seq: number };
  rule_matches: {
    rule: string;
    project: string;
    /** Empty for the project itself. */
    service: string;
    began_at: number;
    matched_at: number;
    title: string;
    description: string | null;
    recommendation: string | null;
  };
};
