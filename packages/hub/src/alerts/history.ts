import type { AlertContext } from './context.ts';
import { isCause, upstreamParts } from './dependencies.ts';
import type { LivingAlert } from './living.ts';
import type { AlertTables } from './tables.ts';

/** An alert with its whole life; times are epoch ms. */
export type PastAlert = Omit<LivingAlert, 'inhibited' | 'recurrences' | 'upstream' | 'upstreamDownMs'> & {
  /** Null while it lives. */
  endedAt: number | null;
  /** When something was down that its service depends on, as dependencies are declared now; `to` null while it is. */
  inhibitedDuring: readonly { from: number; to: number | null }[];
};

const MOST = 5000;

/** Alerts that lived at any time since, oldest first; of very many the newest. */
export async function pastAlerts(
  { db, dependencies }: Pick<AlertContext, 'db' | 'dependencies'>,
  since: number,
): Promise<PastAlert[]> {
  const rows = await db
    .withTables<AlertTables>()
    .selectFrom('alerts')
    .selectAll()
    .where((eb) => eb.or([eb('resolved_at', '>=', since), eb('resolved_at', 'is', null)]))
    .orderBy('created_at', 'desc')
    .limit(MOST)
    .execute();
  const graph = dependencies.current();
  const causes = Map.groupBy(
    rows.filter((row) => isCause({ ...row, status: 'open' })),
    ({ project, service }) => `${project}/${service}`,
  );
  return rows.reverse().map((row) => ({
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
    endedAt: row.resolved_at,
    inhibitedDuring:
      row.category === 'security'
        ? []
        : upstreamParts(graph, row).flatMap((part) =>
            (causes.get(part) ?? []).map((cause) => ({ from: cause.created_at, to: cause.resolved_at })),
          ),
  }));
}
