import type { Finding } from '../detect/index.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { announce, stillWaiting } from './announce.ts';
import type { AlertContext } from './context.ts';
import { fromPart, type Part } from './dependencies.ts';
import { explanations } from './explain.ts';
import { takeTurn } from './incidents/store.ts';
import { affected, goingOn, isEmpty, type Plan, plan } from './plan.ts';
import { apply, heldAlerts, recoveredJustNow } from './store.ts';
import type { AlertRow, AlertTables } from './tables.ts';
import { withdrawEnds } from './withdraw.ts';

/**
 * An evaluation this much older than the newest one that changed a project comes from a hub that was paused meanwhile and changes
 * nothing. One that is older still, though it is fresh by this hub's own clock, means that the clock was set back: it counts, or alerts
 * would stand still until time catches up.
 */
const STALE_WINDOW_MS = 120_000;

export type Reconciled = {
  opened: number;
  resolved: number;
  repeated: number;
  /** Alerts that go on after a recovery that did not last; absent when there are none. */
  reopened?: number;
  /** Services that are worth a look at once; absent when there are none. */
  look?: Part[];
};
export type Scope = {
  /** The projects that were evaluated: what does not fire in them is over. */
  scope: readonly string[];
  /** Epoch milliseconds of the evaluation. */
  at: number;
  /** Who or what ends alerts that no longer fire; `recovery` unless said otherwise. */
  resolvedBy?: string;
  /** Whether all projects were evaluated, so that what depends on what is looked through for all of them too. */
  whole?: boolean;
};

/**
 * Makes the alerts of the evaluated projects tell what fires in them: opens, counts, resolves, takes up again, and puts what people must
 * hear into the outbox, all in one transaction. May be run again, and by two hubs at once: what is done already is not done twice.
 */
export async function reconcile(
  context: AlertContext,
  findings: readonly Finding[],
  options: Scope,
): Promise<Reconciled> {
  const inScope = new Set(options.scope);
  const firing = findings.filter(({ project }) => inScope.has(project));
  const nothing: Reconciled = { opened: 0, resolved: 0, repeated: 0 };
  const held = await heldAlerts(context.db, options.scope);
  const ahead = plan(held, firing);
  const astray = isAstray(context, held, options.whole ?? false);
  // What waits for a cause has its upstream looked at again with every look at the whole.
  const again = options.whole ? stillWaiting(context, held, options.at) : [];
  if (isEmpty(ahead) && !astray) return { ...nothing, ...looking(again) };
  return inTransaction(context.db, async (trx) => {
    await takeTurn(trx);
    const locked = new Set(await lockScopes(trx, affected(ahead), options.at));
    if (context.clock.now() - options.at > STALE_WINDOW_MS || (locked.size === 0 && !astray)) return nothing;
    // Another hub may have done the same meanwhile: what counts is what stands now that the projects are ours.
    const now = await goOn(
      trx,
      context,
      plan(
        await heldAlerts(trx, [...locked]),
        firing.filter(({ project }) => locked.has(project)),
      ),
      options.at,
    );
    const by = options.resolvedBy ?? 'recovery';
    const { opened, reopened, resolved, repeated } = await apply(trx, now, options.at, by);
    const done: Reconciled = { opened: opened.length, resolved: resolved.length, repeated };
    if (opened.length + reopened.length + resolved.length === 0 && !astray) return { ...done, ...looking(again) };
    const look = [
      ...again,
      ...(await announce(trx, context, {
        ...{ opened, reopened, resolved, by },
        at: options.at,
        now: context.clock.now(),
        settling: options.resolvedBy === undefined,
      })),
    ];
    return {
      ...done,
      ...(reopened.length > 0 ? { reopened: reopened.length } : {}),
      ...looking(look),
    };
  });
}

const looking = (parts: readonly string[]): Pick<Reconciled, 'look'> =>
  parts.length === 0 ? {} : { look: [...new Set(parts)].map(fromPart) };

/** What fires again after a recovery that nobody has been told of goes on as the same alert. */
async function goOn(trx: Db, { clock }: AlertContext, planned: Plan, at: number): Promise<Plan> {
  if (planned.open.length === 0) return planned;
  const recovered = await recoveredJustNow(trx, planned.open, at);
  if (recovered.length === 0) return planned;
  return goingOn(planned, await withdrawEnds(trx, recovered, clock.now()));
}

/**
 * Whether living alerts stand otherwise than the declared dependencies say, or in no incident. Of alerts whose inhibitor is not among the
 * given ones only a look at the whole can tell.
 */
function isAstray(context: AlertContext, held: readonly AlertRow[], whole: boolean): boolean {
  const living = held.filter(({ status }) => status !== 'resolved');
  if (living.length === 0) return false;
  const known = new Set(living.map(({ id }) => id));
  const explained = explanations(context, living);
  return living.some(
    ({ id, incident_id, inhibited_by }) =>
      incident_id === null ||
      ((whole || inhibited_by === null || known.has(inhibited_by)) && (explained.get(id) ?? null) !== inhibited_by),
  );
}

/** Takes the projects' rows until the transaction ends, always in one order; leaves out those that a newer evaluation has changed. */
async function lockScopes(trx: Db, projects: readonly string[], at: number): Promise<string[]> {
  if (projects.length === 0) return [];
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
