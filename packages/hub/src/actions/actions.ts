import type { FanoutInput, ProjectDetail } from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import type { NewEvent } from '../events/index.ts';
import type { Db } from '../platform/db.ts';
import { defineJob, type JobDefinition } from '../platform/jobs.ts';
import { ACTION_TIMING, type ActionContext } from './context.ts';
import { type FanoutFilter, get, list } from './list.ts';
import { run } from './run.ts';
import { see } from './see.ts';
import { expireFanouts, releaseAll } from './store.ts';
import { verify } from './verify.ts';
import { work } from './work.ts';

export type Actions = ReturnType<typeof createActions>;

/** Signed requests to many instances: allowed one by one, written down before they leave, each followed until its outcome is known. */
export function createActions(
  deps: Omit<ActionContext, 'timing'> & {
    timing?: Partial<ActionContext['timing']>;
    catalog: {
      verify(slug: string): Promise<void>;
      get(caller: Caller, slug: string): Promise<ProjectDetail>;
      list(caller: Caller): Promise<readonly { slug: string }[]>;
    };
  },
) {
  const context: ActionContext = { ...deps, timing: { ...ACTION_TIMING, ...deps.timing } };
  const going = new Set<Promise<void>>();
  const underWay = (promise: Promise<void>) => {
    const settled = promise
      .catch((error: unknown) => context.log.error({ err: error }, 'a request to instances is taken up again later'))
      .finally(() => going.delete(settled));
    going.add(settled);
  };
  return {
    run: (caller: Caller, input: FanoutInput) => run(context, caller, input, underWay),
    list: (caller: Caller, filter: FanoutFilter) => list(context, caller, filter),
    get: (caller: Caller, requestId: string) => get(context, caller, requestId),
    /** Asks all endpoints of projects, of all that the caller sees unless some are named, and tries their signatures. */
    verify: (caller: Caller, projects?: readonly string[]) =>
      verify(
        {
          ...context,
          verifyEndpoints: (slug) => deps.catalog.verify(slug),
          detail: (who, slug) => deps.catalog.get(who, slug),
          visible: async (who) => (await deps.catalog.list(who)).map(({ slug }) => slug),
        },
        caller,
        projects,
      ),
    /** Reads events of instances that tell of their runs, inside the transaction that takes them in. */
    see: (trx: Db, events: readonly NewEvent[]) => see(context, trx, events),
    /** Where this hub is alone on its database: what the one before it was sending is due now. */
    recover: () => releaseAll(context.db, context.clock.now()),
    expire: (keepMs: number) => expireFanouts(context.db, context.clock.now() - keepMs),
    /** Waits for what is being sent. */
    settle: async () => void (await Promise.all(going)),
    jobs: [
      defineJob({
        name: 'actions.work',
        agent: 'Hub',
        schedule: { everyMs: 1000 },
        timeoutMs: 60_000,
        run: ({ signal }) => work(context, signal),
      }),
    ] satisfies JobDefinition[],
  };
}
