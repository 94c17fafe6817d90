import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { measureLoopDelay } from './loopDelay.ts';

type Labels = Record<string, string>;
type Read = () => Promise<{ labels: Labels; value: number }[]>;

const HOUR = 3_600_000;

export type Telemetry = ReturnType<typeof createTelemetry>;

/** The hub's own metrics. Labels are route templates and fixed words only: what a caller sends never becomes a series. */
export function createTelemetry(version: string) {
  const registry = new Registry();
  // The library's own look at the event loop is put to sleep: it wakes the process a hundred times a second.
  collectDefaultMetrics({ register: registry, prefix: 'orrery_', eventLoopMonitoringPrecision: HOUR });
  measureLoopDelay(registry, 'orrery_');
  // Gauges whose names end like counters: promtool refuses them, and the same figures stand there by type.
  for (const what of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`orrery_nodejs_active_${what}_total`);
  new Gauge({
    name: 'orrery_build_info',
    help: 'The version that runs; always 1.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  const requests = new Histogram({
    name: 'orrery_http_request_duration_seconds',
    help: 'Time to answer an HTTP request.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers: [registry],
  });
  const lags = new Histogram({
    name: 'orrery_probe_lag_seconds',
    help: 'How late planned checks began.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5],
    registers: [registry],
  });
  const failures = new Counter({
    name: 'orrery_metrics_failures_total',
    help: 'Metrics that could not be read for a scrape, and were left out of it.',
    labelNames: ['metric'],
    registers: [registry],
  });
  const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

  /** Fills a metric for one scrape. What is read is read first and written at once: two scrapes may run at the same time. */
  const filled = (name: string, read: Read, write: (labels: Labels, value: number) => void) =>
    async function collect(this: { reset(): void }): Promise<void> {
      const items = await read().catch(() => {
        failures.inc({ metric: name });
        return [];
      });
      this.reset();
      for (const { labels, value } of items) write(labels, value);
    };

  return {
    registry,
    observeRequest(method: string, route: string, status: number, seconds: number): void {
      requests.observe(
        { method: METHODS.has(method) ? method : 'OTHER', route, status: `${Math.trunc(status / 100)}xx` },
        seconds,
      );
    },
    observeLag: (ms: number): void => lags.observe(ms / 1000),
    /** A counter whose values are read when somebody scrapes; one that cannot be read is left out. */
    counter(name: string, help: string, labelNames: string[], read: Read): void {
      const collect = filled(name, read, (labels, value) => counter.inc(labels, value));
      const counter = new Counter({ name, help, labelNames, registers: [registry], collect });
    },
    /** A gauge whose values are read when somebody scrapes; one that cannot be read is left out. */
    gauge(name: string, help: string, labelNames: string[], read: Read): void {
      const collect = filled(name, read, (labels, value) => gauge.set(labels, value));
      const gauge = new Gauge({ name, help, labelNames, registers: [registry], collect });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
