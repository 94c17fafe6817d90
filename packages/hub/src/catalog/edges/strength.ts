import type { EdgeSource, FedProject, GraphEdge } from '@orrery/protocol';
import { iso } from '../../platform/clock.ts';
import type { EdgeRow } from '../tables.ts';

/** What has faded to less is no longer shown, and is forgotten. */
export const FADED = 0.02;

/** What is left of a strength that was proven at `proofAt`: it halves with each half-life (both in ms). */
export const decayed = (strength: number, proofAt: number, now: number, halfLifeMs: number): number =>
  strength * 2 ** (-Math.max(0, now - proofAt) / halfLifeMs);

/** The strength of an edge that calls show: 0.25 at 9 calls an hour, 0.5 at 99, 1 at 9,999 and more (log10(1 + calls) ÷ 4). */
export const strengthOfCalls = (perHour: number): number => Math.min(1, Math.log10(1 + Math.max(0, perHour)) / 4);

/** One report of an edge, ready to be stored. */
export type Report = {
  from: string;
  to: string;
  kind: string;
  source: Exclude<EdgeSource, 'declared'>;
  strength: number;
  at: number;
  calls: number | null;
  proof: string | null;
};

/**
 * What a row becomes by one more report; the order in which reports come changes nothing. Of hints the newest holds. Of calls the
 * strongest holds after both have faded to the same moment, so that a quiet hour weakens an edge no faster than silence does.
 */
export function merged(row: EdgeRow | undefined, report: Report, halfLifeMs: number): EdgeRow {
  const { from, to, kind, source, strength, at, calls, proof } = report;
  const own = { strength, proof_at: at, calls, proof };
  if (!row) return { from_project: from, to_project: to, kind, source, first_at: at, reports: 1, ...own };
  const newer = at > row.proof_at || (at === row.proof_at && strength > row.strength);
  const newest = newer ? own : { strength: row.strength, proof_at: row.proof_at, calls: row.calls, proof: row.proof };
  const fresh = newest.proof_at;
  const held =
    source === 'hint'
      ? newest.strength
      : Math.max(decayed(row.strength, row.proof_at, fresh, halfLifeMs), decayed(strength, at, fresh, halfLifeMs));
  return { ...row, ...newest, strength: held, first_at: Math.min(row.first_at, at), reports: row.reports + 1 };
}

/** Pure: the edges between declared projects as of now, one for each (from, to, kind): as strong as the strongest of its sources says. */
export function edgesOf(
  projects: readonly Pick<FedProject, 'slug' | 'dependsOn' | 'edges'>[],
  rows: readonly EdgeRow[],
  now: number,
  halfLifeMs: number,
): GraphEdge[] {
  const known = new Set(projects.map(({ slug }) => slug));
  const edges = new Map<string, GraphEdge & { sources: EdgeSource[] }>();
  const add = (from: string, to: string, kind: string, source: EdgeSource, strength: number) => {
    if (!known.has(from) || !known.has(to) || from === to) return undefined;
    const id = `${from}:${to}:${kind}`;
    const edge = edges.get(id) ?? { id, from, to, kind, strength: 0, sources: [], lastProofAt: null };
    edges.set(id, edge);
    edge.strength = Math.max(edge.strength, Math.round(strength * 1e4) / 1e4);
    if (!edge.sources.includes(source)) edge.sources.push(source);
    return edge;
  };
  for (const { slug, dependsOn, edges: declared = [] } of projects) {
    for (const { to, kind, strength } of declared) add(slug, to, kind, 'declared', strength);
    // What is needed is an edge of full strength, unless it is said better.
    for (const to of dependsOn) if (!declared.some((edge) => edge.to === to)) add(slug, to, 'api', 'declared', 1);
  }
  for (const row of rows) {
    const strength = decayed(row.strength, row.proof_at, now, halfLifeMs);
    if (strength < FADED) continue;
    const edge = add(row.from_project, row.to_project, row.kind, row.source, strength);
    if (!edge) continue;
    const at = iso(row.proof_at);
    if (edge.lastProofAt == null || edge.lastProofAt < at) {
      edge.lastProofAt = at;
      if (row.proof !== null) edge.proof = JSON.parse(row.proof) as Record<string, unknown>;
    }
    if (row.calls !== null) edge.calls = Math.round(row.calls * 10) / 10;
  }
  return [...edges.values()];
}
