import { totalmem } from 'node:os';
import { MetricKey, type Metrics, type WireSample } from '@orrery/protocol';
import type { AttackWatch } from './attacks/index.ts';
import type { Pools } from './pools.ts';
import type { QueryLog } from './queries.ts';
import { shared, underWay, within } from './shared.ts';
import type { Tracer } from './tracer.ts';

type Value = number | string;
export type MetricSource = () => Value | Promise<Value>;
export type MetricSources =
  | Record<string, MetricSource>
  | (() => Record<string, Value> | Promise<Record<string, Value>>);

export type MetricOptions = {
  project: string;
  sources: MetricSources;
  tracer: Tracer;
  queries: QueryLog;
  attacks: Pick<AttackWatch, 'totals'>;
  pools: Pick<Pools, 'now'>;
  /** Adds `process.*`: memory (bytes, and percent of what it may have), uptime, CPU and event-loop use. */
  process: boolean;
  timeoutMs: number;
  reuseMs: number;
  now: () => number;
};

export type MetricReader = {
  read(): Promise<Metrics>;
  /** The same values as samples, and the request figures once more for each platform tag. */
  samples(): Promise<WireSample[]>;
};

const UNITS: readonly [RegExp, string][] = [
  [/_ms$/, 'ms'],
  [/_bytes$/, 'bytes'],
  [/_percent$|error_rate$/, 'percent'],
  [/_s$/, 's'],
];

/** Asks every source at the same time; one that fails, hangs or gives no finite value is left out, never written as 0. */
export function createMetrics(options: MetricOptions): MetricReader {
  const { tracer, queries, attacks, pools } = options;
  const usage = createUsage(options.now);
  const own = createOwn(options);
  const collect = async (): Promise<Metrics> => {
    const values: Record<string, Value> = {};
    if (options.process) Object.assign(values, usage());
    Object.assign(values, requestFigures(tracer.totals()), queryFigures(queries.totals()));
    Object.assign(values, attackFigures(attacks), poolFigures(pools.now()));
    for (const [key, value] of await own()) if (MetricKey.safeParse(key).success && usable(value)) values[key] = value;
    return { site_key: options.project, timestamp: new Date().toISOString(), metrics: values };
  };
  const read = shared(collect, options.reuseMs, options.now);
  return {
    read,
    async samples() {
      const { timestamp, metrics } = await read();
      const samples: WireSample[] = Object.entries(metrics).map(([key, value]) => sample(key, value, timestamp));
      for (const [platform, totals] of tracer.platforms())
        for (const [key, value] of Object.entries(requestFigures(totals)))
          samples.push({ ...sample(key, value, timestamp), tags: { platform } });
      for (const [family, count] of attacks.totals().attacks)
        samples.push({ ...sample('security.attacks_total', count, timestamp), tags: { family } });
      return samples;
    },
  };
}

function sample(key: string, value: Value, at: string): WireSample {
  const unit = UNITS.find(([pattern]) => pattern.test(key))?.[1];
  return { key, value, at, ...(unit === undefined ? {} : { unit }) };
}

const usable = (value: unknown): value is Value =>
  typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string' && value.length <= 256;

/** Reads the product's own sources. A source that ignores its time is started again only after ten times its limit. */
function createOwn({ sources, timeoutMs, now }: MetricOptions): () => Promise<[string, unknown][]> {
  const reader = <T>(source: () => T | Promise<T>) => {
    const run = underWay(source, timeoutMs * 10, now);
    return () => within(run, timeoutMs);
  };
  if (typeof sources === 'function') {
    const read = reader(sources);
    return async () => {
      const outcome = await read();
      return outcome.kind === 'done' && outcome.value ? Object.entries(outcome.value) : [];
    };
  }
  const readers = Object.entries(sources).map(([key, source]) => [key, reader(source)] as const);
  return async () => {
    const outcomes = await Promise.all(readers.map(async ([key, read]) => [key, await read()] as const));
    return outcomes.flatMap(([key, outcome]) => (outcome.kind === 'done' ? [[key, outcome.value]] : []));
  };
}

function requestFigures(totals: ReturnType<Tracer['totals']>): Record<string, number> {
  return defined({
    'performance.requests': totals.requests,
    'performance.error_rate': totals.errorRatePercent,
    'performance.response_bytes': totals.bytes,
    'performance.latency_p50_ms': totals.p50Ms,
    'performance.latency_p95_ms': totals.p95Ms,
    'performance.latency_p99_ms': totals.p99Ms,
  });
}

function queryFigures(totals: ReturnType<QueryLog['totals']>): Record<string, number> {
  return defined({
    'db.queries': totals.queries,
    'db.errors': totals.errors,
    'db.rows': totals.rows,
    'db.query_p50_ms': totals.p50Ms,
    'db.query_p95_ms': totals.p95Ms,
    'db.query_p99_ms': totals.p99Ms,
  });
}

/** Counted since the start; absent in a product whose requests nobody looks at. */
function attackFigures(watch: Pick<AttackWatch, 'totals'>): Record<string, number> {
  const { attacks, requests, errors } = watch.totals();
  if (requests === 0) return {};
  let all = 0;
  for (const count of attacks.values()) all += count;
  return { 'security.attacks_total': all, ...(errors > 0 ? { 'security.inspection_errors_total': errors } : {}) };
}
const poolFigures = (pools: ReturnType<Pools['now']>): Record<string, number> =>
  pools
    ? {
        'db.pool_max': pools.max,
        'db.pool_size': pools.size,
        'db.pool_idle': pools.idle,
        'db.pool_waiting': pools.waiting,
      }
    : {};

function defined(values: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

/** What the process may have: its container's limit, or all that the machine has. Without a limit the runtime says 0, or a number beyond it. */
function memoryLimit(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Use of CPU and event loop since the reading before. */
function createUsage(now: () => number): () => Record<string, number> {
  let cpu = process.cpuUsage();
  let loop = performance.eventLoopUtilization();
  let at = now();
  return () => {
    const passed = Math.max(now() - at, 1);
    const spent = process.cpuUsage(cpu);
    const busy = performance.eventLoopUtilization(loop).utilization;
    cpu = process.cpuUsage();
    loop = performance.eventLoopUtilization();
    at = now();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      'process.rss_bytes': rss,
      'process.memory_percent': Math.round((rss / memoryLimit()) * 1000) / 10,
      'process.heap_used_bytes': heapUsed,
      'process.uptime_s': Math.round(process.uptime()),
      'process.cpu_percent': Math.round((spent.user + spent.system) / passed) / 10,
      'process.event_loop_percent': Math.round(busy * 1000) / 10,
    };
  };
}

/** The Prometheus text format (0.0.4) of the same values: numbers as gauges, texts as `<name>_info`. */
export function toPrometheus({ site_key, metrics }: Metrics): string {
  const lines: string[] = [];
  const seen = new Set<string>();
  const project = `project="${escapeLabel(site_key)}"`;
  for (const [key, value] of Object.entries(metrics)) {
    const base = key.replace(/[^a-zA-Z0-9_]/g, '_');
    const name = typeof value === 'number' ? base : `${base}_info`;
    if (seen.has(name)) continue;
    seen.add(name);
    lines.push(`# HELP ${name} ${key} as ${site_key} reports it.`, `# TYPE ${name} gauge`);
    lines.push(
      typeof value === 'number'
        ? `${name}{${project}} ${value}`
        : `${name}{${project},value="${escapeLabel(value)}"} 1`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const escapeLabel = (text: string) => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
