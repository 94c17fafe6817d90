import type { PatternFile } from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import { defineJob, type JobDefinition } from '../platform/jobs.ts';
import { allowPattern } from './allow.ts';
import { MEMORY_MS } from './believe.ts';
import type { LearningContext, LearningDeps } from './context.ts';
import { createLessons } from './lessons.ts';
import { listPatterns } from './list.ts';
import { learningIn } from './store.ts';
import { exportPatterns, importPatterns } from './transfer.ts';
import { learn } from './work.ts';

export { patternRoutes } from './routes.ts';

export type Learning = ReturnType<typeof createLearning>;

/** Outcome → pattern: what helped whom against what, how sure that is, and what the guard should know of it. */
export function createLearning(deps: LearningDeps) {
  const held = createLessons(deps);
  const context: LearningContext = { ...deps, book: held.book, forget: held.forget };
  const jobs: JobDefinition[] = [
    defineJob({
      name: 'learning.work',
      agent: 'Learning',
      schedule: { everyMs: 5000 },
      timeoutMs: 60_000,
      async run({ signal }) {
        const { unlearned, markLearned } = deps.repair;
        const counted = await learn({ ...deps, unlearned, markLearned }, signal);
        if (counted > 0) held.forget();
      },
    }),
  ];
  return {
    jobs,
    /** What was learned so far, for whoever decides what is tried. */
    lessons: held.lessons,
    /** Patterns of services that the caller may see; also for `/admin/system/patterns`. */
    patterns: (caller: Caller, filter: { project?: string | undefined } = {}) => listPatterns(context, caller, filter),
    exportPatterns: (caller: Caller, names: boolean) => exportPatterns(context, caller, names),
    importPatterns: (caller: Caller, file: PatternFile) => importPatterns(context, caller, file),
    allow: (caller: Caller, id: string, reason: string) => allowPattern(context, caller, id, reason),
    /** Forgets what is too old to weigh anything. */
    async expire(): Promise<void> {
      const before = deps.clock.now() - MEMORY_MS;
      const tables = learningIn(deps.db);
      await tables.deleteFrom('pattern_evidence').where('at', '<', before).execute();
      // A file that is taken in again then is older still, and weighs nothing.
      await tables.deleteFrom('pattern_imports').where('at', '<', before).execute();
      await tables.deleteFrom('pattern_allowances').where('at', '<', before).execute();
    },
  };
}
