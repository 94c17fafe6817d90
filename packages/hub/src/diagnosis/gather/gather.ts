import type { EcosystemGraph, LogTemplate } from '@orrery/protocol';
import { systemCaller } from '../../access/index.ts';
import type { Alerts, IncidentAlert, IncidentHead } from '../../alerts/index.ts';
import { type Catalog, dependenciesOf } from '../../catalog/index.ts';
import type { Detect } from '../../detect/index.ts';
import type { Events } from '../../events/index.ts';
import type { Samples } from '../../samples/index.ts';
import { type Fact, nameOf, type Part } from '../rank/facts.ts';
import { type Graph, upstreamOf } from '../rank/graph.ts';
import type { Situation } from '../rank/rank.ts';
import { alertFacts } from './alerts.ts';
import { CHANGES_MS, changeFacts } from './changes.ts';
import { type CheckState, checkFacts, probed, wellParts } from './checks.ts';
import { figureFacts } from './figures.ts';
import { lineFacts } from './lines.ts';
import { meaningOf } from './metrics.ts';
import { needFacts } from './needs.ts';

export type GatherRooms = {
  alerts: Pick<Alerts['incidents'], 'alertsOf'>;
  catalog: Pick<Catalog, 'declarations' | 'firstSeen' | 'graph'>;
  detect: Pick<Detect, 'logTemplates'>;
  events: Pick<Events, 'changes'>;
  samples: Pick<Samples, 'latest' | 'windowOf'>;
  states(): Promise<readonly CheckState[]>;
  /** What was learned from incidents like this one, as evidence; nothing while nobody learns. */
  patterns?: ((incident: IncidentHead, alerts: readonly IncidentAlert[]) => Promise<readonly Fact[]>) | undefined;
};

/** What is the same for every incident of one turn. */
export type Surroundings = {
  declared: Graph;
  learned: Graph;
  states: readonly CheckState[];
  well: ReadonlySet<string>;
};

const CALLER = systemCaller('diagnosis');
const MOST_ALERTS = 1000;
const MOST_UPSTREAM = 60;
const MOST_PROJECTS = 30;
const MOST_SERIES = 150;
const LOOK_BACK_MS = 30 * 60_000;
/** An edge that faded further proves little of now. */
const STRONG = 0.1;
const CALLS = new Set(['api', 'queue']);

export async function lookAround({ catalog, states }: GatherRooms): Promise<Surroundings> {
  const [projects, graph, known] = await Promise.all([catalog.declarations(), catalog.graph(CALLER), states()]);
  const calls = learnedNeeds(graph);
  return {
    declared: dependenciesOf(projects),
    learned: dependenciesOf(
      projects.map(({ slug, dependsOn, services }) => ({
        ...{ slug, services },
        dependsOn: [...new Set([...dependsOn, ...(calls.get(slug) ?? [])])],
      })),
    ),
    states: known,
    well: wellParts(known),
  };
}

/** Who calls whom, of edges that are strong enough to count. */
function learnedNeeds({ edges }: Pick<EcosystemGraph, 'edges'>): Map<string, string[]> {
  const strong = edges.filter(({ kind, strength }) => CALLS.has(kind) && strength >= STRONG);
  return new Map([...Map.groupBy(strong, ({ from }) => from)].map(([from, own]) => [from, own.map(({ to }) => to)]));
}

/** Everything that is known of an incident's causes, and of what its parts need, before anything is concluded. */
export async function gather(
  rooms: GatherRooms,
  around: Surroundings,
  incident: IncidentHead,
  now: number,
): Promise<{ situation: Situation; alerts: IncidentAlert[] }> {
  const alerts = await rooms.alerts.alertsOf(incident, MOST_ALERTS);
  const { parts, relevant, projects } = partsOf(around, alerts);
  const facts: Fact[] = [...alertFacts(alerts), ...checkFacts(around.states, relevant, now)];
  const began = Math.min(now, ...facts.filter(({ role }) => role === 'symptom').map(({ at }) => at));
  const [changed, latest, lines, known, learned] = await Promise.all([
    rooms.events.changes(projects, began - CHANGES_MS, now, 50),
    rooms.samples.latest(projects, ['*']),
    templatesOf(rooms, projects),
    rooms.catalog.firstSeen(projects),
    rooms.patterns?.(incident, alerts) ?? [],
  ]);
  const deployed = latest.filter(({ key }) => key === 'deploy.last_deployed_at');
  const chosen = chooseSeries(latest, relevant, parts);
  const points = await rooms.samples.windowOf(
    chosen.map(({ id }) => id),
    began - LOOK_BACK_MS,
    now,
  );
  facts.push(
    ...changeFacts(changed, deployed, began, known),
    ...figureFacts(
      chosen.map((series) => ({ series, points: points.get(series.id) ?? [] })),
      (project) => startedAt(latest.filter((series) => series.project === project)),
    ),
    ...lineFacts(lines, began),
    ...learned,
  );
  facts.push(...needFacts(facts, around.learned, probed(around.states)));
  return { situation: { facts, declared: around.declared, learned: around.learned, well: around.well }, alerts };
}

/** When the youngest process of a project began, by what it says of its uptime. */
function startedAt(latest: readonly { key: string; value: number; at: number }[]): number | undefined {
  const starts = latest.filter(({ key }) => key === 'process.uptime_s').map(({ value, at }) => at - value * 1000);
  return starts.length === 0 ? undefined : Math.max(...starts);
}

/** The parts of the incident and what they need; projects nearest to the root first. */
function partsOf({ learned }: Surroundings, alerts: readonly IncidentAlert[]) {
  const own = [
    ...new Map(
      alerts.map(({ project, service }): [string, Part] => [nameOf({ project, service }), { project, service }]),
    ).values(),
  ];
  const parts = [...own, ...upstreamOf(learned, own, MOST_UPSTREAM)];
  const relevant = new Set(parts.map(nameOf));
  return { parts, relevant, projects: [...new Set(parts.map(({ project }) => project))].slice(0, MOST_PROJECTS) };
}

/** Series whose names mean something, those of the parts themselves first; of a tagged and an untagged one of a key the untagged. */
function chooseSeries<S extends { id: number; project: string; service?: string; key: string; tags?: unknown }>(
  latest: readonly S[],
  relevant: ReadonlySet<string>,
  parts: readonly Part[],
): S[] {
  const place = new Map(parts.map(({ project }, i) => [project, i] as const).reverse());
  const near = ({ project, service }: S) => (service === undefined || relevant.has(`${project}/${service}`) ? 0 : 1000);
  return latest
    .filter((series) => series.tags === undefined && meaningOf(series.key) !== undefined)
    .map((series) => ({ series, rank: near(series) + (place.get(series.project) ?? 500) }))
    .sort((a, b) => a.rank - b.rank || a.series.id - b.series.id)
    .slice(0, MOST_SERIES)
    .map(({ series }) => series);
}

async function templatesOf({ detect }: GatherRooms, projects: readonly string[]): Promise<LogTemplate[]> {
  const lists = await Promise.all(
    projects.slice(0, 10).map((project) => detect.logTemplates(CALLER, { project, order: 'newest', limit: 50 })),
  );
  return lists.flatMap(({ items }) => items);
}
