export type DetectTables = {
  conditions: {
    fingerprint: string;
    project: string;
    detector: string;
    since: number;
    seen_at: number;
    firing: number;
    /** The finding as JSON while it fires. */
    finding: string | null;
  };
};
