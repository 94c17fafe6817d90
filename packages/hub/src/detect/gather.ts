import { type ForecastDeclaration, parseDuration } from '@orrery/protocol';
import type { StoredProject } from '../catalog/index.ts';
import type { LatestNumber, Point, Samples } from '../samples/index.ts';
import { breaks, endedAfter, staleAfter, thresholdFingerprint } from './detectors/threshold.ts';
import { type CertificateProbe, certificateProbes } from './expiries.ts';
import type { Condition, MetricFact, ProbeFact, Threshold } from './facts.ts';

/** What of a declaration is judged, units converted. */
export type Watched = {
  slug: string;
  name: string;
  thresholds: readonly Threshold[];
  services: readonly { name: string; probes: number; intervalMs: number }[];
  certificates: readonly CertificateProbe[];
  forecasts?: ForecastDeclaration | undefined;
};

/** What of a declaration is read. */
export type Declared = Pick<StoredProject, 'slug' | 'name' | 'thresholds' | 'services' | 'forecasts'>;

export function watch(project: Declared): Watched {
  return {
    slug: project.slug,
    name: project.name,
    thresholds: project.thresholds.map(({ for: lasting, ...rest }, i, all) => ({
      ...rest,
      forMs: parseDuration(lasting) ?? 0,
      rank: all.slice(0, i).filter((before) => isTwin(before, rest)).length,
    })),
    services: project.services.map(({ name, probes }) => ({
      name,
      probes: probes.length,
      intervalMs: Math.max(0, ...probes.map((probe) => parseDuration(probe.interval) ?? 0)),
    })),
    certificates: certificateProbes(project.services),
    forecasts: project.forecasts,
  };
}

type Limit = Pick<Threshold, 'metric' | 'service' | 'severity' | 'above'>;

/** Limits that one series may break together, told apart by nothing else: the limit itself may be edited while it fires. */
const isTwin = (one: Limit, other: Limit): boolean =>
  one.metric === other.metric &&
  one.severity === other.severity &&
  (one.above === undefined) === (other.above === undefined) &&
  (one.service === undefined || other.service === undefined || one.service === other.service);

/** Probe states by service; a declared service without any is there too, with none. */
export function servicesOf(project: Watched, states: readonly ProbeFact[]) {
  const byService = Map.groupBy(states, (state) => state.service);
  const names = new Set([...project.services.filter((s) => s.probes > 0).map((s) => s.name), ...byService.keys()]);
  return [...names].map((service) => ({
    service,
    probes: byService.get(service) ?? [],
    declared: project.services.find((s) => s.name === service)?.probes ?? 0,
  }));
}

/** Pairs every threshold with the series that it is about. Only a series that is beyond its limit for a while is looked back on. */
export async function metricsOf(
  samples: Pick<Samples, 'latest' | 'windowOf'>,
  projects: readonly Watched[],
  remembered: ReadonlyMap<string, ReadonlyMap<string, Condition>>,
): Promise<Map<string, MetricFact[]>> {
  const asking = projects.filter((project) => project.thresholds.length > 0);
  const keys = [...new Set(asking.flatMap((project) => project.thresholds.map((t) => t.metric)))];
  const latest =
    asking.length === 0
      ? []
      : await samples.latest(
          asking.map((p) => p.slug),
          keys,
        );
  const byProject = Map.groupBy(latest, (series) => series.project);
  const facts = new Map<string, MetricFact[]>();
  const back = new Map<MetricFact, number>();
  for (const project of asking) {
    const own: MetricFact[] = [];
    const judged = wholesOf(project, byProject.get(project.slug) ?? []);
    for (const threshold of project.thresholds)
      for (const series of judged) {
        if (series.key !== threshold.metric) continue;
        if (threshold.service !== undefined && series.service !== threshold.service) continue;
        const fact: MetricFact = { threshold, series, history: [], intervalMs: intervalOf(project, series) };
        own.push(fact);
        if (threshold.forMs === 0 || !breaks(threshold, series.value)) continue;
        const known = remembered.get(project.slug)?.get(thresholdFingerprint(project.slug, fact));
        back.set(fact, known ? known.seenAt + 1 : series.at - threshold.forMs - staleAfter(fact.intervalMs));
      }
    facts.set(project.slug, own);
  }
  if (back.size > 0) {
    const ids = [...new Set([...back.keys()].map((fact) => fact.series.id))];
    const to = Math.max(...[...back.keys()].map((fact) => fact.series.at));
    const points = await samples.windowOf(ids, Math.min(...back.values()), to);
    for (const [fact, from] of back) fact.history = between(points.get(fact.series.id) ?? [], from, fact.series.at);
  }
  return facts;
}

/**
 * One trouble is one finding: where a metric of one service (or of the project) has an untagged series, the tagged ones are parts of it and
 * are left out. Where a product has stopped to report the whole, its parts speak for themselves.
 */
function wholesOf(project: Watched, latest: readonly LatestNumber[]): LatestNumber[] {
  const groups = Map.groupBy(latest, ({ key, service }) => JSON.stringify([key, service]));
  return [...groups.values()].flatMap((group) => {
    const whole = group.find(({ tags }) => tags === undefined);
    if (!whole) return group;
    const newest = Math.max(...group.map(({ receivedAt }) => receivedAt));
    const ended = newest - whole.receivedAt > endedAfter(intervalOf(project, whole));
    return ended ? group : [whole];
  });
}

const between = (points: readonly Point[], from: number, before: number): Point[] =>
  points.filter(({ at }) => at >= from && at < before);

/** How often a series comes, as far as the declaration tells: its service's slowest probe, else the project's. */
function intervalOf(project: Watched, series: LatestNumber): number {
  const own = project.services.find((service) => service.name === series.service);
  if (own) return own.intervalMs;
  return Math.max(0, ...project.services.map((service) => service.intervalMs));
}
