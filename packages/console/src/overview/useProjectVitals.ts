import type { FedMetrics, OpsService } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { metricsQuery } from '../queries.ts';
import { mean, toBuckets } from '../ui/series.ts';

export const VITALS = [
  'probe.up',
  'probe.latency_ms',
  'performance.latency_p95_ms',
  'performance.error_rate',
  'performance.apdex',
] as const;
export const POINTS = 60;

export type Vitals = {
  /** Percent of checks that were up, over the range. */
  uptime: number | null;
  /** Newest p95 of the product's own requests, or of the checks where it reports none (ms). */
  latency: number | null;
  latencyWord: 'p95' | 'Latency';
  /** Newest error rate, in percent. */
  errors: number | null;
  /** Newest Apdex of the whole project; null where none is reported. */
  apdex: number | null;
  outline: readonly (number | null)[];
};

/** What a card shows of a project, from its metrics over the page's range. */
export function readVitals(metrics: FedMetrics, from: number, to: number): Vitals {
  const of = (key: string) => metrics.series.filter((series) => series.key === key);
  const own = of('performance.latency_p95_ms');
  const shown = own.length > 0 ? own : of('probe.latency_ms');
  // A value from long before the end says nothing of how it is now.
  const since = to - Math.max(120_000, (to - from) / 30);
  const newest = (list: typeof shown) =>
    mean(
      list
        .map(({ points }) => points.at(-1))
        .map((point) => (point && Date.parse(point[0]) >= since ? point[1] : null)),
    );
  const up = mean(of('probe.up').flatMap((series) => series.points.map(([, value]) => value)));
  return {
    uptime: up === null ? null : up * 100,
    latency: newest(shown),
    latencyWord: own.length > 0 ? 'p95' : 'Latency',
    errors: newest(of('performance.error_rate')),
    apdex: newest(of('performance.apdex').filter(({ tags }) => tags === undefined)),
    outline: toBuckets(
      shown.flatMap((series) => series.points),
      from,
      to,
      POINTS,
    ),
  };
}

/** Latencies of the newest checks, of whichever service keeps most of them; what a young project has to show. */
export function recentLatencies(services: readonly Pick<OpsService, 'history'>[]): (number | null)[] {
  const longest = services.reduce<readonly OpsService['history'][number][]>(
    (most, { history }) => (history.length > most.length ? history : most),
    [],
  );
  return [...longest].sort((a, b) => a.at.localeCompare(b.at)).map((check) => check.latencyMs);
}

/** Whether an outline has nothing but its last quarter. */
export function isYoung(outline: readonly (number | null)[]): boolean {
  const first = outline.findIndex((value) => value !== null);
  return first < 0 || first >= outline.length * 0.75;
}

type Window = { from: number; to: number; step: number };

export function useProjectVitals(slug: string, { from, to, step }: Window, enabled = true) {
  const query = useQuery({ ...metricsQuery(slug, { key: VITALS, from, to, step }), enabled });
  return { query, vitals: query.data && readVitals(query.data, from, to) };
}
