import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** Each look wakes the process: at the library's own hundred a second, a hub at rest does little else. */
const EVERY_MS = 50;
/** Asked one after the other in this order: the first one reads for all of them. */
const FIGURES = ['min', 'max', 'mean', 'p50', 'p90', 'p99'] as const;

/** Takes the place of the library's delays of the event loop under their names: looked at less often, and without the time between two looks. */
export function measureLoopDelay(registry: Registry, prefix: string): void {
  const delays = monitorEventLoopDelay({ resolution: EVERY_MS });
  delays.enable();
  const read = (figure: (typeof FIGURES)[number]): number => {
    if (delays.count === 0) return 0;
    const named = { min: delays.min, max: delays.max, mean: delays.mean };
    const ns = figure in named ? named[figure as keyof typeof named] : delays.percentile(Number(figure.slice(1)));
    return Math.max(0, ns / 1e9 - EVERY_MS / 1000);
  };
  const gauges = new Map<(typeof FIGURES)[number], Gauge>();
  const readAll = () => {
    for (const [figure, gauge] of gauges) gauge.set(read(figure));
    delays.reset();
  };
  const nameOf = (figure: string) => `${prefix}nodejs_eventloop_lag_${figure}_seconds`;
  registry.removeSingleMetric(nameOf('stddev'));
  for (const figure of FIGURES) {
    registry.removeSingleMetric(nameOf(figure));
    gauges.set(
      figure,
      new Gauge({
        name: nameOf(figure),
        help: `Delay of the event loop since the last scrape, ${figure}.`,
        registers: [registry],
        ...(gauges.size === 0 ? { collect: readAll } : {}),
      }),
    );
  }
}
