import { type AiUsage, Dashboard } from '@orrery/protocol';
import type { Caller } from './access/index.ts';
import type { Alerts } from './alerts/index.ts';
import type { Catalog } from './catalog/index.ts';
import type { Clock } from './platform/clock.ts';
import { defineRoute, type Route } from './platform/http/route.ts';

const DAY = 86_400_000;
const INCIDENTS = 20;

type Deps = {
  catalog: Pick<Catalog, 'list'>;
  incidents: Pick<Alerts['incidents'], 'list'>;
  /** What AI calls came to; absent in a hub that keeps no accounts. */
  aiUsage?: (caller: Caller, query: { from: number; to: number; by: 'project' }) => Promise<AiUsage>;
  clock: Clock;
};

/** What somebody has of their own, on one page. A tenant's people read it whatever their role; of staff those who may look at operations. */
export function dashboardRoutes({ catalog, incidents, aiUsage, clock }: Deps): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/dashboard',
      auth: 'any',
      tag: 'Operations',
      summary: "The caller's own projects, open incidents and AI usage",
      response: Dashboard,
      async handle({ caller }): Promise<Dashboard> {
        const reader = readerOf(caller);
        if (!reader.permissions.has('ops:view')) return { tenant: null, projects: [], incidents: [], aiUsage: null };
        const to = clock.now();
        const [projects, open, usage] = await Promise.all([
          catalog.list(reader),
          incidents.list(reader, { status: 'open', limit: INCIDENTS }),
          aiUsage?.(reader, { from: to - 30 * DAY, to, by: 'project' }),
        ]);
        return {
          tenant: caller.tenant,
          projects: projects.map(({ slug, name, status, lastSeenAt, kpis }) => ({
            slug,
            name,
            status,
            lastSeenAt,
            kpis,
          })),
          incidents: open.items,
          aiUsage: usage ? { from: usage.from, to: usage.to, total: usage.total, groups: usage.groups } : null,
        };
      },
    }),
  ];
}

/** Somebody of a tenant may read what is the tenant's, whatever the role; what exists for them stays as it is. */
const readerOf = (caller: Caller): Caller =>
  caller.tenant === null ? caller : { ...caller, permissions: new Set([...caller.permissions, 'ops:view'] as const) };
