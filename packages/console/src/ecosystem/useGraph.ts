import { queryOptions, useQuery } from '@tanstack/react-query';
import { api } from '../api.ts';
import { graphQuery } from '../queries.ts';

export const PACES = ['10s', '30s', '1min', 'off'] as const;
export type Pace = (typeof PACES)[number];
const PACE_MS: Record<Pace, number | false> = { '10s': 10_000, '30s': 30_000, '1min': 60_000, off: false };

/** What was does not change any more. */
const pastGraphQuery = (at: string) =>
  queryOptions({
    queryKey: ['past-graph', at],
    queryFn: ({ signal }) => api.graph(signal, at),
    staleTime: Number.POSITIVE_INFINITY,
    retry: 1,
  });

/** At a pace of one's own: news of the hub do not hurry it. */
const pacedGraphQuery = (pace: Pace) =>
  queryOptions({
    queryKey: ['paced-graph'],
    queryFn: ({ signal }) => api.graph(signal),
    refetchInterval: PACE_MS[pace],
    refetchOnWindowFocus: false,
    staleTime: PACE_MS[pace] || Number.POSITIVE_INFINITY,
  });

/** The graph as it is now, live or at a pace, or as it was at a moment; what was shown stays until the next is there. */
export function useGraph(at: string | undefined, pace: Pace | undefined) {
  const past = useQuery({ ...pastGraphQuery(at ?? ''), enabled: at !== undefined, placeholderData: (shown) => shown });
  const paced = useQuery({ ...pacedGraphQuery(pace ?? 'off'), enabled: at === undefined && pace !== undefined });
  const live = useQuery({ ...graphQuery, enabled: at === undefined && pace === undefined });
  const query = at !== undefined ? past : pace !== undefined ? paced : live;
  // The first of another kind comes in a moment: until then what was there, so that the map stays.
  const shown = query.isError && at !== undefined ? undefined : (query.data ?? live.data ?? paced.data);
  return { query, graph: shown, isLate: query.data === undefined || query.isPlaceholderData };
}
