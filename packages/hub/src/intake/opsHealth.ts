import type { CheckView, OpsHealth, OpsService } from '@orrery/protocol';
import { sql } from 'kysely';
import { authorize, type Caller, sees } from '../access/index.ts';
import { iso, isoOrNull } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Probe } from './compile.ts';
import { checkName, type Kept, NOTHING_KEPT } from './store.ts';
import type { CheckRow, IntakeTables } from './tables.ts';
import { uptimePercent } from './uptime.ts';

const PROBES_PER_QUERY = 100;

/** The newest checks of each probe, oldest first: one statement for a hundred probes, each reading only its own end of the table. */
async function historyOf(db: Db, probes: readonly Probe[], length: number): Promise<Map<number, CheckView[]>> {
  const history = new Map<number, CheckView[]>();
  if (length === 0) return history;
  const tables = db.withTables<IntakeTables>();
  for (let from = 0; from < probes.length; from += PROBES_PER_QUERY) {
    const parts = probes.slice(from, from + PROBES_PER_QUERY).map(({ key }) => {
      const newest = tables
        .selectFrom('checks')
        .selectAll()
        .where('probe', '=', key)
        .orderBy('at', 'desc')
        .limit(length);
      return sql`select * from (${newest}) as newest`;
    });
    const { rows } = await sql<CheckRow>`${sql.join(parts, sql` union all `)}`.execute(db);
    for (const [probe, own] of Map.groupBy(rows, (row) => row.probe))
      history.set(probe, own.sort((a, b) => a.at - b.at).map(toView));
  }
  return history;
}

const toView = (row: CheckRow): CheckView => ({
  at: iso(row.at),
  status: checkName(row.status),
  latencyMs: row.latency_ms,
  ...(row.reason === null ? {} : { reason: row.reason }),
});

export type HealthDeps = {
  db: Db;
  probes(): readonly Probe[];
  keptOf(): Promise<ReadonlyMap<string, Kept>>;
  isProject(slug: string): boolean;
  heartbeatUrl(probe: Probe): string;
  now(): number;
};

/** Every probed service with its state, its newest checks and its uptime over the last day. */
export async function opsHealth(
  deps: HealthDeps,
  caller: Caller,
  filter: { project?: string | undefined; history: number },
): Promise<OpsHealth> {
  authorize(caller, 'ops:view', filter.project);
  if (filter.project !== undefined && !deps.isProject(filter.project))
    throw new HubError('not_found', `No project "${filter.project}".`);
  const probes = deps
    .probes()
    .filter((probe) => sees(caller, probe.project) && (filter.project ?? probe.project) === probe.project);
  const [kept, history] = await Promise.all([deps.keptOf(), historyOf(deps.db, probes, filter.history)]);
  const services = probes.map((probe): OpsService => {
    const { standing, hours } = kept.get(probe.id) ?? NOTHING_KEPT;
    return {
      project: probe.project,
      service: probe.service,
      kind: probe.kind,
      status: standing.status,
      latencyMs: standing.latencyMs,
      lastCheckAt: isoOrNull(standing.lastCheckAt),
      since: isoOrNull(standing.since),
      history: history.get(probe.key) ?? [],
      probeId: probe.id,
      target: probe.target,
      intervalMs: probe.intervalMs,
      timeoutMs: probe.timeoutMs,
      ...(standing.reason === null ? {} : { reason: standing.reason }),
      ...(standing.checks === null ? {} : { checks: standing.checks }),
      uptimePercent: uptimePercent(hours, deps.now()),
      ...(probe.kind === 'heartbeat' ? { heartbeatUrl: deps.heartbeatUrl(probe) } : {}),
    };
  });
  return { status: overall(services), services };
}

function overall(services: readonly OpsService[]): OpsHealth['status'] {
  const has = (status: OpsService['status']) => services.some((service) => service.status === status);
  if (has('down')) return 'unhealthy';
  if (has('degraded')) return 'degraded';
  return has('up') ? 'healthy' : 'unknown';
}
