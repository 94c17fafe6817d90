import { setTimeout as wait } from 'node:timers/promises';
import { requirePrograms } from '../scripts/testing/programs.ts';
import { probing, startOurs } from './tools/hub.ts';
import { probingConfig, startBlackbox, startPrometheus } from './tools/peers.ts';
import { figure, quantile } from './tools/report.ts';
import { startTargets } from './tools/targets.ts';

/**
 * How long after a target began to fail (by its own clock) its alert can be read in the API, at an interval of 5 s. The same failures at
 * random moments are seen by all: ours with one confirmation, Prometheus with none, evaluating every second and every 5 s.
 */
requirePrograms(['prometheus', 'blackbox']);
/** So many that chance moves the median by a tenth of a second at most. */
const TARGETS = 500;
const SPREAD_MS = 60_000;
const POLL_MS = 50;
const PATIENCE_MS = 40_000;

const targets = await startTargets(TARGETS);
const hub = await startOurs(probing(targets.urls, '5s'));
const blackbox = await startBlackbox();
const peerOf = (evaluationS: number) =>
  startPrometheus(probingConfig({ targets: targets.urls, blackbox: blackbox.address, intervalS: 5, evaluationS }));
const quick = await peerOf(1);
const usual = await peerOf(5);

/** Which targets have an alert now, by number: the newest fifty are those of the last seconds. */
async function ourAlerts(): Promise<number[]> {
  const { items } = await hub.api.read<{ items: { service?: string }[] }>('/api/fed/alerts?status=open&limit=50');
  return items.flatMap(({ service }) => (service?.startsWith('s') ? [Number(service.slice(1))] : []));
}
const theirAlerts = (url: string) => async (): Promise<number[]> => {
  const response = await fetch(`${url}/api/v1/alerts`);
  const { data } = (await response.json()) as {
    data: { alerts: { labels: { alertname: string; instance: string }; state: string }[] };
  };
  return data.alerts
    .filter(({ labels, state }) => labels.alertname === 'Down' && state === 'firing')
    .map(({ labels }) => Number(labels.instance.split('/').at(-1)));
};

const watching = new AbortController();
async function watch(read: () => Promise<number[]>): Promise<Map<number, number>> {
  const seen = new Map<number, number>();
  while (!watching.signal.aborted && seen.size < TARGETS) {
    for (const index of await read()) if (!seen.has(index)) seen.set(index, Date.now());
    await wait(POLL_MS);
  }
  return seen;
}

// Until all of them have been probed by all three.
await wait(15_000);
const watches = [watch(ourAlerts), watch(theirAlerts(quick.url)), watch(theirAlerts(usual.url))];
const failedAt = new Map<number, number>();
await Promise.all(
  targets.urls.map(async (_, index) => {
    await wait(Math.random() * SPREAD_MS);
    failedAt.set(index, await targets.fail(index));
  }),
);
const giveUp = setTimeout(() => watching.abort(), PATIENCE_MS);
const [ours, atOnce, asUsual] = (await Promise.all(watches)).map((seen) =>
  [...failedAt].map(([index, at]) => ((seen.get(index) ?? Number.POSITIVE_INFINITY) - at) / 1000),
);
clearTimeout(giveUp);
await hub.dispose();
for (const one of [quick, usual, blackbox]) await one.stop();
targets.stop();

const missed = (ours ?? []).filter((delay) => !Number.isFinite(delay)).length;
if (missed > 0) throw new Error(`${missed} of ${TARGETS} failures raised no alert within ${PATIENCE_MS} ms`);
for (const [share, word, bar] of [
  [0.5, 'p50', 2.8],
  [0.95, 'p95', 5.3],
] as const) {
  const what = `first failure to alert in the API, 5 s interval: ${word}`;
  const value = quantile(ours ?? [], share);
  const note = share === 0.5 ? `${TARGETS} failures at random moments; ours confirms once, the peer not` : undefined;
  figure({
    what,
    unit: 's',
    ours: value,
    peer: { name: 'Prometheus evaluating every 1 s', value: quantile(atOnce ?? [], share) },
    bar: { atMost: bar },
    ...(note === undefined ? {} : { note }),
  });
  figure({
    what,
    unit: 's',
    ours: value,
    peer: { name: 'Prometheus evaluating every 5 s', value: quantile(asUsual ?? [], share) },
    bar: { atMost: bar },
  });
}
