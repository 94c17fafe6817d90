import type { Caller } from '../../access/index.ts';
import type { StoredProject } from '../../catalog/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { defineJob, type JobDefinition } from '../../platform/jobs.ts';
import type { Log } from '../../platform/log.ts';
import type { Outbound } from '../../platform/outbound.ts';
import { maskUrl } from '../../platform/urls.ts';
import type { Samples } from '../../samples/index.ts';
import { loadAdvice } from './advise/keep.ts';
import { createAdvisor } from './advisor.ts';
import { satisfiedBy } from './apdex.ts';
import { fold, forget } from './fold.ts';
import { type Improvement, improvementsOf } from './improvements.ts';
import { createJudging } from './judge.ts';
import { loadProblems, type PerformanceProblem } from './problems.ts';
import { keepWindows } from './store.ts';
import { createUsual } from './usual.ts';
import { viewPerformance } from './view.ts';

export type { Improvement } from './improvements.ts';
export type { PerformanceProblem } from './problems.ts';
export { performanceRoutes } from './routes.ts';

export type PerformanceDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  outbound: Pick<Outbound, 'open'>;
  samples: Pick<Samples, 'append' | 'latest' | 'windowOf'>;
  projects: () => Promise<readonly Pick<StoredProject, 'slug' | 'performance'>[]>;
};
export type Performance = ReturnType<typeof createPerformance>;

/** A view looks back an hour; windows are kept a little longer. */
const KEEP_MS = 70 * 60_000;
/** Judging asks often: what another hub has judged is known within seconds. */
const REREAD_MS = 5000;

/** The Performance agent: keeps what instances tell of routes, statements and pools, and judges it against what is usual of it. */
export function createPerformance(deps: PerformanceDeps) {
  const { db, clock } = deps;
  const usual = createUsual(db);
  let held: { readAt: number; problems: Promise<PerformanceProblem[]> } | undefined;
  const judge = createJudging({
    ...deps,
    usual,
    satisfied: async () =>
      new Map((await deps.projects()).map(({ slug, performance }) => [slug, satisfiedBy(performance?.apdex)])),
  });
  const advise = createAdvisor({
    ...deps,
    databases: async () =>
      new Map(
        (await deps.projects()).flatMap(({ slug, performance }) =>
          performance?.postgres ? [[slug, performance.postgres] as const] : [],
        ),
      ),
  });
  const jobs: JobDefinition[] = [
    defineJob({
      name: 'performance.judge',
      agent: 'Performance',
      schedule: { everyMs: 60_000 },
      timeoutMs: 55_000,
      async run({ signal }) {
        await fold(db, signal);
        await judge(signal);
        held = undefined;
      },
    }),
    defineJob({
      name: 'performance.advise',
      agent: 'Performance',
      schedule: { everyMs: 60_000 },
      timeoutMs: 600_000,
      run: ({ signal }) => advise(signal),
    }),
  ];
  return {
    jobs,
    /** Stores windows inside the transaction that takes them in. */
    keep: keepWindows,
    /** What is wrong in these projects, in all when absent. */
    async problems(projects?: readonly string[]): Promise<ReadonlyMap<string, readonly PerformanceProblem[]>> {
      if (!held || clock.monotonic() - held.readAt >= REREAD_MS)
        held = { readAt: clock.monotonic(), problems: loadProblems(db) };
      const all = await held.problems;
      return Map.groupBy(
        projects ? all.filter(({ project }) => projects.includes(project)) : all,
        (one) => one.project,
      );
    },
    /** What could be better, by project. */
    async improvements(): Promise<ReadonlyMap<string, readonly Improvement[]>> {
      const [advice, problems] = [await loadAdvice(db), Map.groupBy(await loadProblems(db), ({ project }) => project)];
      const projects = new Set([...advice.keys(), ...problems.keys()]);
      return new Map(
        [...projects].map((project) => [
          project,
          improvementsOf(advice.get(project) ?? [], problems.get(project) ?? []),
        ]),
      );
    },
    view: (caller: Caller, project: string) =>
      viewPerformance(
        {
          ...{ db, now: clock.now, usual },
          async declared(slug) {
            const found = (await deps.projects()).find((one) => one.slug === slug);
            const url = found?.performance?.postgres?.url;
            return (
              found && {
                satisfied: satisfiedBy(found.performance?.apdex),
                target: url === undefined ? undefined : maskUrl(url),
              }
            );
          },
        },
        caller,
        project,
      ),
    expire: () => forget(db, clock.now(), KEEP_MS),
  };
}
