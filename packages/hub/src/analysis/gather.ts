import type { Alert, FedProject } from '@orrery/protocol';
import { systemCaller } from '../access/index.ts';
import type { Alerts } from '../alerts/index.ts';
import type { Catalog } from '../catalog/index.ts';
import type { Improvement } from '../detect/index.ts';
import type { Samples } from '../samples/index.ts';
import type { AnalysisFacts, ProjectFacts } from './examine.ts';
import type { HourlySeries } from './trend.ts';

export type AnalysisRooms = {
  catalog: Pick<Catalog, 'list'>;
  samples: Pick<Samples, 'keys' | 'query'>;
  alerts: Pick<Alerts, 'list'>;
  /** What their performance leaves to be improved, by project; nothing without it. */
  improvements?: (() => Promise<ReadonlyMap<string, readonly Improvement[]>>) | undefined;
};

const CALLER = systemCaller('ai-analyze');
const HOUR = 3_600_000;
const UP = 'probe.up';
/** What one answer of samples may hold. */
const KEYS_AT_ONCE = 20;
const MOST_KEYS = 200;
const MOST_ALERTS = 2000;

/** All that an analysis rests on: every project with its hours since `from` (epoch ms), and the alerts of that time. */
export async function gather(
  rooms: AnalysisRooms,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): Promise<AnalysisFacts> {
  const projects: ProjectFacts[] = [];
  const improvements = await rooms.improvements?.();
  // One after the other: this runs beside all that must not wait.
  for (const project of await rooms.catalog.list(CALLER)) {
    signal?.throwIfAborted();
    projects.push({
      ...(await factsOf(rooms, project, from, to)),
      improvements: improvements?.get(project.slug) ?? [],
    });
  }
  return { projects, alerts: await alertsSince(rooms, from) };
}

async function factsOf(rooms: AnalysisRooms, project: FedProject, from: number, to: number): Promise<ProjectFacts> {
  const known = await rooms.samples.keys(CALLER, project.slug);
  const keys = new Set(
    known.items
      // A tagged series is a part of a whole that stands beside it; one that is silent has no today.
      .filter(({ kind, tags, lastAt }) => kind === 'number' && tags === undefined && Date.parse(lastAt) >= from)
      .map(({ key }) => key)
      .filter((key) => !key.startsWith('probe.')),
  );
  const series: HourlySeries[] = [];
  const chosen = [...keys].slice(0, MOST_KEYS);
  for (let i = 0; i < chosen.length; i += KEYS_AT_ONCE)
    series.push(...(await hoursOf(rooms, project.slug, chosen.slice(i, i + KEYS_AT_ONCE), from, to)));
  const checks = known.items.some(({ key }) => key === UP) ? await hoursOf(rooms, project.slug, [UP], from, to) : [];
  const good = checks.flatMap(({ hours }) => hours.map(([, value]) => value));
  return {
    slug: project.slug,
    name: project.name,
    status: project.status,
    watched: checks.length > 0,
    uptimePercent:
      good.length === 0 ? null : Math.round((good.reduce((sum, value) => sum + value, 0) / good.length) * 10_000) / 100,
    series,
  };
}

async function hoursOf(
  { samples }: AnalysisRooms,
  project: string,
  keys: readonly string[],
  from: number,
  to: number,
): Promise<HourlySeries[]> {
  const { series } = await samples.query(CALLER, { project, keys, from, to, step: HOUR, stat: 'avg' });
  return series
    .filter(({ key, tags }) => key === UP || tags === undefined)
    .map(({ key, service, unit, points }) => ({
      project,
      key,
      service,
      unit,
      hours: points.map(([at, value]) => [Date.parse(at), value] as const),
    }));
}

/** Alerts that opened since then, and older ones that still live. */
async function alertsSince({ alerts }: AnalysisRooms, from: number): Promise<Alert[]> {
  const found = new Map<string, Alert>();
  const take = (items: readonly Alert[]) => {
    for (const alert of items) found.set(alert.id, alert);
  };
  for (let cursor: string | undefined; found.size < MOST_ALERTS; ) {
    const page = await alerts.list(CALLER, { cursor, limit: 200 });
    take(page.items.filter(({ createdAt }) => Date.parse(createdAt) >= from));
    cursor = page.nextCursor;
    if (!cursor || page.items.some(({ createdAt }) => Date.parse(createdAt) < from)) break;
  }
  take((await alerts.list(CALLER, { status: ['open', 'acknowledged'], limit: 200 })).items);
  return [...found.values()].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
}
