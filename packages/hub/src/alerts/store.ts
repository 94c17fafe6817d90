import { sql } from 'kysely';
import type { Finding } from '../detect/index.ts';
import type { Db } from '../platform/db.ts';
import { newId } from '../platform/ids.ts';
import type { Plan } from './plan.ts';
import { type AlertRow, type AlertTables, HELD, LIVING } from './tables.ts';

const CHUNK = 500;
/** A recovery that is older has been told, or nobody waits for it. */
const LONGEST_SETTLING_MS = 600_000;

export type Applied = { opened: AlertRow[]; reopened: AlertRow[]; resolved: AlertRow[]; repeated: number };

const idsOf = (rows: readonly { id: string }[], from: number): string[] =>
  rows.slice(from, from + CHUNK).map(({ id }) => id);

/** Living and suppressed alerts of some projects. */
export async function heldAlerts(db: Db, projects: readonly string[]): Promise<AlertRow[]> {
  const rows: AlertRow[] = [];
  for (let i = 0; i < projects.length; i += CHUNK)
    rows.push(...(await heldQuery(db, projects.slice(i, i + CHUNK)).execute()));
  return rows;
}

/** SQLite would take the index by project, which leads to all that is over as well: behind an expression it does not see it. */
export const heldQuery = (db: Db, projects: readonly string[]) =>
  db.withTables<AlertTables>().selectFrom('alerts').selectAll().where(HELD).where(sql`project || ''`, 'in', projects);

/** Alerts of these findings whose recovery, at `at`, has not lasted long enough to be told. */
export async function recoveredJustNow(db: Db, findings: readonly Finding[], at: number): Promise<AlertRow[]> {
  const fingerprints = findings.map(({ fingerprint }) => fingerprint);
  const rows: AlertRow[] = [];
  for (let i = 0; i < fingerprints.length; i += CHUNK)
    rows.push(...(await recoveredQuery(db, fingerprints.slice(i, i + CHUNK), at).execute()));
  return rows;
}

export const recoveredQuery = (db: Db, fingerprints: readonly string[], at: number) =>
  db
    .withTables<AlertTables>()
    .selectFrom('alerts')
    .selectAll()
    .where('fingerprint', 'in', fingerprints)
    .where('resolved_at', '>=', at - LONGEST_SETTLING_MS)
    .where((eb) => eb(eb('resolved_at', '+', eb.ref('settle_ms')), '>', at))
    .where('status', '=', 'resolved')
    .where('resolved_by', '=', 'recovery')
    .where('suppressed', '=', 0);

/** Carries a plan out; what somebody changed meanwhile is left as it is. */
export async function apply(trx: Db, planned: Plan, at: number, resolvedBy: string): Promise<Applied> {
  const q = trx.withTables<AlertTables>();
  const opened: AlertRow[] = [];
  for (let i = 0; i < planned.open.length; i += CHUNK)
    opened.push(
      ...(await q
        .insertInto('alerts')
        .values(planned.open.slice(i, i + CHUNK).map((finding) => newAlert(finding, at)))
        .onConflict((oc) => oc.doNothing())
        .returningAll()
        .execute()),
    );
  const seen = ({ alert, finding }: Plan['repeat'][number]): AlertRow => ({
    ...alert,
    ...facts(finding),
    occurrences: alert.occurrences + 1,
    last_seen_at: finding.observedAt,
  });
  const repeated = await rewrite(trx, planned.repeat.map(seen), LIVING);
  const back = planned.reopen.map(
    (each): AlertRow => ({
      ...seen(each),
      status: each.alert.returns_as ?? 'open',
      resolved_at: null,
      resolved_by: null,
      returns_as: null,
    }),
  );
  const reopened = await rewrite(trx, back, ['resolved']);
  const resolved: AlertRow[] = [];
  for (let i = 0; i < planned.resolve.length; i += CHUNK)
    resolved.push(
      ...(await q
        .updateTable('alerts')
        .set((eb) => ({
          status: 'resolved',
          resolved_by: resolvedBy,
          resolved_at: at,
          returns_as: eb.ref('status'),
          inhibited_by: null,
        }))
        .where('id', 'in', idsOf(planned.resolve, i))
        .where('status', 'in', LIVING)
        .returningAll()
        .execute()),
    );
  for (let i = 0; i < planned.release.length; i += CHUNK)
    await q.updateTable('alerts').set({ suppressed: 0 }).where('id', 'in', idsOf(planned.release, i)).execute();
  return { opened, reopened, resolved, repeated: repeated.length };
}

/** Writes alerts as they are given, each in a few statements for all: those that are in one of these states still. */
async function rewrite(trx: Db, rows: readonly AlertRow[], from: readonly AlertRow['status'][]): Promise<AlertRow[]> {
  const written: AlertRow[] = [];
  for (let i = 0; i < rows.length; i += CHUNK)
    written.push(
      ...(await trx
        .withTables<AlertTables>()
        .insertInto('alerts')
        .values(rows.slice(i, i + CHUNK))
        .onConflict((oc) =>
          oc
            .column('id')
            .doUpdateSet((eb) => ({
              severity: eb.ref('excluded.severity'),
              category: eb.ref('excluded.category'),
              title: eb.ref('excluded.title'),
              description: eb.ref('excluded.description'),
              recommendation: eb.ref('excluded.recommendation'),
              auto_fixable: eb.ref('excluded.auto_fixable'),
              settle_ms: eb.ref('excluded.settle_ms'),
              status: eb.ref('excluded.status'),
              occurrences: eb.ref('excluded.occurrences'),
              last_seen_at: eb.ref('excluded.last_seen_at'),
              resolved_by: eb.ref('excluded.resolved_by'),
              resolved_at: eb.ref('excluded.resolved_at'),
              returns_as: eb.ref('excluded.returns_as'),
            }))
            .where('alerts.status', 'in', from),
        )
        .returningAll()
        .execute()),
    );
  return written;
}

/** What of an alert follows its finding while it fires: the values that broke it may change. */
const facts = (finding: Finding) => ({
  severity: finding.severity,
  category: finding.category,
  title: finding.title,
  description: finding.description,
  recommendation: finding.recommendation ?? null,
  auto_fixable: finding.autoFixable ? 1 : 0,
  settle_ms: Math.min(finding.settleMs ?? 0, LONGEST_SETTLING_MS),
});

const newAlert = (finding: Finding, at: number): AlertRow => ({
  id: newId('alr', at),
  fingerprint: finding.fingerprint,
  detector: finding.detector,
  project: finding.project,
  service: finding.service ?? null,
  ...facts(finding),
  status: 'open',
  suppressed: 0,
  occurrences: 1,
  created_at: at,
  last_seen_at: finding.observedAt,
  acknowledged_by: null,
  acknowledged_at: null,
  resolved_by: null,
  resolved_at: null,
  incident_id: null,
  inhibited_by: null,
  returns_as: null,
});
