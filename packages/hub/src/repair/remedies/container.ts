import { z } from 'zod';

/**
 * `failing` is what a restart may help; `ended` is what somebody stopped, or what came to its end; `away` is none of both: paused, created,
 * being removed.
 */
export type Condition = 'well' | 'starting' | 'failing' | 'ended' | 'away';
export type Container = {
  id: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  condition: Condition;
  reason: string;
  /** Epoch ms; null when it never ran. */
  startedAt: number | null;
};
/** What the engine's events told of how a container ended last, where they were heard. */
export type Ending = 'crashed' | 'stopped';

const count = z.int().min(0).catch(0);
const Inspected = z.object({
  Id: z.string().regex(/^[0-9a-f]{12,64}$/),
  Name: z.string(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish().catch(null) }).nullish(),
  State: z.object({
    Status: z.string(),
    ExitCode: z.int().catch(0),
    OOMKilled: z.boolean().catch(false),
    StartedAt: z.string().catch(''),
    Health: z.object({ Status: z.string(), FailingStreak: count }).nullish().catch(null),
  }),
});
type State = z.output<typeof Inspected>['State'];

/** Exit codes of a program that somebody outside ended: by interrupt, kill and termination. */
const FROM_OUTSIDE = new Set([130, 137, 143]);

/** Pure: how a container is, from the engine's description of it and what its events told; undefined when that describes none. */
export function readContainer(json: unknown, ending?: Ending): Container | undefined {
  const parsed = Inspected.safeParse(json);
  if (!parsed.success) return undefined;
  const { Id: id, Name: name, Config: config, State: state } = parsed.data;
  const startedAt = Date.parse(state.StartedAt);
  return {
    id,
    name: name.replace(/^\//, ''),
    labels: config?.Labels ?? {},
    ...judge(state, ending),
    // One that never ran was started in the year 1.
    startedAt: startedAt > 0 ? startedAt : null,
  };
}

function judge(state: State, ending: Ending | undefined): { condition: Condition; reason: string } {
  switch (state.Status) {
    case 'running':
      return judgeHealth(state.Health);
    case 'restarting':
      return { condition: 'failing', reason: `its engine restarts it again and again (exit code ${state.ExitCode})` };
    case 'exited':
    case 'dead':
      return judgeEnd(state, ending);
    default:
      return { condition: 'away', reason: `it is ${state.Status.slice(0, 40)}` };
  }
}

function judgeHealth(health: State['Health']): { condition: Condition; reason: string } {
  if (health?.Status === 'unhealthy')
    return { condition: 'failing', reason: `it is unhealthy, ${health.FailingStreak} failed checks in a row` };
  if (health?.Status === 'starting')
    return { condition: 'starting', reason: 'it runs, and its health check has not passed yet' };
  return { condition: 'well', reason: health?.Status === 'healthy' ? 'it is healthy' : 'it runs' };
}

/** Ended well, or by somebody, it is meant to be so. Without having heard it, the exit code has the word. */
function judgeEnd(
  { ExitCode: code, OOMKilled: starved }: State,
  ending: Ending | undefined,
): { condition: Condition; reason: string } {
  if (starved && ending !== 'stopped')
    return { condition: 'failing', reason: `it ran out of memory (exit code ${code})` };
  if (ending === 'stopped') return { condition: 'ended', reason: `somebody stopped it (exit code ${code})` };
  if (code === 0) return { condition: 'ended', reason: 'it came to its end (exit code 0)' };
  if (ending === undefined && FROM_OUTSIDE.has(code))
    return { condition: 'ended', reason: `it was ended from outside (exit code ${code})` };
  return { condition: 'failing', reason: `it ended by itself with exit code ${code}` };
}
