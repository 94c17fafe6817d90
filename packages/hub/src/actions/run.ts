import { setTimeout as wait } from 'node:timers/promises';
import type { FanoutAnswer, FanoutInput, FanoutResult } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { ActionContext } from './context.ts';
import { detailOf } from './list.ts';
import { FED_ACTIONS, instanceAction, plan, type Verdict } from './plan.ts';
import { insertFanout } from './store.ts';
import type { FanoutRow, PartRow } from './tables.ts';
import { collectDue, sendParts } from './work.ts';

const MAX_PARAMS_BYTES = 16_384;
/** How often whoever waits looks whether all is settled, ms. */
const LOOK_MS = 40;

/**
 * Asks instances for an action. Who may be asked is decided first, and written down with an audit row for each before anything leaves;
 * then all are asked at once. Answers after `answerMs` at the latest with what is known by then; what is still under way goes on. With
 * `dryRun` nothing is written and nothing leaves.
 */
export async function run(
  context: ActionContext,
  caller: Caller,
  input: FanoutInput,
  underWay: (work: Promise<void>) => void,
): Promise<FanoutAnswer> {
  authorize(caller, 'actions:run');
  const action = instanceAction(input.action);
  if (action === undefined)
    throw invalid('body.action', `is no action of the hub; under "fed." there are ${FED_ACTIONS.join(' and ')}`);
  const params = input.params === undefined ? null : JSON.stringify(input.params);
  if (params !== null && params.length > MAX_PARAMS_BYTES)
    throw invalid('body.params', `must not be larger than ${MAX_PARAMS_BYTES} bytes`);
  const targets = (await context.targets()).filter(({ slug }) => sees(caller, slug));
  const verdicts = plan(
    { action: input.action, instanceAction: action, projects: input.projects },
    targets.map(({ slug, allowFanout, capabilities }) => ({
      slug,
      allowFanout,
      declared: capabilities?.actions ?? null,
    })),
    context.meshKeys.length > 0,
  );
  const at = context.clock.now();
  const fanout: FanoutRow = {
    ...{ id: newId('act', at), action: input.action, instance_action: action, params },
    ...{ requested_by: caller.email ?? caller.name, created_at: at, finished_at: null },
  };
  if (input.dryRun) return dryAnswer(fanout, input, verdicts);
  const parts = verdicts.map((verdict) => partOf(context, fanout, verdict, at));
  const mine = parts.filter(({ status }) => status === 'sending');
  await inTransaction(context.db, async (trx) => {
    await insertFanout(trx, { ...fanout, finished_at: mine.length === 0 ? at : null }, parts);
    await context.appendEvents(
      trx,
      verdicts.flatMap((verdict) =>
        verdict.ok || !sees(caller, verdict.project)
          ? []
          : [
              {
                ...{ at, type: 'action.denied', project: verdict.project },
                title: `${action} was not sent to ${verdict.project}: ${verdict.reason}`,
                data: { requestId: fanout.id, action, reason: verdict.reason },
              },
            ],
      ),
    );
    for (const { project, status, reason } of parts)
      await context.audit(trx, {
        ...{ caller, verb: status === 'denied' ? 'actions.deny' : 'actions.send', target: fanout.id, project, at },
        after: { action, ...(input.params ? { params: input.params } : {}), ...(reason === null ? {} : { reason }) },
      });
  });
  if (mine.length > 0) {
    const going = carryOut(context, fanout, mine);
    underWay(going);
    await Promise.race([going.catch(() => undefined), wait(context.timing.answerMs, undefined, { ref: false })]);
  }
  const answer = await detailOf(context, caller, fanout.id);
  if (!answer) throw new HubError('internal', `The request ${fanout.id} is gone.`);
  // What does not exist for the caller is kept for those who see all, and is said here for once.
  const unseen = results(verdicts.filter(({ project }) => !answer.results.some((one) => one.project === project)));
  return {
    ...answer,
    counts: { ...answer.counts, denied: answer.counts.denied + unseen.length },
    results: [...answer.results, ...unseen],
    dryRun: false,
  };
}

/** Sends all, and asks after each run until it has been told of once; what goes on longer is the job's to follow. */
async function carryOut(context: ActionContext, fanout: FanoutRow, parts: readonly PartRow[]): Promise<void> {
  const end = context.clock.monotonic() + context.timing.answerMs;
  let sending = true;
  const sent = sendParts(context, new Map([[fanout.id, fanout]]), parts).finally(() => {
    sending = false;
  });
  sent.catch(() => undefined);
  // Those that answered at once are asked after while others still hang.
  do {
    await Promise.race([sent.catch(() => undefined), wait(LOOK_MS, undefined, { ref: false })]);
    await collectDue(context, fanout.id);
  } while (sending && context.clock.monotonic() < end);
  await sent;
  // What was sent while the last question was asked.
  await collectDue(context, fanout.id);
}

function partOf(context: ActionContext, fanout: FanoutRow, verdict: Verdict, at: number): PartRow {
  return {
    fanout: fanout.id,
    project: verdict.project,
    status: verdict.ok ? 'sending' : 'denied',
    reason: verdict.ok ? null : verdict.reason,
    attempts: verdict.ok ? 1 : 0,
    due_at: at + context.timing.leaseMs,
    holder: verdict.ok ? context.holderId : null,
    settled_at: verdict.ok ? null : at,
    ...{ via: null, audit_id: null, sent_at: null, collect_at: null, collects: 0 },
    ...{ run_status: null, run: null, run_unknown: null },
  };
}

function dryAnswer(fanout: FanoutRow, input: FanoutInput, verdicts: readonly Verdict[]): FanoutAnswer {
  const sent = verdicts.filter(({ ok }) => ok).length;
  return {
    requestId: fanout.id,
    action: fanout.action,
    instanceAction: fanout.instance_action,
    requestedBy: fanout.requested_by,
    createdAt: iso(fanout.created_at),
    finishedAt: null,
    counts: { pending: 0, sent, denied: verdicts.length - sent, failed: 0 },
    runs: { open: 0, succeeded: 0, failed: 0, unknown: 0 },
    ...(input.params ? { params: input.params } : {}),
    results: results(verdicts),
    dryRun: true,
  };
}

const results = (verdicts: readonly Verdict[]): FanoutResult[] =>
  verdicts.map((verdict) =>
    verdict.ok
      ? { project: verdict.project, status: 'sent' }
      : { project: verdict.project, status: 'denied', reason: verdict.reason },
  );

const invalid = (field: string, reason: string) =>
  new HubError('invalid', `${field} ${reason}`, { fields: [{ field, reason }] });
