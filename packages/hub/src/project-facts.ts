import type { ProjectFacts } from './catalog/index.ts';
import type { Intake } from './intake/index.ts';
import type { Samples } from './samples/index.ts';

const HEADLINES = ['audit.ok', 'audit.warn', 'audit.fail', 'deploy.last_deployed_at', 'health.latency_ms'];

/** What intake and samples know of some projects, in the form in which the catalog shows it. */
export async function projectFacts(
  rooms: { intake: Intake; samples: Samples },
  slugs: readonly string[],
): Promise<Map<string, ProjectFacts>> {
  const [states, latest] = await Promise.all([rooms.intake.states(), rooms.samples.latest(slugs, HEADLINES)]);
  const facts = new Map<string, { probes: ProjectFacts['probes'][number][]; latest: Record<string, number> }>();
  for (const slug of slugs) facts.set(slug, { probes: [], latest: {} });
  for (const state of states)
    facts.get(state.project)?.probes.push({ status: state.status, latencyMs: state.latencyMs });
  // A headline belongs to the project as a whole: one of a single service stands in only where there is no other.
  for (const { project, key, value } of latest.toSorted(
    (a, b) => Number(a.service === undefined) - Number(b.service === undefined),
  )) {
    const known = facts.get(project);
    if (known) known.latest[key] = value;
  }
  return facts;
}
