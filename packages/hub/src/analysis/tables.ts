export type AnalysisTables = {
  analyses: {
    /** Epoch ms, as is `from_at`. */
    at: number;
    from_at: number;
    /** The slugs that were looked at, as JSON. */
    projects: string;
    /** `Insights` as JSON. */
    insights: string;
  };
};
