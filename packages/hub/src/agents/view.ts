import type { Agent, AgentName, AgentState, Job } from '@orrery/protocol';
import { DOES } from './does.ts';

/** What the database says of an agent's restarts. */
export type RestartRow = { name: string; asked: number; done: number; asked_at: number };

type Facts = {
  name: AgentName;
  /** Its own jobs. */
  jobs: readonly Job[];
  enabled: boolean;
  restarts: RestartRow | undefined;
  /** Whether some hub runs the jobs now. */
  led: boolean;
  /** Why it is on and still does not act, where that is so. */
  held: string | undefined;
};

/** Pure: an agent as people see it, from its jobs. */
export function agentView({ name, jobs, enabled, restarts, led, held }: Facts): Agent {
  const state = stateOf(jobs, enabled, led);
  const newest = jobs
    .flatMap(({ lastRunAt }) => lastRunAt ?? [])
    .toSorted()
    .at(-1);
  const sick = jobs
    .filter(({ lastError }) => lastError !== undefined)
    .toSorted((a, b) => ((a.lastRunAt ?? '') < (b.lastRunAt ?? '') ? 1 : -1))[0];
  const reason = reasonOf(state, jobs, restarts, held, name);
  return {
    running: enabled && led && jobs.length > 0 && state !== 'stuck',
    enabled,
    lastRunAt: newest ?? null,
    ...(sick?.lastError === undefined ? {} : { lastError: `${sick.name}: ${sick.lastError}` }),
    runs: sum(jobs, 'runs'),
    failures: sum(jobs, 'failures'),
    restarts: restarts?.asked ?? 0,
    state,
    does: DOES[name],
    ...(reason === undefined ? {} : { reason }),
    jobs: [...jobs],
  };
}

const sum = (jobs: readonly Job[], key: 'runs' | 'failures') => jobs.reduce((all, job) => all + job[key], 0);

function stateOf(jobs: readonly Job[], enabled: boolean, led: boolean): AgentState {
  if (!enabled) return 'off';
  if (jobs.length === 0) return 'idle';
  if (!led) return 'waiting';
  if (jobs.every(({ left = 0 }) => left > 0)) return 'stuck';
  if (jobs.some(({ failing = 0, left = 0 }) => failing > 0 || left > 0)) return 'failing';
  return jobs.some(({ runs }) => runs > 0) ? 'well' : 'idle';
}

function reasonOf(
  state: AgentState,
  jobs: readonly Job[],
  restarts: RestartRow | undefined,
  held: string | undefined,
  name: AgentName,
): string | undefined {
  if (state === 'off') return `Switched off by \`agents.${name.toLowerCase()}.enabled\` in orrery.yaml.`;
  if (state === 'idle')
    return jobs.length === 0
      ? 'It has no job of its own in this version of the hub.'
      : 'Nothing has come yet that it has to do with.';
  if (state === 'waiting') return 'No hub runs the jobs just now; another takes over within seconds.';
  if (restarts && restarts.done < restarts.asked) return 'A restart is asked for; the hub that runs the jobs does it.';
  const sick = jobs.filter(({ failing = 0, left = 0 }) => failing > 0 || left > 0).map((job) => job.name);
  if (sick.length > 0)
    return `${sick.join(', ')} ${sick.length === 1 ? 'rests' : 'rest'} between tries; a restart tries at once.`;
  return held;
}
