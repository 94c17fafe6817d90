import type { MaintenanceDeclaration, MaintenanceView } from '@orrery/protocol';
import { authorize, type Caller } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import { inTransaction } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import type { AlertContext } from '../context.ts';
import { authorizeHold, concerns, mayHold, shownMatch } from '../routing/scope.ts';
import type { RoutingTables } from '../routing/tables.ts';
import { cronProblem } from '../routing/windows.ts';
import { type Maintenance, ofRow } from './book.ts';

/** All declared maintenance, what is open or comes next first. */
export async function listMaintenance(context: AlertContext, caller: Caller): Promise<MaintenanceView[]> {
  authorize(caller, 'ops:view');
  await context.maintenance.refresh(context.db);
  const now = context.clock.now();
  return context.maintenance
    .all()
    .filter(({ declaration }) => concerns(caller, declaration.match))
    .map((entry) => toView(entry, caller, now))
    .sort((a, b) => (a.window?.from ?? '9').localeCompare(b.window?.from ?? '9'));
}

/** Declares maintenance through the API; conflict when the name is taken. */
export async function createMaintenance(
  context: AlertContext,
  caller: Caller,
  declaration: MaintenanceDeclaration,
): Promise<MaintenanceView> {
  authorize(caller, 'alerts:manage');
  authorizeHold(caller, declaration.match);
  const at = context.clock.now();
  const problem = 'cron' in declaration ? cronProblem(declaration.cron) : undefined;
  if (problem !== undefined) throw invalid('cron', problem);
  if ('until' in declaration && Date.parse(declaration.until) <= at) throw invalid('until', 'must lie in the future');
  const { name } = declaration;
  const taken = new HubError('conflict', `There is maintenance named "${name}" already.`);
  if (context.maintenance.ofFile(name)) throw taken;
  const row = {
    name,
    declaration: JSON.stringify(declaration),
    created_by: caller.name,
    created_at: at,
    over_at: 'until' in declaration ? Date.parse(declaration.until) : null,
  };
  await inTransaction(context.db, async (trx) => {
    const q = trx.withTables<RoutingTables>();
    // The name of one that is over is free again.
    await q.deleteFrom('maintenance').where('name', '=', name).where('over_at', '<=', at).execute();
    const done = await q
      .insertInto('maintenance')
      .values(row)
      .onConflict((oc) => oc.column('name').doNothing())
      .executeTakeFirst();
    if (Number(done.numInsertedOrUpdatedRows ?? 0) === 0) throw taken;
    await context.audit(trx, { caller, verb: 'maintenance.create', target: name, after: declaration, at });
  });
  await context.maintenance.refresh(context.db);
  return toView(ofRow(row), caller, at);
}

/** Takes maintenance away that was declared through the API; what it kept back and still fires is told. */
export async function endMaintenance(context: AlertContext, caller: Caller, name: string): Promise<void> {
  authorize(caller, 'alerts:manage');
  await context.maintenance.refresh(context.db);
  const entry = context.maintenance.all().find(({ declaration }) => declaration.name === name);
  if (!entry || !concerns(caller, entry.declaration.match))
    throw new HubError('not_found', 'There is no such maintenance.');
  if (entry.createdBy === undefined)
    throw new HubError('conflict', `"${name}" is declared in ${entry.ref}; take it out there.`);
  if (!mayHold(caller, entry.declaration.match))
    throw new HubError('forbidden', 'This maintenance is about other projects too; the key is limited to some.');
  const at = context.clock.now();
  await inTransaction(context.db, async (trx) => {
    const gone = await trx
      .withTables<RoutingTables>()
      .deleteFrom('maintenance')
      .where('name', '=', name)
      .executeTakeFirst();
    if (Number(gone.numDeletedRows) === 0) throw new HubError('not_found', 'There is no such maintenance.');
    await context.audit(trx, { caller, verb: 'maintenance.end', target: name, before: entry.declaration, at });
  });
  await context.maintenance.refresh(context.db);
}

function toView({ declaration, ref, windows, createdBy }: Maintenance, caller: Caller, now: number): MaintenanceView {
  const { window, active } = windows.at(now);
  return {
    name: declaration.name,
    title: declaration.title,
    match: shownMatch(caller, declaration.match),
    public: declaration.public,
    schedule:
      'cron' in declaration
        ? { cron: declaration.cron, timeZone: declaration.timeZone, lasts: declaration.lasts }
        : { from: declaration.from, until: declaration.until },
    window: window && { from: iso(window.from), until: iso(window.until) },
    active,
    declaredIn: ref,
    ...(createdBy === undefined ? {} : { createdBy }),
  };
}

function invalid(field: string, reason: string): HubError {
  return new HubError('invalid', `body.${field}: ${reason}`, { fields: [{ field: `body.${field}`, reason }] });
}
