import { systemCaller } from './access/index.ts';
import type { Alerts } from './alerts/index.ts';
import type { Catalog } from './catalog/index.ts';
import type { Events } from './events/index.ts';
import type { Hubs, Intake } from './intake/index.ts';
import type { Jobs } from './platform/jobs.ts';
import type { Kafka } from './platform/kafka.ts';
import type { Telemetry } from './platform/telemetry.ts';
import type { Tracing } from './platform/tracing.ts';

type Rooms = {
  catalog: Catalog;
  intake: Intake;
  hubs: Hubs;
  alerts: Alerts;
  events: Events;
  jobs: Jobs;
  kafka: Kafka;
  tracing: Tracing;
};

function count<T>(
  items: readonly T[],
  labelsOf: (item: T) => Record<string, string>,
): { labels: Record<string, string>; value: number }[] {
  const counts = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const item of items) {
    const labels = labelsOf(item);
    const key = JSON.stringify(labels);
    const known = counts.get(key) ?? { labels, value: 0 };
    known.value += 1;
    counts.set(key, known);
  }
  return [...counts.values()];
}

/** What the hub says of itself on /metrics. Values are read when somebody scrapes. */
export function hubMetrics(
  telemetry: Telemetry,
  { catalog, intake, hubs, alerts, events, jobs, kafka, tracing }: Rooms,
): void {
  const scraper = systemCaller('metrics');
  telemetry.gauge('orrery_projects', 'Projects by status.', ['status'], async () =>
    count(await catalog.list(scraper), ({ status }) => ({ status })),
  );
  telemetry.gauge('orrery_probes', 'Probes by kind and status.', ['kind', 'status'], async () =>
    count(await intake.states(), ({ kind, status }) => ({ kind, status })),
  );
  telemetry.counter(
    'orrery_refusals_total',
    'What was refused at the event door or from an instance, by project and reason.',
    ['project', 'reason'],
    async () => intake.refusals().map(({ project, reason, count: value }) => ({ labels: { project, reason }, value })),
  );
  telemetry.gauge(
    'orrery_alerts',
    'Living alerts by status and severity.',
    ['status', 'severity'],
    alerts.measures.living,
  );
  telemetry.gauge('orrery_incidents', 'Incidents that are open.', [], alerts.measures.incidents);
  telemetry.gauge(
    'orrery_deliveries_pending',
    'Notifications that wait for their channel.',
    ['channel'],
    alerts.measures.pending,
  );
  telemetry.counter(
    'orrery_deliveries_total',
    'Notifications that ended, by channel and outcome.',
    ['channel', 'outcome'],
    alerts.measures.settled,
  );
  telemetry.gauge('orrery_event_streams', 'Clients that watch the event stream.', [], async () => [
    { labels: {}, value: events.watching() },
  ]);
  telemetry.gauge('orrery_hub_probes', 'Probes that each living hub has.', ['hub'], async () =>
    hubs.members().map(({ name, probes }) => ({ labels: { hub: name }, value: probes })),
  );
  telemetry.gauge('orrery_leading', 'Whether this hub judges and runs jobs (1) or only probes (0).', [], async () => [
    { labels: {}, value: jobs.leading() ? 1 : 0 },
  ]);
  telemetry.gauge(
    'orrery_checks_waiting',
    'Checks that wait in memory because the database cannot take them.',
    [],
    async () => [{ labels: {}, value: intake.waitingChecks() }],
  );
  if (kafka.enabled)
    telemetry.gauge('orrery_kafka_waiting', 'Records that wait for the Kafka brokers.', [], async () => [
      { labels: {}, value: await kafka.waiting() },
    ]);
  telemetry.counter('orrery_job_runs_total', 'Runs of each job.', ['job'], async () =>
    (await jobs.list()).map(({ name, runs }) => ({ labels: { job: name }, value: runs })),
  );
  telemetry.counter('orrery_job_failures_total', 'Failed runs of each job.', ['job'], async () =>
    (await jobs.list()).map(({ name, failures }) => ({ labels: { job: name }, value: failures })),
  );
  if (tracing.on)
    telemetry.counter(
      'orrery_spans_total',
      'Spans that the trace collector took, and those that it did not.',
      ['outcome'],
      async () => Object.entries(tracing.counts()).map(([outcome, value]) => ({ labels: { outcome }, value })),
    );
}
