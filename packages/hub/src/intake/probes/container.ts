import { isObject, line } from '../json.ts';
import type { CheckStatus, Figure } from './probe.ts';

export type ContainerReading = { status: CheckStatus; reason?: string; running: boolean; figures: Figure[] };

const MAX_LOG = 200;

/** Pure: what the engine says of a container (`GET /containers/{id}/json`); undefined when that is no such answer. */
export function readContainer(json: unknown, stopped: 'down' | 'degraded' = 'down'): ContainerReading | undefined {
  if (!isObject(json) || !isObject(json.State)) return undefined;
  const { State: state, RestartCount: restarts } = json;
  if (typeof state.Status !== 'string') return undefined;
  const health = isObject(state.Health) ? state.Health : {};
  const figures: Figure[] = [];
  if (count(restarts) !== undefined)
    figures.push({ key: 'docker.restart_count', value: count(restarts) ?? 0, unit: 'count' });
  const startedAt = typeof state.StartedAt === 'string' ? Date.parse(state.StartedAt) : Number.NaN;
  // A container that never ran was started in the year 1.
  if (startedAt > 0) figures.push({ key: 'docker.started_at', value: startedAt, unit: 'ms' });
  const running = state.Status === 'running';
  const verdict = judge(state.Status, state, health, stopped);
  return { ...verdict, running, figures };
}

type State = Readonly<Record<string, unknown>>;

function judge(
  status: string,
  state: State,
  health: State,
  stopped: 'down' | 'degraded',
): { status: CheckStatus; reason?: string } {
  switch (status) {
    case 'running':
      return judgeHealth(health);
    case 'paused':
      return { status: 'degraded', reason: 'the container is paused' };
    case 'restarting':
      return { status: 'down', reason: `the container is restarting${ended(state)}` };
    case 'exited':
    case 'dead':
      return {
        status: isMeant(state) ? stopped : 'down',
        reason: `the container is ${status}${ended(state)}`,
      };
    case 'created':
      return { status: 'down', reason: 'the container was created but never started' };
    case 'removing':
      return { status: 'down', reason: 'the container is being removed' };
    default:
      return { status: 'degraded', reason: `the container's state is "${line(status, 40)}", which is no known word` };
  }
}

/** A container without a health check is as good as it runs. */
function judgeHealth(health: State): { status: CheckStatus; reason?: string } {
  if (health.Status === 'starting')
    return { status: 'degraded', reason: 'the container runs, and its health check has not passed yet' };
  if (health.Status !== 'unhealthy') return { status: 'up' };
  const failures = count(health.FailingStreak);
  const times = failures === undefined ? '' : `, ${failures} failed checks in a row`;
  const last = lastLog(health.Log);
  return { status: 'down', reason: `the container is unhealthy${times}${last === '' ? '' : `: ${last}`}` };
}

/** Exit codes of what came to its end, and of what somebody outside ended: by interrupt, kill and termination. */
const MEANT = new Set<unknown>([0, 130, 137, 143]);
const isMeant = (state: State): boolean => MEANT.has(state.ExitCode) && state.OOMKilled !== true;

function ended(state: State): string {
  const code = count(state.ExitCode) === undefined ? '' : ` (exit code ${state.ExitCode})`;
  return state.OOMKilled === true ? `${code}: it ran out of memory` : code;
}

/** The last line that the last health check wrote, without the user and password of a URL in it. */
function lastLog(log: unknown): string {
  const last: unknown = Array.isArray(log) ? log.at(-1) : undefined;
  if (!isObject(last) || typeof last.Output !== 'string') return '';
  const written = last.Output.slice(-4 * MAX_LOG).trimEnd();
  const text = written.slice(written.lastIndexOf('\n') + 1);
  return line(text.replace(/\/\/[^/\s@]+@/g, '//***@'), MAX_LOG);
}

const count = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
