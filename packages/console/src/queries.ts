import type { UsageBy } from '@orrery/protocol';
import { infiniteQueryOptions, keepPreviousData, QueryClient, queryOptions } from '@tanstack/react-query';
import {
  type AiCallsQuery,
  type AlertQuery,
  ApiError,
  type AuditQuery,
  api,
  type IncidentQuery,
  type LogsQuery,
  type MetricsQuery,
  type SecurityQuery,
} from './api.ts';

/** Every fact the pages read, once: its key, how to fetch it, how often it is asked for again while the page is live. */

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      gcTime: 300_000,
      networkMode: 'always',
      // A refusal stays a refusal; a broken connection is tried again, and the interval below goes on after that.
      retry: (count, error) => !(error instanceof ApiError && error.status >= 400 && error.status < 500) && count < 2,
      retryDelay: (attempt) => Math.min(1000 * 2 ** attempt, 10_000),
    },
    mutations: { networkMode: 'always' },
  },
});

let paused = () => false;
/** While the person has paused the page, nothing is asked for by itself. */
export function pauseWhen(test: () => boolean): void {
  paused = test;
}
const every = (ms: number) => () => (paused() ? (false as const) : ms);

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => api.me(signal),
  staleTime: 60_000,
});

export const dashboardQuery = queryOptions({
  queryKey: ['dashboard'],
  queryFn: ({ signal }) => api.dashboard(signal),
  refetchInterval: every(10_000),
});

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: ({ signal }) => api.projects(signal),
  refetchInterval: every(10_000),
});

export const projectQuery = (slug: string) =>
  queryOptions({
    queryKey: ['project', slug],
    queryFn: ({ signal }) => api.project(slug, signal),
    refetchInterval: every(15_000),
  });

export const graphQuery = queryOptions({
  queryKey: ['graph'],
  queryFn: async ({ signal }) => {
    const graph = await api.graph(signal);
    performance.mark('ecosystem:data');
    return graph;
  },
  refetchInterval: every(10_000),
});

export const healthQuery = (project?: string) =>
  queryOptions({
    queryKey: ['health', project ?? 'all'],
    queryFn: ({ signal }) => api.health(project, signal),
    refetchInterval: every(5_000),
  });

export const metricsQuery = (slug: string, query: MetricsQuery) =>
  queryOptions({
    // The window slides; its place is part of the key only as far as the step is.
    queryKey: ['metrics', slug, query.key.join(), query.from, query.to, query.step, query.stat ?? 'avg'],
    queryFn: ({ signal }) => api.metrics(slug, query, signal),
    placeholderData: keepPreviousData,
    refetchInterval: every(Math.max(10_000, Math.min(60_000, query.step))),
    gcTime: 60_000,
  });

export const alertsQuery = (query: AlertQuery) =>
  infiniteQueryOptions({
    queryKey: ['alerts', query],
    queryFn: ({ pageParam, signal }) => api.alerts(query, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: every(10_000),
  });

export const OPEN = { status: 'open,acknowledged' } as const;

export const alertQuery = (id: string) =>
  queryOptions({ queryKey: ['alert', id], queryFn: ({ signal }) => api.alert(id, signal) });

export const eventsQuery = (project?: string) =>
  queryOptions({
    queryKey: ['events', project ?? 'all'],
    queryFn: ({ signal }) => api.events({ limit: 100, ...(project ? { project } : {}) }, undefined, signal),
    refetchInterval: every(60_000),
  });

export const logsQuery = (slug: string, query: LogsQuery, follow: boolean) =>
  infiniteQueryOptions({
    queryKey: ['logs', slug, query],
    queryFn: ({ pageParam, signal }) => api.logs(slug, query, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: follow ? every(5_000) : false,
  });

export const performanceQuery = (slug: string) =>
  queryOptions({
    queryKey: ['performance', slug],
    queryFn: ({ signal }) => api.performance(slug, signal),
    refetchInterval: every(30_000),
  });

export const templatesQuery = (slug: string, order: 'frequent' | 'newest') =>
  queryOptions({
    queryKey: ['templates', slug, order],
    queryFn: ({ signal }) => api.logTemplates(slug, order, signal),
    placeholderData: keepPreviousData,
    refetchInterval: every(15_000),
  });

export const actionsQuery = infiniteQueryOptions({
  queryKey: ['actions', 'list'],
  queryFn: ({ pageParam, signal }) => api.actions(pageParam, signal),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.nextCursor,
  refetchInterval: every(5_000),
});
export const actionQuery = (id: string) =>
  queryOptions({
    queryKey: ['actions', 'one', id],
    queryFn: ({ signal }) => api.action(id, signal),
    refetchInterval: ({ state }) => (state.data && state.data.finishedAt !== null ? false : every(1_500)()),
  });

export const incidentsQuery = (query: IncidentQuery) =>
  infiniteQueryOptions({
    queryKey: ['incidents', query],
    queryFn: ({ pageParam, signal }) => api.incidents(query, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: every(10_000),
  });
export const incidentQuery = (id: string) =>
  queryOptions({
    queryKey: ['incident', id],
    queryFn: ({ signal }) => api.incident(id, signal),
    refetchInterval: every(10_000),
  });
export const diagnosisQuery = (incidentId: string) =>
  queryOptions({
    queryKey: ['diagnosis', incidentId],
    queryFn: ({ signal }) => api.diagnosis(incidentId, signal),
    // Until there is one it is asked for often: the first is there within seconds.
    refetchInterval: ({ state }) => every(state.data === undefined ? 1_500 : 10_000)(),
  });
export const silencesQuery = queryOptions({
  queryKey: ['silences'],
  queryFn: ({ signal }) => api.silences(signal),
  refetchInterval: every(15_000),
});
export const maintenanceQuery = queryOptions({
  queryKey: ['maintenance'],
  queryFn: ({ signal }) => api.maintenance(signal),
  refetchInterval: every(15_000),
});
export const routesQuery = queryOptions({
  queryKey: ['routes'],
  queryFn: ({ signal }) => api.routes(signal),
  refetchInterval: every(15_000),
});
export const rulesQuery = queryOptions({
  queryKey: ['rules'],
  queryFn: ({ signal }) => api.rules(signal),
  refetchInterval: every(10_000),
});
export const statusPagesQuery = queryOptions({
  queryKey: ['status-pages'],
  queryFn: ({ signal }) => api.statusPages(signal),
  refetchInterval: every(30_000),
});

export const keysQuery = queryOptions({ queryKey: ['keys'], queryFn: ({ signal }) => api.keys(signal) });
export const channelsQuery = queryOptions({
  queryKey: ['channels'],
  queryFn: ({ signal }) => api.channels(signal),
  refetchInterval: every(10_000),
});
/** Of one channel, or of all of them. */
export const deliveriesQuery = (name: string | undefined, status?: string) =>
  infiniteQueryOptions({
    queryKey: ['deliveries', name ?? 'all', status ?? 'any'],
    queryFn: ({ pageParam, signal }) =>
      name === undefined ? api.allDeliveries({ status }, pageParam, signal) : api.deliveries(name, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: every(10_000),
  });
export const analysisQuery = queryOptions({
  queryKey: ['analysis'],
  queryFn: ({ signal }) => api.analysis(signal),
  refetchInterval: every(300_000),
});

export const forecastsQuery = (project?: string) =>
  infiniteQueryOptions({
    queryKey: ['forecasts', project ?? 'all'],
    queryFn: ({ pageParam, signal }) => api.forecasts(project, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: every(60_000),
  });
export const forecastQuery = (id: string) =>
  queryOptions({
    queryKey: ['forecast', id],
    queryFn: ({ signal }) => api.forecast(id, signal),
    refetchInterval: every(60_000),
  });
export const securityQuery = (query: SecurityQuery) =>
  infiniteQueryOptions({
    queryKey: ['security', 'incidents', query],
    queryFn: ({ pageParam, signal }) => api.security(query, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: every(10_000),
  });
export const securityIncidentQuery = (id: string) =>
  queryOptions({
    queryKey: ['security', 'incident', id],
    queryFn: ({ signal }) => api.securityIncident(id, signal),
    refetchInterval: every(10_000),
  });
export const postureQuery = queryOptions({
  queryKey: ['security', 'posture'],
  queryFn: ({ signal }) => api.posture(signal),
  refetchInterval: every(15_000),
});

export const attemptsQuery = queryOptions({
  queryKey: ['heal', 'attempts'],
  queryFn: ({ signal }) => api.attempts(signal),
  refetchInterval: every(3_000),
});
export const healPoliciesQuery = queryOptions({
  queryKey: ['heal', 'policies'],
  queryFn: ({ signal }) => api.healPolicies(signal),
  refetchInterval: every(5_000),
});
export const patternsQuery = queryOptions({
  queryKey: ['patterns'],
  queryFn: ({ signal }) => api.patterns(signal),
  refetchInterval: every(15_000),
});
/** A replay of the past: that does not change from one look to the next. */
export const simulationQuery = (days: number) =>
  queryOptions({
    queryKey: ['simulation', days],
    queryFn: ({ signal }) => api.simulate(days, signal),
    staleTime: 60_000,
  });
export const attemptQuery = (id: string) =>
  queryOptions({ queryKey: ['heal', 'attempt', id], queryFn: ({ signal }) => api.attempt(id, signal) });
export const healControlQuery = queryOptions({
  queryKey: ['heal', 'control'],
  queryFn: ({ signal }) => api.healControl(signal),
  refetchInterval: every(5_000),
});
export const meshQuery = queryOptions({
  queryKey: ['mesh'],
  queryFn: ({ signal }) => api.mesh(signal),
  refetchInterval: every(5_000),
});
export const agentsQuery = queryOptions({
  queryKey: ['agents'],
  queryFn: ({ signal }) => api.agents(signal),
  refetchInterval: every(3_000),
});
export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: ({ signal }) => api.jobs(signal),
  refetchInterval: every(5_000),
});
export const configQuery = queryOptions({
  queryKey: ['config'],
  queryFn: ({ signal }) => api.configStatus(signal),
  refetchInterval: every(15_000),
});

export const hubQuery = queryOptions({
  queryKey: ['hub'],
  queryFn: ({ signal }) => api.hub(signal),
  refetchInterval: every(30_000),
});

export const aiUsageQuery = (query: { from: number; to: number; by: UsageBy }) =>
  queryOptions({
    queryKey: ['ai', 'usage', query],
    queryFn: ({ signal }) => api.aiUsage(query, signal),
    placeholderData: keepPreviousData,
    refetchInterval: every(15_000),
    gcTime: 60_000,
  });
export const aiCallsQuery = (query: AiCallsQuery) =>
  infiniteQueryOptions({
    queryKey: ['ai', 'calls', query],
    queryFn: ({ pageParam, signal }) => api.aiCalls(query, pageParam, 100, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: every(15_000),
    gcTime: 60_000,
  });
export const aiFailoversQuery = (from: number, to: number) =>
  queryOptions({
    queryKey: ['ai', 'failovers', from, to],
    queryFn: ({ signal }) => api.aiCalls({ from, to, failedOver: true }, undefined, 12, signal),
    placeholderData: keepPreviousData,
    refetchInterval: every(15_000),
    gcTime: 60_000,
  });
export const aiCallQuery = (id: string) =>
  queryOptions({ queryKey: ['ai', 'call', id], queryFn: ({ signal }) => api.aiCall(id, signal), staleTime: 300_000 });
export const aiForecastQuery = queryOptions({
  queryKey: ['ai', 'forecast'],
  queryFn: ({ signal }) => api.aiForecast(signal),
  refetchInterval: every(300_000),
});
export const aiProvidersQuery = queryOptions({
  queryKey: ['ai', 'providers'],
  queryFn: ({ signal }) => api.aiProviders(signal),
  refetchInterval: every(5_000),
});
export const aiBudgetsQuery = queryOptions({
  queryKey: ['ai', 'budgets'],
  queryFn: ({ signal }) => api.aiBudgets(signal),
  refetchInterval: every(10_000),
});
export const auditQuery = (query: AuditQuery) =>
  infiniteQueryOptions({
    queryKey: ['audit', query],
    queryFn: ({ pageParam, signal }) => api.audit(query, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: every(15_000),
  });
export const auditEntryQuery = (seq: string) =>
  queryOptions({
    queryKey: ['audit-entry', seq],
    queryFn: ({ signal }) => api.auditEntry(seq, signal),
    staleTime: Infinity,
  });
