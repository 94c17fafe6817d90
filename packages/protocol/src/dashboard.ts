import { z } from 'zod';
import { AiUsage } from './aiAccounts.ts';
import { Incident } from './alerting.ts';
import { FedProject } from './fed.ts';

/** What somebody has of their own: projects, open incidents and AI usage, and nothing of others. */
export const Dashboard = z.object({
  tenant: z.string().nullable(),
  projects: z.array(FedProject.pick({ slug: true, name: true, status: true, lastSeenAt: true, kpis: true })),
  incidents: z.array(Incident),
  /** The last thirty days, by project; null when this hub keeps no accounts. */
  aiUsage: AiUsage.pick({ from: true, to: true, total: true, groups: true }).nullable(),
});
export type Dashboard = z.infer<typeof Dashboard>;
