import { systemCaller } from './access/index.ts';
import type { Catalog } from './catalog/index.ts';
import type { Clock } from './platform/clock.ts';
import type { Telemetry } from './platform/telemetry.ts';
import type { Samples } from './samples/index.ts';

/** A label is a declared project's slug, and no more than so many become series. */
const MOST = 1000;
/** One scrape reads the projects once for all of these. */
const FRESH_MS = 1000;
const STATUS = { online: 1, degraded: 0.5, offline: 0 } as const;
/** Which figure a summary brings, and what its time is called. */
const SUMMARIES = { audit: 'audit.ok', security: 'security.vulns_critical' } as const;

type Rooms = { catalog: Pick<Catalog, 'graph'>; samples: Pick<Samples, 'latest'>; clock: Clock };

/** What the hub knows of each project, on /metrics: state, risk and its factors, when it was heard of and when it was last audited. */
export function projectMetrics(telemetry: Telemetry, { catalog, samples, clock }: Rooms): void {
  const scraper = systemCaller('metrics');
  let read: { at: number; nodes: Promise<Awaited<ReturnType<Catalog['graph']>>['nodes']> } | undefined;
  const nodes = async () => {
    const now = clock.monotonic();
    if (!read || now - read.at > FRESH_MS)
      read = { at: now, nodes: catalog.graph(scraper).then((graph) => graph.nodes.slice(0, MOST)) };
    return read.nodes;
  };
  telemetry.gauge('orrery_project_up', 'A project: 1 online, 0.5 degraded, 0 offline.', ['project'], async () =>
    (await nodes()).map(({ id, status }) => ({ labels: { project: id }, value: STATUS[status] })),
  );
  telemetry.gauge('orrery_project_risk', 'The risk score of a project, 0 to 1.', ['project'], async () =>
    (await nodes()).map(({ id, risk }) => ({ labels: { project: id }, value: risk })),
  );
  telemetry.gauge(
    'orrery_project_risk_factor',
    'What a risk score is made of, 0 to 1; absent where nothing is known.',
    ['project', 'factor'],
    async () =>
      (await nodes()).flatMap(({ id, riskFactors }) =>
        Object.entries(riskFactors ?? {}).flatMap(([factor, value]) =>
          value === null ? [] : [{ labels: { project: id, factor }, value }],
        ),
      ),
  );
  telemetry.gauge(
    'orrery_project_last_seen_timestamp_seconds',
    'When a project was last heard of, Unix time.',
    ['project'],
    async () =>
      (await nodes()).flatMap(({ id, lastSeenAt }) =>
        lastSeenAt ? [{ labels: { project: id }, value: Date.parse(lastSeenAt) / 1000 }] : [],
      ),
  );
  telemetry.gauge(
    'orrery_project_last_sweep_timestamp_seconds',
    'When a project last reported an audit or a security scan, Unix time.',
    ['project', 'kind'],
    async () => {
      const slugs = (await nodes()).map(({ id }) => id);
      if (slugs.length === 0) return [];
      const latest = await samples.latest(slugs, Object.values(SUMMARIES));
      const newest = new Map<string, { labels: { project: string; kind: string }; value: number }>();
      for (const [kind, key] of Object.entries(SUMMARIES))
        for (const series of latest)
          if (series.key === key) {
            const name = `${kind} ${series.project}`;
            const value = Math.max(series.at / 1000, newest.get(name)?.value ?? 0);
            newest.set(name, { labels: { project: series.project, kind }, value });
          }
      return [...newest.values()];
    },
  );
  for (const [key, name, help] of [
    ['audit.fail', 'orrery_project_audits_failed', 'Audits of a project that failed in its last run.'],
    [
      'security.vulns_critical',
      'orrery_project_vulnerabilities_critical',
      'Critical vulnerabilities that a project reported last.',
    ],
  ] as const)
    telemetry.gauge(name, help, ['project'], async () => {
      const slugs = (await nodes()).map(({ id }) => id);
      if (slugs.length === 0) return [];
      const latest = await samples.latest(slugs, [key]);
      return latest
        .filter(({ service, tags }) => service === undefined && tags === undefined)
        .map(({ project, value }) => ({ labels: { project }, value }));
    });
}
