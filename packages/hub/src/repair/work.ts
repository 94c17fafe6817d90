import type { LivingAlert } from '../alerts/index.ts';
import { inTransaction } from '../platform/db.ts';
import { act, toVerify } from './act.ts';
import { begin, diagnosisOf } from './begin.ts';
import { inOrder } from './choose.ts';
import type { RepairContext, Target } from './context.ts';
import { factsFor, gatherTurn, type TurnFacts } from './facts.ts';
import { guard, type Verdict } from './guard.ts';
import { describeRemedy } from './remedies/index.ts';
import { anythingStands, attemptsIn, end } from './store.ts';
import type { AttemptRow } from './tables.ts';
import { verify } from './verify.ts';

/** Acts under way in this process, by attempt. */
export type Acts = {
  has(id: string): boolean;
  start(id: string, act: (signal: AbortSignal) => Promise<void>): void;
};

/**
 * One turn of repair, on what is stored: settle what a crash left, look at what came of acts, and ask the guard about every target whose
 * alert lives. Running it again without new facts changes nothing. Resolves with when the guard is to be asked again at the soonest, epoch ms.
 */
export async function work(context: RepairContext, acts: Acts, signal: AbortSignal): Promise<number | undefined> {
  // Without a policy whose alert could live there is nothing to begin; what was begun or said before is brought to its end.
  const mayBegin = context.targets().length > 0 && (await context.alerts()).length > 0;
  if (!mayBegin && !(await anythingStands(context.db))) return undefined;
  const turn = await gatherTurn(context);
  for (const row of turn.open) {
    signal.throwIfAborted();
    await carryOn(context, acts, row, turn, signal);
  }
  const begun = new Set<string>();
  const said = new Map<string, { target: Target; alert: LivingAlert; verdict: Verdict }>();
  for (const candidate of inOrder(context.targets(), turn)) {
    signal.throwIfAborted();
    const { target, alert, lesson } = candidate;
    const key = `${target.project}/${target.service}`;
    const facts = factsFor(context, target, alert, lesson, turn, context.clock.now());
    const more = begun.size;
    const verdict = guard(
      {
        ...facts,
        busy: facts.busy || begun.has(key),
        underRepair: facts.underRepair + more,
        allActsLastHour: facts.allActsLastHour + more,
        projectActsLastHour:
          facts.projectActsLastHour + [...begun].filter((other) => other.startsWith(`${target.project}/`)).length,
      },
      context.clock.now(),
    );
    said.set(`${key}/${target.policy.name}`, { target, alert, verdict });
    if (verdict.kind === 'act' || verdict.kind === 'approve') {
      const row = await begin(context, candidate, verdict, turn);
      if (row) begun.add(key);
      if (row?.status === 'acting') acts.start(row.id, (stopped) => act(context, row, stopped));
    } else if (verdict.kind === 'would' && !(await saidBefore(context, target, alert)))
      await begin(context, candidate, verdict, turn);
  }
  await keepVerdicts(context, said);
  const times = [...said.values()].flatMap(({ verdict }) => (verdict.kind === 'wait' ? (verdict.until ?? []) : []));
  return times.length === 0 ? undefined : Math.min(...times);
}

async function carryOn(
  context: RepairContext,
  acts: Acts,
  row: AttemptRow,
  turn: TurnFacts,
  signal: AbortSignal,
): Promise<void> {
  const now = context.clock.now();
  if (row.status === 'awaiting approval') {
    const lives = turn.alerts.some(({ id }) => id === row.alert_id);
    if (!lives) await end(context, row, 'refused', 'the alert ended before it was approved');
    else if ((row.expires_at ?? 0) <= now) await end(context, row, 'expired', 'nobody approved it in time');
  } else if (row.status === 'acting' && !acts.has(row.id)) await pickUp(context, acts, row, turn);
  else if (row.status === 'verifying') await verify(context, row, turn, signal);
}

/** An act that nobody carries on: it was approved, or its hub is gone. */
async function pickUp(context: RepairContext, acts: Acts, row: AttemptRow, turn: TurnFacts): Promise<void> {
  // It was about to be done, and may have been: it is not done again.
  if (row.acting_at !== null)
    return toVerify(context, row, 'the hub was stopped while it acted: it is not known whether it was done');
  if (turn.paused !== undefined) return void (await end(context, row, 'refused', `repair is paused by ${turn.paused}`));
  if (!turn.alerts.some(({ id }) => id === row.alert_id))
    return void (await end(context, row, 'refused', 'the trouble ended by itself before anything was done'));
  const taken = await attemptsIn(context.db)
    .updateTable('heal_attempts')
    .set({ holder: context.holderId })
    .where('id', '=', row.id)
    .where('status', '=', 'acting')
    .where('acting_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (taken) acts.start(taken.id, (stopped) => act(context, taken, stopped));
}

/** A dry run says of one alert once, and again after the cooldown of its policy, what it would have done. */
async function saidBefore(
  context: RepairContext,
  { project, service, policy }: Target,
  alert: LivingAlert,
): Promise<boolean> {
  const row = await attemptsIn(context.db)
    .selectFrom('heal_attempts')
    .select('id')
    .where('project', '=', project)
    .where('service', '=', service)
    .where('policy', '=', policy.name)
    .where('alert_id', '=', alert.id)
    .where('outcome', '=', 'dry run')
    .executeTakeFirst();
  return row !== undefined;
}

/** Remembers what the guard said of each policy; a change to what only a person can go on with is told. */
async function keepVerdicts(
  context: RepairContext,
  said: ReadonlyMap<string, { target: Target; alert: LivingAlert; verdict: Verdict }>,
): Promise<void> {
  const tables = attemptsIn(context.db);
  const kept = new Map(
    (await tables.selectFrom('heal_verdicts').selectAll().execute()).map((row) => [
      `${row.project}/${row.service}/${row.policy}`,
      row,
    ]),
  );
  const now = context.clock.now();
  for (const [key, { target, alert, verdict }] of said) {
    const before = kept.get(key);
    kept.delete(key);
    const value = { kind: verdict.kind, reason: verdict.reason, alert_id: alert.id };
    if (
      before &&
      before.kind === value.kind &&
      before.reason.split(':')[0] === value.reason.split(':')[0] &&
      before.alert_id === alert.id
    )
      continue;
    const where = { project: target.project, service: target.service, policy: target.policy.name };
    await tables
      .insertInto('heal_verdicts')
      .values({ ...where, ...value, since: now })
      .onConflict((oc) => oc.columns(['project', 'service', 'policy']).doUpdateSet({ ...value, since: now }))
      .execute();
    if (verdict.kind !== 'person' && verdict.kind !== 'suggest') continue;
    const title =
      verdict.kind === 'person'
        ? `${target.project}/${target.service} needs a person: ${verdict.reason}`
        : `${target.project}/${target.service}: the policy ${target.policy.name} suggests its remedy`;
    const what = { type: `heal.${verdict.kind}`, at: now, project: target.project, service: target.service, title };
    const why = await diagnosisOf(context, alert);
    await inTransaction(context.db, async (trx) => {
      await context.appendEvents(trx, [
        { ...what, data: { policy: target.policy.name, alertId: alert.id, reason: verdict.reason } },
      ]);
      await context.onStep(trx, {
        ...{ ...what, alertId: alert.id, policy: target.policy.name },
        remedy: describeRemedy(target.policy.remedy),
        why: `${why} ${verdict.reason}`,
      });
    });
    context.stepped();
  }
  for (const { project, service, policy } of kept.values())
    await tables
      .deleteFrom('heal_verdicts')
      .where('project', '=', project)
      .where('service', '=', service)
      .where('policy', '=', policy)
      .execute();
}
