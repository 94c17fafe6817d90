import { z } from 'zod';

/** Section 7 of the contracts: entry points for serverless schedulers. */
export const MonitorRun = z.object({
  monitored: z.int(),
  results: z.array(z.object({ site: z.string(), status: z.enum(['ok', 'error']), health: z.string().optional() })),
});
export type MonitorRun = z.infer<typeof MonitorRun>;
