import type { PastFacts, ProjectFacts } from './catalog/index.ts';
import type { Intake } from './intake/index.ts';
import type { Samples } from './samples/index.ts';

const HEADLINES = [
  ...['audit.ok', 'audit.warn', 'audit.fail', 'audit.last_run_at'],
  ...['security.vulns_critical', 'security.vulns_high', 'security.last_scan_at'],
  ...['deploy.last_deployed_at', 'health.latency_ms'],
];
/** What is older says nothing of a project as it is. */
const WINDOW_MS = 30 * 86_400_000;

type Gathered = {
  probes: ProjectFacts['probes'][number][];
  latest: Record<string, number>;
  beat?: NonNullable<ProjectFacts['beat']>;
};

/** What intake and samples know of some projects, in the form in which the catalog shows it. */
export async function projectFacts(
  rooms: { intake: Intake; samples: Samples },
  slugs: readonly string[],
  now: number,
): Promise<Map<string, ProjectFacts>> {
  const [states, latest] = await Promise.all([rooms.intake.states(), rooms.samples.latest(slugs, HEADLINES)]);
  const facts = new Map<string, Gathered>();
  for (const slug of slugs) facts.set(slug, { probes: [], latest: {} });
  for (const state of states)
    facts.get(state.project)?.probes.push({ status: state.status, latencyMs: state.latencyMs });
  for (const { project, key, value, at } of wholeLast(latest)) {
    const known = facts.get(project);
    if (known && at >= now - WINDOW_MS) known.latest[key] = value;
  }
  const silent = [...facts].filter(
    ([, { probes }]) => probes.length > 0 && probes.every(({ status }) => status === 'down' || status === 'unknown'),
  );
  const beats = await rooms.intake.beats(silent.map(([slug]) => slug));
  for (const [slug, known] of silent) {
    const beat = beats.get(slug);
    if (beat) known.beat = beat;
  }
  return facts;
}

/** The same as of a moment of the past, as far as checks and samples of then are kept. */
export async function projectFactsAt(
  rooms: { intake: Pick<Intake, 'statesAt'>; samples: Pick<Samples, 'latestAt'> },
  slugs: readonly string[],
  at: number,
): Promise<Map<string, PastFacts>> {
  const [states, latest] = await Promise.all([rooms.intake.statesAt(at), rooms.samples.latestAt(slugs, HEADLINES, at)]);
  const facts = new Map<string, Gathered & { heardAt: number | null }>();
  for (const slug of slugs) facts.set(slug, { probes: [], latest: {}, heardAt: null });
  for (const { project, status, latencyMs, at: checkedAt } of states) {
    const known = facts.get(project);
    if (!known) continue;
    known.probes.push({ status, latencyMs });
    if (checkedAt !== null && (status === 'up' || status === 'degraded')) hear(known, checkedAt);
  }
  for (const { project, key, value, at: measuredAt } of wholeLast(latest)) {
    const known = facts.get(project);
    if (!known || measuredAt < at - WINDOW_MS) continue;
    known.latest[key] = value;
    hear(known, measuredAt);
  }
  return facts;
}

function hear(known: { heardAt: number | null }, at: number): void {
  known.heardAt = Math.max(known.heardAt ?? 0, at);
}

/** A headline belongs to the project as a whole: one of a single service stands in only where there is no other. */
const wholeLast = <T extends { service?: string }>(latest: readonly T[]): T[] =>
  latest.toSorted((a, b) => Number(a.service === undefined) - Number(b.service === undefined));
