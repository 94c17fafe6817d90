import type { Finding } from '../detect/index.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { newId } from '../platform/ids.ts';
import type { AlertContext } from './context.ts';
import { alertEvent, tell } from './notify.ts';
import { affected, isEmpty, type Plan, plan } from './plan.ts';
import { type AlertRow, type AlertTables, HELD, LIVING } from './tables.ts';

/**
 * An evaluation this much older than the newest one that changed a project comes from a hub that was paused meanwhile and changes
 * nothing. One that is older still, though it is fresh by this hub's own clock, means that the clock was set back: it counts, or alerts
 * would stand still until time catches up.
 */
const STALE_WINDOW_MS = 120_000;
const CHUNK = 500;

export type Reconciled = { opened: number; resolved: number; repeated: number };
export type Scope = {
  /** The projects that were evaluated: what does not fire in them is over. */
  scope: readonly string[];
  /** Epoch milliseconds of the evaluation. */
  at: number;
  /** Who or what ends alerts that no longer fire; `recovery` unless said otherwise. */
  resolvedBy?: string;
};

/**
 * Makes the alerts of the evaluated projects tell what fires in them: opens, counts, resolves, and puts what people must hear into
 * the outbox, all in one transaction. May be run again, and by two hubs at once: what is done already is not done twice.
 */
export async function reconcile(
  context: AlertContext,
  findings: readonly Finding[],
  options: Scope,
): Promise<Reconciled> {
  const inScope = new Set(options.scope);
  const firing = findings.filter(({ project }) => inScope.has(project));
  const nothing: Reconciled = { opened: 0, resolved: 0, repeated: 0 };
  const ahead = plan(await heldAlerts(context.db, options.scope), firing);
  if (isEmpty(ahead)) return nothing;
  const result = await inTransaction(context.db, async (trx) => {
    const locked = new Set(await lockScopes(trx, affected(ahead), options.at));
    if (locked.size === 0 || context.clock.now() - options.at > STALE_WINDOW_MS) return nothing;
    // Another hub may have done the same meanwhile: what counts is what stands now that the projects are ours.
    const now = plan(
      await heldAlerts(trx, [...locked]),
      firing.filter(({ project }) => locked.has(project)),
    );
    const applied = await apply(trx, now, options);
    const when = { at: options.at, now: context.clock.now() };
    await tell(trx, context, { type: 'alert.opened', alerts: applied.opened, ...when });
    await tell(trx, context, { type: 'alert.resolved', alerts: applied.resolved, ...when });
    const events = [
      ...applied.opened.map((alert) => alertEvent('alert.opened', alert, options.at)),
      ...applied.resolved.map((alert) =>
        alertEvent('alert.resolved', alert, options.at, options.resolvedBy ?? 'recovery'),
      ),
    ];
    if (events.length > 0) await context.appendEvents(trx, events);
    return {
      opened: applied.opened.length,
      resolved: applied.resolved.length,
      repeated: applied.repeated,
    };
  });
  return result;
}

async function heldAlerts(db: Db, projects: readonly string[]): Promise<AlertRow[]> {
  const rows: AlertRow[] = [];
  for (let i = 0; i < projects.length; i += CHUNK)
    rows.push(
      ...(await db
        .withTables<AlertTables>()
        .selectFrom('alerts')
        .selectAll()
        .where('project', 'in', projects.slice(i, i + CHUNK))
        .where(HELD)
        .execute()),
    );
  return rows;
}

/** Takes the projects' rows until the transaction ends, always in one order; leaves out those that a newer evaluation has changed. */
async function lockScopes(trx: Db, projects: readonly string[], at: number): Promise<string[]> {
  const rows = await trx
    .withTables<AlertTables>()
    .insertInto('alert_scopes')
    .values(projects.map((project) => ({ project, reconciled_at: at })))
    .onConflict((oc) =>
      oc
        .column('project')
        .doUpdateSet({ reconciled_at: at })
        .where((eb) =>
          eb.or([
            eb('alert_scopes.reconciled_at', '<=', at),
            eb('alert_scopes.reconciled_at', '>', at + STALE_WINDOW_MS),
          ]),
        ),
    )
    .returning('project')
    .execute();
  return rows.map(({ project }) => project);
}

async function apply(trx: Db, { open, repeat, resolve, release }: Plan, { at, resolvedBy = 'recovery' }: Scope) {
  const q = trx.withTables<AlertTables>();
  const opened: AlertRow[] = [];
  for (let i = 0; i < open.length; i += CHUNK)
    opened.push(
      ...(await q
        .insertInto('alerts')
        .values(open.slice(i, i + CHUNK).map((finding) => newAlert(finding, at)))
        .onConflict((oc) => oc.doNothing())
        .returningAll()
        .execute()),
    );
  let repeated = 0;
  for (const { alert, finding } of repeat) {
    const row = await q
      .updateTable('alerts')
      .set((eb) => ({ ...facts(finding), occurrences: eb('occurrences', '+', 1), last_seen_at: finding.observedAt }))
      .where('id', '=', alert.id)
      .where('status', 'in', LIVING)
      .returning('id')
      .executeTakeFirst();
    if (row) repeated += 1;
  }
  const resolved: AlertRow[] = [];
  for (let i = 0; i < resolve.length; i += CHUNK)
    resolved.push(
      ...(await q
        .updateTable('alerts')
        .set({ status: 'resolved', resolved_by: resolvedBy, resolved_at: at })
        .where(
          'id',
          'in',
          resolve.slice(i, i + CHUNK).map(({ id }) => id),
        )
        .where('status', 'in', LIVING)
        .returningAll()
        .execute()),
    );
  for (let i = 0; i < release.length; i += CHUNK)
    await q
      .updateTable('alerts')
      .set({ suppressed: 0 })
      .where(
        'id',
        'in',
        release.slice(i, i + CHUNK).map(({ id }) => id),
      )
      .execute();
  return { opened, resolved, repeated };
}

/** What of an alert follows its finding while it fires: the values that broke it may change. */
const facts = (finding: Finding) => ({
  severity: finding.severity,
  category: finding.category,
  title: finding.title,
  description: finding.description,
  recommendation: finding.recommendation ?? null,
  auto_fixable: finding.autoFixable ? 1 : 0,
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
  settle_ms: 0,
  returns_as: null,
});
