import type { ActionRequest } from '@orrery/protocol';
import type { NewEvent } from '../events/index.ts';
import { inTransaction } from '../platform/db.ts';
import { type Collected, collect } from './collect.ts';
import type { ActionContext, ActionTarget } from './context.ts';
import { type SendOutcome, send } from './send.ts';
import { anyOpen, claimCollects, claimDue, finishDone, settleCollect, settleSend } from './store.ts';
import type { ActionTables, FanoutRow, PartRow } from './tables.ts';

const AT_ONCE = 200;
const COLLECT_TIMEOUT_MS = 1500;
const FIRST_COLLECTS_MS = [200, 500, 1000, 2000, 4000, 8000];
const LATER_COLLECTS_MS = 15_000;

/** How long after the n-th question the next one is asked, in ms. */
const pauseAfter = (collects: number): number => FIRST_COLLECTS_MS[collects - 1] ?? LATER_COLLECTS_MS;

/** Carries out parts that this sender has claimed: sends each, and settles it with its event. One that cannot be settled is taken up again when its lease is over. */
export async function sendParts(
  context: ActionContext,
  fanouts: ReadonlyMap<string, FanoutRow>,
  parts: readonly PartRow[],
  signal?: AbortSignal,
): Promise<void> {
  const targets = new Map((await context.targets()).map((target) => [target.slug, target]));
  await eachAtOnce(parts, async (part) => {
    const fanout = fanouts.get(part.fanout);
    if (!fanout) return;
    const outcome = await sendOne(context, fanout, targets.get(part.project), signal);
    // Cut short by the end of this hub: it may not have arrived, and the next hub sends it again under the same id.
    if (signal?.aborted && outcome.kind === 'failed') return;
    const at = context.clock.now();
    await inTransaction(context.db, async (trx) => {
      if (await settleSend(trx, part, outcome, at))
        await context.appendEvents(trx, [sentEvent(fanout, part.project, outcome, at)]);
    });
  });
}

async function sendOne(
  context: ActionContext,
  fanout: FanoutRow,
  target: ActionTarget | undefined,
  signal: AbortSignal | undefined,
): Promise<SendOutcome> {
  const fail = (reason: string): SendOutcome => ({ kind: 'failed', reason });
  if (!target) return fail('the project is no longer there');
  if (context.clock.now() - fanout.created_at > context.timing.giveUpMs)
    return fail('no hub could send it in time, and it is no longer sent');
  // What was allowed when it was asked for may have been forbidden since.
  if (!target.allowFanout.includes(fanout.instance_action)) return fail('the project no longer allows it');
  const request: ActionRequest = {
    action: fanout.instance_action,
    requestId: fanout.id,
    requestedBy: fanout.requested_by,
    ...(fanout.params === null ? {} : { params: JSON.parse(fanout.params) as Record<string, unknown> }),
  };
  return send(context, target, request, signal);
}

/** Asks after runs whose time has come, of one fan-out or of all, and keeps what is told. */
export async function collectDue(context: ActionContext, only?: string, signal?: AbortSignal): Promise<void> {
  const { db, clock } = context;
  const due = await claimCollects(db, { now: clock.now(), againMs: COLLECT_TIMEOUT_MS * 2, limit: AT_ONCE, only });
  if (due.length === 0) return;
  const fanouts = await fanoutsOf(context, due);
  const targets = new Map((await context.targets()).map((target) => [target.slug, target]));
  await eachAtOnce(due, async (part) => {
    const fanout = fanouts.get(part.fanout);
    if (!fanout) return;
    const target = targets.get(part.project);
    const found = await ask(context, fanout, part, target, signal);
    if (signal?.aborted) return;
    const now = clock.now();
    const over = found.kind === 'run' && (found.run.status === 'succeeded' || found.run.status === 'failed');
    const late = now - (part.sent_at ?? now) > context.timing.followMs;
    const nextAt = over || found.kind === 'unknown' || late ? null : now + pauseAfter(part.collects);
    await settleFound(context, fanout, part, late && found.kind === 'run' && !over ? STILL_RUNNING : found, nextAt);
  });
}

const STILL_RUNNING: Collected = { kind: 'unknown', reason: 'it was still running when it was last asked after' };

async function ask(
  context: ActionContext,
  fanout: FanoutRow,
  part: PartRow,
  target: ActionTarget | undefined,
  signal: AbortSignal | undefined,
): Promise<Collected> {
  if (!target) return { kind: 'unknown', reason: 'the project is no longer there' };
  if (part.audit_id === null) return { kind: 'later', reason: 'the instance has not told of a run' };
  const run = { auditId: part.audit_id, action: fanout.instance_action };
  return collect(context, target, run, { timeoutMs: COLLECT_TIMEOUT_MS, ...(signal ? { signal } : {}) });
}

/** Keeps what was found of a run, with the event of its end. */
export async function settleFound(
  context: ActionContext,
  fanout: FanoutRow,
  part: PartRow,
  found: Collected,
  nextAt: number | null,
): Promise<void> {
  const now = context.clock.now();
  await inTransaction(context.db, async (trx) => {
    if (!(await settleCollect(trx, part, found, nextAt, now))) return;
    const event = foundEvent(fanout, part, found, now);
    if (event) await context.appendEvents(trx, [event]);
  });
}

/** Sends and asks after what is due, whoever began it: what a crash or another hub left is found here. */
export async function work(context: ActionContext, signal?: AbortSignal): Promise<void> {
  const { db, clock, holderId, timing } = context;
  // Mostly there is nothing, and this is asked every second.
  if (!(await anyOpen(db))) return;
  const parts = await claimDue(db, { holder: holderId, now: clock.now(), leaseMs: timing.leaseMs, limit: AT_ONCE });
  if (parts.length > 0) await sendParts(context, await fanoutsOf(context, parts), parts, signal);
  await collectDue(context, undefined, signal);
  await finishDone(db, clock.now());
}

async function fanoutsOf(context: ActionContext, parts: readonly PartRow[]): Promise<Map<string, FanoutRow>> {
  const ids = [...new Set(parts.map(({ fanout }) => fanout))];
  const rows = await context.db
    .withTables<ActionTables>()
    .selectFrom('fanouts')
    .selectAll()
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

async function eachAtOnce<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const failures: unknown[] = [];
  const worker = async () => {
    // Workers share the one iterator: each takes the next.
    for (const item of queue) await run(item).catch((error: unknown) => failures.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}

const sentEvent = (fanout: FanoutRow, project: string, outcome: SendOutcome, at: number): NewEvent => ({
  at,
  type: outcome.kind === 'sent' ? 'action.sent' : 'action.failed',
  project,
  title:
    outcome.kind === 'sent'
      ? `${fanout.instance_action} was sent to ${project} for ${fanout.requested_by}`
      : `${fanout.instance_action} could not be sent to ${project}: ${outcome.reason}`,
  data: {
    requestId: fanout.id,
    action: fanout.instance_action,
    ...(outcome.kind === 'failed' ? { reason: outcome.reason } : {}),
    ...(outcome.kind === 'sent' && outcome.via === 'http' ? { auditId: outcome.auditId } : {}),
  },
});

function foundEvent(fanout: FanoutRow, part: PartRow, found: Collected, at: number): NewEvent | undefined {
  const { project, audit_id: auditId } = part;
  const data = { requestId: fanout.id, action: fanout.instance_action, auditId };
  if (found.kind === 'forged')
    return {
      ...{ at, type: 'action.failed', project },
      title: `${project} was asked for ${fanout.instance_action}, and its answer cannot be true: ${found.reason}`,
      data: { ...data, reason: found.reason },
    };
  if (found.kind !== 'run' || found.run.status === 'queued' || found.run.status === 'running') return undefined;
  return {
    // The instance may tell of it too, under the same id.
    ...{ id: `run-${auditId}`, at, type: 'action.finished', project },
    title: `${fanout.instance_action} ${found.run.status} at ${project}`,
    data: { ...data, status: found.run.status },
  };
}
