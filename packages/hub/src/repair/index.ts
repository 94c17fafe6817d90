import type { HealSimulationInput } from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import type { StoredProject } from '../catalog/index.ts';
import { defineJob, type JobDefinition } from '../platform/jobs.ts';
import type { RepairContext, RepairDeps, Target } from './context.ts';
import { approve, control, deny, findAttempt, setPaused } from './decide.ts';
import { type AttemptFilter, listAttempts, listPolicies } from './list.ts';
import { type EndedAttempt, markLearned, unlearned } from './outcomes.ts';
import { simulate } from './simulate.ts';
import { attemptsIn } from './store.ts';
import { toAttempt } from './tables.ts';
import { type Acts, work } from './work.ts';

export type { Lessons, RepairDeps } from './context.ts';
export { type GuardFacts, guard, isSuppressed, type PastAttempt, type Verdict } from './guard.ts';
export { judge } from './judge.ts';
export type { EndedAttempt } from './outcomes.ts';
export { type Container, type Ending, readContainer } from './remedies/container.ts';
export { repairRoutes } from './routes.ts';

const SOON_MS = 5000;

export type Repair = ReturnType<typeof createRepair>;

/** Alert → guarded attempt → verified outcome. What a policy may do is declared; what the guard lets pass is written down before it is done. */
export function createRepair(deps: RepairDeps) {
  let targets: readonly Target[] = [];
  const context: RepairContext = { ...deps, targets: () => targets };
  const stopping = new AbortController();
  const underWay = new Map<string, Promise<void>>();
  const acts: Acts = {
    has: (id) => underWay.has(id),
    start(id, act) {
      const done = act(stopping.signal)
        .catch((error: unknown) => deps.log.error({ err: error, attempt: id }, 'an attempt is taken up again later'))
        .finally(() => underWay.delete(id));
      underWay.set(id, done);
    },
  };
  let soon: NodeJS.Timeout | undefined;
  const jobs: JobDefinition[] = [
    defineJob({
      name: 'repair.work',
      agent: 'Repair',
      schedule: { everyMs: 1000 },
      timeoutMs: 60_000,
      async run({ signal }) {
        const next = await work(context, acts, signal);
        const inMs = (next ?? Number.POSITIVE_INFINITY) - deps.clock.now();
        clearTimeout(soon);
        // What lies further ahead than a turn is found by the turns.
        if (inMs > 0 && inMs < SOON_MS) soon = setTimeout(deps.lookNow, inMs).unref();
      },
    }),
  ];
  return {
    jobs,
    /** Takes up the declared policies. */
    syncProjects(projects: readonly Pick<StoredProject, 'slug' | 'services' | 'declaredIn'>[]): void {
      targets = projects
        .filter(({ declaredIn }) => declaredIn.source === 'file')
        .flatMap(({ slug, services, declaredIn }) =>
          services.flatMap(({ name, heal }) =>
            (heal ?? []).map((policy) => ({
              project: slug,
              service: name,
              declaredIn: declaredIn.ref ?? declaredIn.source,
              policy,
            })),
          ),
        );
    },
    list: (caller: Caller, filter: AttemptFilter) => listAttempts(context, caller, filter),
    get: async (caller: Caller, id: string) => toAttempt(await findAttempt(context, caller, id)),
    policies: (caller: Caller) => listPolicies(context, caller),
    /** What policies would have done in the past; it changes nothing. */
    simulate: (caller: Caller, input: HealSimulationInput) => simulate(context, caller, input),
    approve: (caller: Caller, id: string) => approve(context, caller, id),
    deny: (caller: Caller, id: string, reason: string) => deny(context, caller, id, reason),
    setPaused: (caller: Caller, paused: boolean, reason: string) => setPaused(context, caller, paused, reason),
    control: () => control(context),
    /** Verified attempts that nobody has learned of yet. */
    unlearned: (limit: number): Promise<EndedAttempt[]> => unlearned(deps.db, limit),
    markLearned,
    /** Forgets attempts that ended more than `keepMs` ago. */
    async expire(keepMs: number): Promise<void> {
      await attemptsIn(deps.db)
        .deleteFrom('heal_attempts')
        .where('status', '=', 'done')
        .where('created_at', '<', deps.clock.now() - keepMs)
        .execute();
    },
    /** Cuts what acts now: what comes of it is looked at by whoever starts next. */
    async stop(): Promise<void> {
      clearTimeout(soon);
      stopping.abort();
      await Promise.all(underWay.values());
    },
  };
}
