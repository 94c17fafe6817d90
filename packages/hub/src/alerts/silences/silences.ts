import { AlertMatch, parseDuration, type Silence, type SilenceInput } from '@orrery/protocol';
import { authorize, type Caller } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import { inTransaction } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import type { AlertContext } from '../context.ts';
import { authorizeHold, concerns, mayHold, shownMatch } from '../routing/scope.ts';
import type { RoutingTables, SilenceRow } from '../routing/tables.ts';

const ID = /^sil_[0-9a-z]{20,40}$/;
const LONGEST_MS = 366 * 86_400_000;

/** All silences that are kept, those that last or come first, then the newest. Of those of hidden projects the caller sees nothing. */
export async function listSilences({ db, clock }: AlertContext, caller: Caller): Promise<Silence[]> {
  authorize(caller, 'ops:view');
  const now = clock.now();
  const rows = await db.withTables<RoutingTables>().selectFrom('silences').selectAll().orderBy('id', 'desc').execute();
  return rows
    .filter((row) => concerns(caller, matchOf(row)))
    .map((row) => toSilence(row, caller, now))
    .sort((a, b) => Number(a.status === 'ended') - Number(b.status === 'ended'));
}

/** Keeps back what is told of some alerts for some time. */
export async function createSilence(context: AlertContext, caller: Caller, input: SilenceInput): Promise<Silence> {
  authorize(caller, 'alerts:manage');
  authorizeHold(caller, input.match);
  const at = context.clock.now();
  const from = input.from === undefined ? at : Date.parse(input.from);
  const until = input.until === undefined ? from + (parseDuration(input.for ?? '') ?? 0) : Date.parse(input.until);
  if (until <= Math.max(from, at)) throw invalid('until', 'must lie in the future, after "from"');
  if (until - at > LONGEST_MS) throw invalid('until', 'may be a year away at most');
  const row: SilenceRow = {
    id: newId('sil', at),
    match: JSON.stringify(input.match),
    reason: input.reason,
    from_at: from,
    until_at: until,
    created_by: caller.name,
    created_at: at,
    ended_by: null,
  };
  await inTransaction(context.db, async (trx) => {
    await trx.withTables<RoutingTables>().insertInto('silences').values(row).execute();
    const project = input.match.projects?.length === 1 ? input.match.projects[0] : undefined;
    await context.audit(trx, {
      caller,
      verb: 'silences.create',
      target: row.id,
      ...(project === undefined ? {} : { project }),
      after: { match: input.match, reason: input.reason, from: iso(from), until: iso(until) },
      at,
    });
  });
  return toSilence(row, caller, at);
}

/** Ends a silence now; conflict when it is over already. What it kept back and still fires is told. */
export async function endSilence(context: AlertContext, caller: Caller, id: string): Promise<Silence> {
  authorize(caller, 'alerts:manage');
  const at = context.clock.now();
  const row = await inTransaction(context.db, async (trx) => {
    const q = trx.withTables<RoutingTables>();
    const before = ID.test(id)
      ? await q.selectFrom('silences').selectAll().where('id', '=', id).executeTakeFirst()
      : undefined;
    if (!before || !concerns(caller, matchOf(before))) throw new HubError('not_found', 'There is no such silence.');
    if (!mayHold(caller, matchOf(before)))
      throw new HubError('forbidden', 'This silence is about other projects too; the key is limited to some.');
    const after = await q
      .updateTable('silences')
      .set({ until_at: at, ended_by: caller.name })
      .where('id', '=', id)
      .where('until_at', '>', at)
      .returningAll()
      .executeTakeFirst();
    if (!after) throw new HubError('conflict', `This silence ended at ${iso(before.until_at)}.`);
    await context.audit(trx, {
      caller,
      verb: 'silences.end',
      target: id,
      before: { until: iso(before.until_at) },
      after: { until: iso(at) },
      at,
    });
    return after;
  });
  return toSilence(row, caller, at);
}

const matchOf = (row: SilenceRow): AlertMatch => AlertMatch.parse(JSON.parse(row.match));

const toSilence = (row: SilenceRow, caller: Caller, now: number): Silence => ({
  id: row.id,
  match: shownMatch(caller, matchOf(row)),
  reason: row.reason,
  from: iso(row.from_at),
  until: iso(row.until_at),
  createdBy: row.created_by,
  createdAt: iso(row.created_at),
  ...(row.ended_by === null ? {} : { endedBy: row.ended_by }),
  status: row.until_at <= now ? 'ended' : row.from_at > now ? 'planned' : 'active',
});

function invalid(field: string, reason: string): HubError {
  return new HubError('invalid', `body.${field}: ${reason}`, { fields: [{ field: `body.${field}`, reason }] });
}
