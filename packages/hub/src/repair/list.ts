import type { HealAttempt, HealPolicyView } from '@orrery/protocol';
import { authorize, type Caller, sees, visibleProjects } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import type { RepairContext } from './context.ts';
import { describeRemedy } from './remedies/index.ts';
import { attemptsIn } from './store.ts';
import { toAttempt } from './tables.ts';

const WEEK = 7 * 86_400_000;

export type AttemptFilter = {
  limit: number;
  project?: string | undefined;
  status?: HealAttempt['status'] | undefined;
  cursor?: string | undefined;
};

/** Heal attempts, newest first; of projects that the caller may see. */
export async function listAttempts(
  context: RepairContext,
  caller: Caller,
  filter: AttemptFilter,
): Promise<{ items: HealAttempt[]; nextCursor?: string }> {
  authorize(caller, 'ops:view');
  const visible = visibleProjects(caller);
  if (visible !== 'all' && visible.length === 0) return { items: [] };
  // Ids sort by the time they were made: they are the order and the cursor.
  let query = attemptsIn(context.db)
    .selectFrom('heal_attempts')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  if (visible !== 'all') query = query.where('project', 'in', visible);
  if (filter.project !== undefined) query = query.where('project', '=', filter.project);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.cursor !== undefined) query = query.where('id', '<', filter.cursor);
  const rows = await query.execute();
  const items = rows.slice(0, filter.limit);
  const last = items.at(-1);
  return { items: items.map(toAttempt), ...(rows.length > filter.limit && last ? { nextCursor: last.id } : {}) };
}

/** Every declared policy, how it stands, and what it did or would have done in a week. */
export async function listPolicies(context: RepairContext, caller: Caller): Promise<HealPolicyView[]> {
  authorize(caller, 'ops:view');
  const tables = attemptsIn(context.db);
  const since = context.clock.now() - WEEK;
  const [verdicts, recent] = await Promise.all([
    tables.selectFrom('heal_verdicts').selectAll().execute(),
    tables
      .selectFrom('heal_attempts')
      .select(['project', 'service', 'policy', 'outcome', ({ fn }) => fn.countAll<number>().as('n')])
      .where('created_at', '>', since)
      .groupBy(['project', 'service', 'policy', 'outcome'])
      .execute(),
  ]);
  return context
    .targets()
    .filter(({ project }) => sees(caller, project))
    .map(({ project, service, declaredIn, policy }) => {
      const is = (row: { project: string; service: string; policy: string }) =>
        row.project === project && row.service === service && row.policy === policy.name;
      const verdict = verdicts.find(is);
      const count = (test: (outcome: string | null) => boolean) =>
        recent.filter((row) => is(row) && test(row.outcome)).reduce((sum, row) => sum + Number(row.n), 0);
      return {
        project,
        service,
        policy: policy.name,
        mode: policy.mode,
        remedy: { kind: policy.remedy.kind, text: describeRemedy(policy.remedy) },
        declaredIn,
        verdict: verdict ? { kind: verdict.kind, reason: verdict.reason, since: iso(verdict.since) } : null,
        attempts: count((outcome) => outcome !== 'dry run'),
        healed: count((outcome) => outcome === 'healed'),
        wouldHave: count((outcome) => outcome === 'dry run'),
      };
    });
}
