import { type HealStatus, parseDuration } from '@orrery/protocol';
import { inTransaction } from '../platform/db.ts';
import { newId } from '../platform/ids.ts';
import type { Candidate } from './choose.ts';
import { type RepairContext, statusOf } from './context.ts';
import type { TurnFacts } from './facts.ts';
import type { Verdict } from './guard.ts';
import { describeRemedy } from './remedies/index.ts';
import { attemptsIn, REPAIR, tell } from './store.ts';
import type { AttemptRow } from './tables.ts';

/**
 * Writes an attempt down before anything is done: what is to be done is frozen in it. The index on targets that are under repair decides
 * between two hubs; undefined when the other was first.
 */
export async function begin(
  context: RepairContext,
  { target, alert, symptom, remedy }: Candidate,
  verdict: Verdict,
  turn: TurnFacts,
): Promise<AttemptRow | undefined> {
  const { project, service, policy } = target;
  const now = context.clock.now();
  const asks = verdict.kind === 'approve';
  const isDry = verdict.kind === 'would';
  const expires = parseDuration(context.limits().approvalExpires) ?? 0;
  const text = describeRemedy(policy.remedy);
  const status: HealStatus = isDry ? 'done' : asks ? 'awaiting approval' : 'acting';
  const services = new Set(turn.states.filter((state) => state.project === project).map((state) => state.service));
  const id = newId('heal', now);
  const row: AttemptRow = {
    id,
    project,
    service,
    policy: policy.name,
    alert_id: alert.id,
    alert_title: alert.title,
    severity: alert.severity,
    diagnosis: await diagnosisOf(context, alert),
    remedy_kind: remedy.kind,
    remedy_text: text,
    plan: context.secrets.seal(JSON.stringify({ remedy: policy.remedy, rollback: policy.rollback }), id),
    verdict: verdict.reason,
    status,
    outcome: isDry ? 'dry run' : null,
    detail: null,
    rollback: null,
    before_states: JSON.stringify(
      Object.fromEntries([...services].map((name) => [name, statusOf(turn.states, project, name)])),
    ),
    within_ms: parseDuration(policy.verify.within) ?? 0,
    stable_ms: parseDuration(policy.verify.stableFor) ?? 0,
    approved_by: null,
    denied_by: null,
    holder: status === 'acting' ? context.holderId : null,
    created_at: now,
    expires_at: asks ? now + expires : null,
    acting_at: null,
    acted_at: null,
    well_since: null,
    ended_at: isDry ? now : null,
    symptom: JSON.stringify(symptom),
    remedy_form: remedy.form,
    learned_at: null,
    second_look: null,
    looked_at: null,
  };
  const begun = await inTransaction(context.db, async (trx) => {
    const written = await attemptsIn(trx)
      .insertInto('heal_attempts')
      .values(row)
      .onConflict((oc) => oc.doNothing())
      .executeTakeFirst();
    if (Number(written.numInsertedOrUpdatedRows ?? 0) === 0) return undefined;
    const name = `${project}/${service}`;
    const [type, title] = isDry
      ? (['heal.dry_run', `${name} would have been repaired: ${text}`] as const)
      : asks
        ? (['heal.approval_needed', `${name} waits for approval: ${text}`] as const)
        : (['heal.began', `${name} is being repaired: ${text}`] as const);
    await tell(context, trx, row, { type, title }, now);
    await context.audit(trx, {
      caller: REPAIR,
      verb: type.replace(/^heal\./, 'repair.'),
      target: row.id,
      project,
      after: { policy: policy.name, remedy: text, verdict: verdict.reason, alert: alert.id },
      at: now,
    });
    return row;
  });
  if (begun) context.stepped();
  return begun;
}

/** The likeliest cause in words, and what the alert itself says: the checks' own reason stays readable. */
export async function diagnosisOf(
  { topCause }: RepairContext,
  { id, description }: Candidate['alert'],
): Promise<string> {
  const cause = await topCause?.(id);
  return cause ? `${cause.title} (${Math.round(cause.confidence * 100)} %). ${description}` : description;
}
