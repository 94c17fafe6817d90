import type { ServiceStatus } from '@orrery/protocol';
import { rollBack } from './act.ts';
import { type RepairContext, statusOf } from './context.ts';
import type { TurnFacts } from './facts.ts';
import { type Judgement, judge } from './judge.ts';
import { attemptsIn, end } from './store.ts';
import type { AttemptRow } from './tables.ts';

/** Looks at what came of an attempt, and ends it when that is clear. */
export async function verify(
  context: RepairContext,
  row: AttemptRow,
  { states, alerts }: Pick<TurnFacts, 'states' | 'alerts'>,
  signal: AbortSignal,
): Promise<Judgement['kind']> {
  const { project, service } = row;
  const now = context.clock.now();
  const actedAt = row.acted_at ?? now;
  const own = states.filter((state) => state.project === project && state.service === service);
  // What was seen before the act says nothing of it.
  const fresh = own.length > 0 && own.every(({ lastCheckAt }) => lastCheckAt !== null && lastCheckAt > actedAt);
  const status = statusOf(states, project, service);
  // The trouble of a figure is over when the figure is within its limit; the checks see nothing of it.
  const isBroken = alerts.some(({ id, detector }) => id === row.alert_id && detector === 'threshold');
  const others = [...new Set(states.filter((state) => state.project === project).map((state) => state.service))];
  const judgement = judge(
    {
      actedAt,
      wellSince: row.well_since,
      withinMs: row.within_ms,
      stableMs: row.stable_ms,
      status: fresh ? (isBroken && status === 'up' ? 'degraded' : status) : undefined,
      before: JSON.parse(row.before_states) as Record<string, ServiceStatus>,
      service,
      others: Object.fromEntries(others.map((name) => [name, statusOf(states, project, name)])),
    },
    now,
  );
  if (judgement.kind === 'wait') {
    if (judgement.wellSince !== row.well_since)
      await attemptsIn(context.db)
        .updateTable('heal_attempts')
        .set({ well_since: judgement.wellSince })
        .where('id', '=', row.id)
        .where('status', '=', 'verifying')
        .execute();
    context.checkSoon([{ project, service }]);
    return 'wait';
  }
  const rollback = judgement.kind === 'worse' ? await rollBack(context, row, signal) : null;
  const detail = [row.detail, judgement.detail].filter(Boolean).join('; ');
  await end(context, row, judgement.kind, detail, { well_since: judgement.wellSince, rollback });
  return judgement.kind;
}
