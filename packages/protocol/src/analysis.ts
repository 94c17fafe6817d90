import { z } from 'zod';
import { Category, Severity, Time } from './common.ts';

/** How one metric of a project went: its last 24 hours beside the days before. */
export const Trend = z.object({
  site_key: z.string(),
  service: z.string().optional(),
  metric: z.string(),
  unit: z.string().optional(),
  /** Mean of the last 24 hours. */
  now: z.number(),
  /** Median of the daily means before. */
  before: z.number(),
  changePercent: z.number().nullable(),
  direction: z.enum(['up', 'down']),
  /** What the change means: of a metric whose meaning is not known it is neither. */
  meaning: z.enum(['better', 'worse', 'neither']),
  /** Days before that had samples. */
  days: z.int(),
});
export type Trend = z.infer<typeof Trend>;

export const InsightAlert = z.object({
  site_key: z.string(),
  service: z.string().optional(),
  metric: z.string(),
  severity: Severity,
  category: Category,
  title: z.string(),
  description: z.string(),
  recommendation: z.string(),
});
export type InsightAlert = z.infer<typeof InsightAlert>;

/** What one look at all projects came to. The names are those that schedulers and scripts of this kind know. */
export const Insights = z.object({
  summary: z.string(),
  alerts: z.array(InsightAlert),
  optimizations: z.array(
    z.object({
      site_key: z.string(),
      type: z.enum(['reliability', 'performance', 'cost', 'coverage']),
      description: z.string(),
      priority: z.enum(['high', 'medium', 'low']),
    }),
  ),
  trends: z.array(Trend),
  action_items: z.array(z.string()),
});
export type Insights = z.infer<typeof Insights>;

/** Section 7 of the contracts: `GET /api/cron/ai-analyze`. */
export const AnalysisRun = z.object({ success: z.literal(true), insights: Insights });

/** The newest analysis, narrowed to what the caller may see; null before the first. */
export const AnalysisView = z.object({
  analysis: z.object({ at: Time, from: Time, projects: z.int(), insights: Insights }).nullable(),
});
export type AnalysisView = z.infer<typeof AnalysisView>;
