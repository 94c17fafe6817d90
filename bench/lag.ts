import { setTimeout as wait } from 'node:timers/promises';
import { requirePrograms } from '../scripts/testing/programs.ts';
import { probing, startOurs } from './tools/hub.ts';
import { probingConfig, startBlackbox, startPrometheus } from './tools/peers.ts';
import { figure } from './tools/report.ts';
import { startTargets } from './tools/targets.ts';

/**
 * How late checks begin when a tenth of a thousand targets hangs: ours by the hub's own histogram of planned and real beginnings;
 * Prometheus by its own summary of real intervals, of which the declared one is taken away.
 */
requirePrograms(['prometheus', 'blackbox']);
const TARGETS = 1000;
const HANGING = 100;
const SETTLE_MS = 15_000;
const MEASURE_MS = 40_000;
const INTERVAL_S = 5;

type Buckets = { until: number; count: number }[];
const bucketsOf = (text: string): Buckets =>
  [...text.matchAll(/^orrery_probe_lag_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)].map(([, le, count]) => ({
    until: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le),
    count: Number(count),
  }));

/** The quantile of what came between two looks, interpolated inside its bucket as Prometheus does it. */
function quantileBetween(before: Buckets, after: Buckets, share: number): number {
  const counts = after.map(({ until, count }, i) => ({ until, count: count - (before[i]?.count ?? 0) }));
  const wanted = (counts.at(-1)?.count ?? 0) * share;
  const at = counts.findIndex(({ count }) => count >= wanted);
  const [below, found] = [counts[at - 1] ?? { until: 0, count: 0 }, counts[at]];
  if (!found) return Number.NaN;
  const part = (wanted - below.count) / Math.max(1, found.count - below.count);
  return below.until + (found.until - below.until) * part;
}

const targets = await startTargets(TARGETS, HANGING);
const hub = await startOurs(probing(targets.urls, `${INTERVAL_S}s`));
await wait(SETTLE_MS);
const before = bucketsOf((await hub.api.get('/metrics')).text);
await wait(MEASURE_MS);
const after = bucketsOf((await hub.api.get('/metrics')).text);
await hub.dispose();
const checks = (after.at(-1)?.count ?? 0) - (before.at(-1)?.count ?? 0);

const blackbox = await startBlackbox();
const prometheus = await startPrometheus(
  probingConfig({ targets: targets.urls, blackbox: blackbox.address, intervalS: INTERVAL_S, evaluationS: INTERVAL_S }),
);
await wait(SETTLE_MS + MEASURE_MS / 2);
const text = await (await fetch(`${prometheus.url}/metrics`)).text();
await prometheus.stop();
await blackbox.stop();
targets.stop();
const length = Number(
  new RegExp(
    `^prometheus_target_interval_length_seconds\\{interval="${INTERVAL_S}s",quantile="0.99"\\} (\\S+)$`,
    'm',
  ).exec(text)?.[1],
);
figure({
  what: 'scheduler lag p99, 1,000 targets of which 100 hang',
  unit: 'ms',
  ours: quantileBetween(before, after, 0.99) * 1000,
  peer: { name: 'Prometheus (p99 interval − 5 s)', value: (length - INTERVAL_S) * 1000 },
  bar: { atMost: 250 },
  note: `${checks} planned checks`,
});
