import type { EcosystemGraph, FedProject } from '@orrery/protocol';
import { authorize, type Caller, visibleProjects } from '../access/index.ts';
import { type Clock, iso } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { Secrets } from '../platform/secrets.ts';
import { brokenProject, troubleOf } from './broken.ts';
import { edgesOf } from './edges/strength.ts';
import { riskOf } from './risk.ts';
import { fromReadable, toStored } from './store.ts';
import type { EdgeRow, ProjectRow } from './tables.ts';
import { type ProjectFacts, toFedProject, toGraph } from './views.ts';

/** What is known of a project as it was; `heardAt` is the newest sign of life up to then, in epoch ms. */
export type PastFacts = ProjectFacts & { heardAt: number | null };

type Deps = {
  db: Db;
  clock: Clock;
  log: Log;
  secrets: Secrets;
  factsAt(slugs: readonly string[], at: number): Promise<ReadonlyMap<string, PastFacts>>;
  /** For how long checks and samples are kept, in milliseconds. */
  keptMs(): number;
  offlineAfterMs(): number;
  halfLifeMs(): number;
};

/** Pure: a project as it was at a moment. Of which nothing is stored is not called offline for it: it was last seen never, and its health is null. */
export function pastProject(
  project: (row: ProjectRow, facts: ProjectFacts) => FedProject,
  row: ProjectRow,
  facts: PastFacts,
  at: number,
  offlineAfterMs: number,
): FedProject {
  const last = row.last_seen_at;
  const seen = last === null || last <= at ? last : facts.heardAt;
  const judged = facts.probes.some(({ status }) => status !== 'unknown');
  // Somebody who was heard of since may have been heard of then, in a way of which nothing is kept.
  const known = (last !== null && last <= at) || judged || (seen !== null && at - seen <= offlineAfterMs);
  if (known) return project({ ...row, last_seen_at: seen ?? row.first_seen_at }, facts);
  const silent = project({ ...row, last_seen_at: null }, facts);
  if (!silent.riskFactors) return silent;
  const riskFactors = { ...silent.riskFactors, health: null };
  return { ...silent, riskFactors, risk: riskOf(riskFactors) };
}

/** Pure: the edges that were known at a moment; one that has been proven since is as strong as its newest proof says, for the older ones are not kept. */
export const edgesThen = (rows: readonly EdgeRow[], at: number): EdgeRow[] =>
  rows.filter((row) => row.first_at <= at).map((row) => (row.proof_at > at ? { ...row, proof_at: at } : row));

/** Draws the ecosystem as it was at a moment, of the projects that are still there. */
export function createPastGraph(
  deps: Deps,
  look: () => Promise<{ rows: readonly ProjectRow[]; edges: readonly EdgeRow[] }>,
) {
  return async function graphAt(caller: Caller, at: number): Promise<EcosystemGraph> {
    authorize(caller, 'ops:view');
    const now = deps.clock.now();
    const refuse = (reason: string) =>
      new HubError('invalid', `query.at: ${reason}`, { fields: [{ field: 'query.at', reason }] });
    if (at > now) throw refuse('lies in the future');
    if (at < now - deps.keptMs()) throw refuse(`nothing is kept from before ${iso(now - deps.keptMs())}`);
    const { rows, edges } = await look();
    const visible = visibleProjects(caller);
    const some = new Set(visible === 'all' ? [] : visible);
    const there = rows.filter(({ slug, created_at }) => created_at <= at && (visible === 'all' || some.has(slug)));
    const facts = await deps.factsAt(
      there.map(({ slug }) => slug),
      at,
    );
    const offlineAfterMs = deps.offlineAfterMs();
    const projects = fromReadable(there, deps.log, (row) => {
      const broken = troubleOf(row, deps.secrets);
      if (broken !== undefined) return brokenProject(row, broken);
      const stored = toStored(row, deps.secrets);
      return pastProject(
        (then, known) => toFedProject(stored, then, known, at, offlineAfterMs),
        row,
        facts.get(row.slug) ?? { probes: [], latest: {}, heardAt: null },
        at,
        offlineAfterMs,
      );
    }).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.slug < b.slug ? -1 : 1));
    return { ...toGraph(projects, edgesOf(projects, edgesThen(edges, at), at, deps.halfLifeMs())), at: iso(at) };
  };
}
