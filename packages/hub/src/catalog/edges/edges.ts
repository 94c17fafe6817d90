import type { NewEvent } from '../../events/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import type { StoredProject } from '../store.ts';
import type { CatalogTables, EdgeRow } from '../tables.ts';
import { hostIndex } from './hosts.ts';
import { FADED, merged, type Report, strengthOfCalls } from './strength.ts';

/** Different edges that one project may report; what is more is refused and counted. */
export const MAX_EDGES_PER_PROJECT = 1000;
const MAX_PROOF_BYTES = 4096;
const HOUR = 3_600_000;
/** Edges that another hub stored are seen after this long, ms. */
const REREAD_MS = 1000;

/** What one project reported of its edges; times are epoch ms. */
export type ReportedEdges = {
  hints: readonly {
    to: string;
    kind: string;
    strength: number;
    proof: Readonly<Record<string, unknown>>;
    at: number;
  }[];
  calls: readonly { host: string; calls: number; failed: number; windowMs: number; at: number }[];
};

type FoundEdge = NewEvent & { project: string };
type Deps = {
  db: Db;
  clock: Clock;
  halfLifeMs(): number;
};

/** Integrations between projects: learned from what instances report and call, forgotten when nothing proves them any more. */
export function createEdges({ db, clock, halfLifeMs }: Deps) {
  let read: { at: number; rows: Promise<EdgeRow[]> } | undefined;
  let version = 0;
  let hosts = hostIndex([]);

  /** What was reported, as edges: hints as they are, calls added up by the project that each host belongs to. */
  function readReports(from: string, { hints, calls }: ReportedEdges): Report[] {
    const reports: Report[] = hints.map(({ to, kind, strength, proof, at }) => {
      const text = JSON.stringify(proof);
      const kept = text === '{}' || text.length > MAX_PROOF_BYTES ? null : text;
      return { from, to, kind, source: 'hint', strength, at, calls: null, proof: kept };
    });
    const perProject = new Map<string, { perHour: number; failed: number; hosts: string[]; at: number }>();
    for (const { host, calls: count, failed, windowMs, at } of calls) {
      const to = count > 0 ? hosts.projectAt(host) : undefined;
      if (to === undefined) continue;
      const known = perProject.get(to) ?? { perHour: 0, failed: 0, hosts: [], at };
      known.perHour += (count * HOUR) / windowMs;
      known.failed += failed;
      known.hosts.push(host);
      known.at = Math.max(known.at, at);
      perProject.set(to, known);
    }
    for (const [to, { perHour, failed, hosts: called, at }] of perProject)
      reports.push({
        ...{ from, to, kind: 'api', source: 'learned', strength: strengthOfCalls(perHour), at, calls: perHour },
        proof: JSON.stringify({ hosts: called.slice(0, 10), failed }),
      });
    return reports;
  }

  /** Stores what a project reports, inside the transaction that takes it in; what is refused is counted by reason. */
  async function take(
    trx: Db,
    from: string,
    reported: ReportedEdges,
  ): Promise<{ refused: Record<string, number>; events: FoundEdge[] }> {
    const reports = readReports(from, reported);
    if (reports.length === 0) return { refused: {}, events: [] };
    const tables = trx.withTables<CatalogTables>();
    const stored = await tables.selectFrom('edges').selectAll().where('from_project', '=', from).execute();
    const keyOf = (to: string, kind: string, source: string) => `${source} ${kind} ${to}`;
    const rows = new Map(stored.map((row) => [keyOf(row.to_project, row.kind, row.source), row]));
    const touched = new Set<string>();
    const refused: Record<string, number> = {};
    const events: FoundEdge[] = [];
    const refuse = (why: string) => {
      refused[why] = (refused[why] ?? 0) + 1;
    };
    const half = halfLifeMs();
    for (const report of reports) {
      const key = keyOf(report.to, report.kind, report.source);
      if (report.to === from) refuse('edge_to_itself');
      else if (!rows.has(key) && rows.size >= MAX_EDGES_PER_PROJECT) refuse('edge_limit');
      else {
        if (!rows.has(key)) events.push(foundEdge(report));
        rows.set(key, merged(rows.get(key), report, half));
        touched.add(key);
      }
    }
    const changed = [...touched].flatMap((key) => rows.get(key) ?? []);
    for (let i = 0; i < changed.length; i += 100)
      await tables
        .insertInto('edges')
        .values(changed.slice(i, i + 100))
        .onConflict((oc) =>
          oc.columns(['from_project', 'to_project', 'kind', 'source']).doUpdateSet((eb) => ({
            strength: eb.ref('excluded.strength'),
            proof_at: eb.ref('excluded.proof_at'),
            first_at: eb.ref('excluded.first_at'),
            reports: eb.ref('excluded.reports'),
            calls: eb.ref('excluded.calls'),
            proof: eb.ref('excluded.proof'),
          })),
        )
        .execute();
    read = undefined;
    return { refused, events };
  }

  return {
    take,
    /** Takes up where projects are reached, so that calls to a host are known as calls to a project. */
    follow(projects: readonly StoredProject[]): void {
      hosts = hostIndex(projects);
    },
    /** What is stored of edges, to draw them from; `version` is another one whenever that was read anew. */
    async look(): Promise<{ rows: readonly EdgeRow[]; version: number }> {
      const now = clock.monotonic();
      if (!read || now - read.at > REREAD_MS) {
        const asked = { at: now, rows: db.withTables<CatalogTables>().selectFrom('edges').selectAll().execute() };
        read = asked;
        version++;
        asked.rows.catch(() => {
          if (read === asked) read = undefined;
        });
      }
      return { rows: await read.rows, version };
    },
    /** Forgets edges that have faded. */
    async expire(): Promise<void> {
      // From full strength to FADED takes log2(1 ÷ FADED) half-lives; what began weaker has faded before, and is not shown.
      const before = Math.round(clock.now() - halfLifeMs() * Math.log2(1 / FADED));
      await db.withTables<CatalogTables>().deleteFrom('edges').where('proof_at', '<', before).execute();
      read = undefined;
    },
  };
}

/** Only the first report of an edge is an event: the log is no place for what is said again every minute. */
const foundEdge = ({ from, to, kind, source, at, strength }: Report): FoundEdge => ({
  at,
  type: 'integration.edge',
  project: from,
  title: source === 'learned' ? `${from} was seen to call ${to}` : `${from} uses ${to} (${kind})`,
  data: { fromProject: from, toProject: to, kind, strength, source },
});

/** Forgets what was learned of projects that are gone: the next of that name begins anew. */
export async function forgetEdges(trx: Db, slugs: readonly string[]): Promise<void> {
  if (slugs.length === 0) return;
  await trx
    .withTables<CatalogTables>()
    .deleteFrom('edges')
    .where((eb) => eb.or([eb('from_project', 'in', slugs), eb('to_project', 'in', slugs)]))
    .execute();
}
