import type { Category, Severity } from '@orrery/protocol';
import type { AlertContext } from './context.ts';
import { upstreamParts } from './dependencies.ts';
import type { AlertTables } from './tables.ts';

/** An alert that lives and is nobody's yet, or somebody's; times are epoch ms. */
export type LivingAlert = {
  id: string;
  project: string;
  /** Null for one of the project as a whole: its instance's figures have no service. */
  service: string | null;
  severity: Severity;
  category: Category;
  detector: string;
  title: string;
  description: string;
  fingerprint: string;
  openedAt: number;
  /** Whether it only follows from another part that is down. */
  inhibited: boolean;
  /** The services, as `project/service`, that its part needs, directly or not, and how long the slowest takes to be found down. */
  upstream: readonly string[];
  upstreamDownMs: number;
  /** How often the same alert opened within the last four hours, this time included. */
  recurrences: number;
};

const RECURRENCE_MS = 4 * 3_600_000;

/** Alerts that are open or acknowledged, oldest first: what repair looks at. */
export async function livingAlerts({
  db,
  clock,
  dependencies,
}: Pick<AlertContext, 'db' | 'clock' | 'dependencies'>): Promise<LivingAlert[]> {
  const tables = db.withTables<AlertTables>();
  const rows = await tables
    .selectFrom('alerts')
    .selectAll()
    .where('status', 'in', ['open', 'acknowledged'])
    .orderBy('created_at')
    .limit(5000)
    .execute();
  if (rows.length === 0) return [];
  const counted = await tables
    .selectFrom('alerts')
    .select(['fingerprint', ({ fn }) => fn.countAll<number>().as('n')])
    .where('created_at', '>', clock.now() - RECURRENCE_MS)
    .groupBy('fingerprint')
    .execute();
  const times = new Map(counted.map(({ fingerprint, n }) => [fingerprint, Number(n)]));
  const needs = dependencies.current();
  return rows.map((row) => ({
    id: row.id,
    project: row.project,
    service: row.service,
    severity: row.severity,
    category: row.category,
    detector: row.detector,
    title: row.title,
    description: row.description,
    fingerprint: row.fingerprint,
    openedAt: row.created_at,
    inhibited: row.inhibited_by !== null,
    upstream: upstreamParts(needs, row),
    upstreamDownMs: needs.groups[needs.groupOf(row.project, row.service) ?? -1]?.upstreamDownMs ?? 0,
    recurrences: times.get(row.fingerprint) ?? 0,
  }));
}
