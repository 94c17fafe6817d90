import { type Agent, AgentName, type Agents } from '@orrery/protocol';
import { type AuditEntry, authorizeWhole, type Caller } from '../access/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { defineJob, type JobDefinition, type Jobs } from '../platform/jobs.ts';
import type { Log } from '../platform/log.ts';
import { createRestarts } from './restarts.ts';
import { agentView } from './view.ts';

/** Restarts whose word another hub lost are found this often; a hub that is alone hears of them at once. */
const LOOK_MS = 10_000;

export type AgentDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  jobs: Pick<Jobs, 'list' | 'led' | 'leading' | 'restartAgent'>;
  /** Whether the configuration lets an agent run. */
  enabled(agent: AgentName): boolean;
  /** Why an agent that runs does not act, where that is so. */
  held?(agent: AgentName): string | undefined;
  /** Whether other hubs may be on the same database, and how they are told. */
  shared: boolean;
  tell(): void;
  audit(trx: Db, entry: AuditEntry): Promise<void>;
};
export type SevenAgents = ReturnType<typeof createAgents>;

/** The seven agents as people see and restart them. Their work is in the rooms, their supervision in `platform/jobs.ts`. */
export function createAgents(deps: AgentDeps) {
  const { db, clock, log, enabled } = deps;
  const restarts = createRestarts({
    ...{ db, clock, log, enabled },
    ...{ tell: deps.tell, audit: deps.audit },
    jobs: deps.jobs,
  });

  async function list(caller: Caller): Promise<Agents> {
    authorizeWhole(caller, 'ops:view');
    const [jobs, rows, led] = await Promise.all([deps.jobs.list(), restarts.rows(), deps.jobs.led()]);
    const views = AgentName.options.map((name): [AgentName, Agent] => [
      name,
      agentView({
        ...{ name, led },
        jobs: jobs.filter(({ agent }) => agent === name),
        enabled: enabled(name),
        restarts: rows.get(name),
        held: deps.held?.(name),
      }),
    ]);
    return Object.fromEntries(views) as Agents;
  }

  const jobs: JobDefinition[] = deps.shared
    ? [
        defineJob({
          name: 'agents.restarts',
          agent: 'Hub',
          schedule: { everyMs: LOOK_MS },
          timeoutMs: 30_000,
          run: restarts.settle,
        }),
      ]
    : [];
  return {
    jobs,
    list,
    /** Another hub says that a restart is asked for. */
    heard: restarts.settle,
    /** Restarts an agent, whichever hub is asked: ends the runs and the back-off of its jobs and runs them now. Throws `not_found`, `conflict`. */
    async restart(caller: Caller, name: string): Promise<Agent> {
      const agent = AgentName.options.find((one) => one.toLowerCase() === name.toLowerCase());
      if (!agent) throw new HubError('not_found', `No agent "${name}"; there are ${AgentName.options.join(', ')}.`);
      await restarts.ask(caller, agent);
      return (await list(caller))[agent];
    },
  };
}
