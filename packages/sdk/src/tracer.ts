import { type Repeats, type RequestTrace, repeated } from './requests.ts';
import { ask } from './shared.ts';
import { quantile, RollingSeries, SeriesSet, type Span, type Totals } from './window.ts';

const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);
export const UNMATCHED = '(unmatched)';

/** Whose request it is. */
export type Who = { tenant?: string | undefined; tier?: string | undefined };

export type TracedRequest = {
  method: string;
  /** The route's template: `/orders/:id`, never the concrete path; `(unmatched)` when no route answered. */
  route: string;
  status: number;
  durationMs: number;
  /** Bytes of the answer's body. */
  bytes?: number;
  /** What its statements were: `instance.requests.open()` at its start. */
  trace?: RequestTrace | undefined;
} & Who;

export type TracerOptions = {
  /** Method and route pairs that are told apart; the rest count under `(other)`. Default 200. */
  maxRoutes?: number;
  /** What a request is tagged with; by default its tier, else its tenant. At most 32 values are told apart. */
  platform?: (who: Who) => string | undefined;
};

export type RouteSummary = {
  /** `GET /orders/:id`. */
  route: string;
  requests: number;
  /** 4xx answers. */
  refused: number;
  /** 5xx answers. */
  failed: number;
  bytes: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
};

export type TracerTotals = {
  requests: number;
  errorRatePercent: number;
  bytes: number;
  p50Ms?: number;
  p95Ms?: number;
  p99Ms?: number;
};

export type Tracer = {
  /** Counts one answered request. Costs about a microsecond. */
  record(request: TracedRequest): void;
  /** The slowest routes of the window by p95. */
  top(limit?: number): RouteSummary[];
  totals(): TracerTotals;
  /** The same figures for each platform tag. */
  platforms(): Map<string, TracerTotals>;
  /** The whole of complete slots, by route and by platform tag. */
  between(span: Span): { routes: [route: string, totals: Totals][]; platforms: [platform: string, totals: Totals][] };
  /** How many series exist: never more than the limits allow. */
  seriesCount(): number;
};

const defaultPlatform = (who: Who) => who.tier ?? who.tenant;

export function createTracer(options: TracerOptions, now: () => number, repeats: Repeats = repeated()): Tracer {
  const routes = new SeriesSet(options.maxRoutes ?? 200);
  const byPlatform = new SeriesSet(32);
  const all = new RollingSeries();
  const platformOf = options.platform ?? defaultPlatform;

  return {
    record(request) {
      const at = now();
      const { durationMs, status } = request;
      const outcome = status >= 500 ? 'failed' : status >= 400 ? 'refused' : 'ok';
      const bytes = Number.isFinite(request.bytes) ? (request.bytes ?? 0) : 0;
      const method = METHODS.has(request.method) ? request.method : 'OTHER';
      const route = request.route.length > 200 ? `${request.route.slice(0, 200)}…` : request.route;
      all.record(at, durationMs, outcome, bytes);
      const name = `${method} ${route}`;
      routes.at(name, at).record(at, durationMs, outcome, bytes);
      if (request.trace) repeats.note(name, request.trace);
      if (request.tenant === undefined && request.tier === undefined) return;
      const platform: unknown = ask(platformOf, request);
      if (typeof platform === 'string') byPlatform.at(platform.slice(0, 64), at).record(at, durationMs, outcome, bytes);
    },
    top(limit = 10) {
      const at = now();
      const rows: RouteSummary[] = [];
      for (const [route, series] of routes.entries()) {
        const { count, errors, refusals, units, sketch } = series.read(at);
        if (count === 0) continue;
        rows.push({
          route,
          requests: count,
          refused: refusals,
          failed: errors,
          bytes: units,
          p50Ms: quantile(sketch, 0.5) ?? 0,
          p95Ms: quantile(sketch, 0.95) ?? 0,
          p99Ms: quantile(sketch, 0.99) ?? 0,
        });
      }
      return rows.sort((a, b) => b.p95Ms - a.p95Ms).slice(0, limit);
    },
    totals: () => totalsOf(all, now()),
    platforms() {
      const at = now();
      const found = new Map<string, TracerTotals>();
      for (const [platform, series] of byPlatform.entries()) {
        const totals = totalsOf(series, at);
        if (totals.requests > 0) found.set(platform, totals);
      }
      return found;
    },
    between: (span) => ({ routes: filled(routes, span), platforms: filled(byPlatform, span) }),
    seriesCount: () => routes.size + byPlatform.size,
  };
}

/** Every series that has something in these slots. */
export const filled = (set: SeriesSet, span: Span): [string, Totals][] =>
  [...set.entries()]
    .map(([name, series]): [string, Totals] => [name, series.between(span)])
    .filter(([, { count }]) => count > 0);

function totalsOf(series: RollingSeries, at: number): TracerTotals {
  const { count, errors, units, sketch } = series.read(at);
  const totals: TracerTotals = {
    requests: count,
    errorRatePercent: count === 0 ? 0 : Math.round((errors / count) * 100_000) / 1000,
    bytes: units,
  };
  const [p50Ms, p95Ms, p99Ms] = [quantile(sketch, 0.5), quantile(sketch, 0.95), quantile(sketch, 0.99)];
  if (p50Ms !== undefined) totals.p50Ms = p50Ms;
  if (p95Ms !== undefined) totals.p95Ms = p95Ms;
  if (p99Ms !== undefined) totals.p99Ms = p99Ms;
  return totals;
}
