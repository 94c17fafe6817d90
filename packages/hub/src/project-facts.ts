import type { ProjectFacts } from './catalog/index.ts';
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
  // A headline belongs to the project as a whole: one of a single service stands in only where there is no other.
  for (const { project, key, value, at } of latest.toSorted(
    (a, b) => Number(a.service === undefined) - Number(b.service === undefined),
  )) {
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
