import type { Health, HealthStatus } from '@orrery/protocol';
import { redactText } from './redact.ts';
import { shared, within } from './shared.ts';

type CheckOutcome = boolean | { ok: boolean; detail?: string };
/** Looks at one thing the product needs. Answers, or throws; the signal is aborted when its time is over. */
export type CheckRun = (signal: AbortSignal) => CheckOutcome | Promise<CheckOutcome>;
/** `critical`: its failure makes the instance unhealthy (503) rather than degraded. */
export type Check = CheckRun | { run: CheckRun; critical?: boolean; timeoutMs?: number };

type CheckResult = { ok: boolean; latencyMs: number; detail?: string };
export type HealthReport = Omit<Health, 'checks'> & { checks: Record<string, CheckResult>; latencyMs: number };

export type HealthOptions = {
  checks: Record<string, Check>;
  version: string;
  /** Time for one check, in ms. */
  timeoutMs: number;
  /** For how long one answer serves everybody who asks, in ms. */
  reuseMs: number;
  now: () => number;
};

/** Runs every check at the same time, each within its own limit; a check that hangs or throws is a failed check. */
export function createHealth(options: HealthOptions): () => Promise<HealthReport> {
  const { now } = options;
  const critical = new Set<string>();
  const runners = Object.entries(options.checks).map(([name, check]) => {
    const { run, timeoutMs, ...rest } = typeof check === 'function' ? { run: check, timeoutMs: undefined } : check;
    if ('critical' in rest && rest.critical === true) critical.add(name);
    return [name, createRunner(run, timeoutMs ?? options.timeoutMs, now)] as const;
  });
  const run = async (): Promise<HealthReport> => {
    const started = now();
    const results = await Promise.all(runners.map(async ([name, runner]) => [name, await runner()] as const));
    return {
      status: statusOf(results, critical),
      checks: Object.fromEntries(results),
      timestamp: new Date().toISOString(),
      version: options.version,
      latencyMs: round(now() - started),
    };
  };
  return shared(run, options.reuseMs, now);
}

function statusOf(results: readonly (readonly [string, CheckResult])[], critical: ReadonlySet<string>): HealthStatus {
  const failed = results.filter(([, result]) => !result.ok);
  if (failed.length === 0) return 'healthy';
  return failed.some(([name]) => critical.has(name)) ? 'unhealthy' : 'degraded';
}

function createRunner(run: CheckRun, timeoutMs: number, now: () => number): () => Promise<CheckResult> {
  // A check that ignores its signal must not pile up: it is started again only after ten times its limit.
  let hangingSince: number | undefined;
  return async () => {
    const started = now();
    if (hangingSince !== undefined && started - hangingSince < timeoutMs * 10)
      return { ok: false, latencyMs: 0, detail: `still hanging since ${Math.round(started - hangingSince)} ms` };
    hangingSince = started;
    const outcome = await within(async (signal) => {
      try {
        return await run(signal);
      } finally {
        if (hangingSince === started) hangingSince = undefined;
      }
    }, timeoutMs);
    const latencyMs = round(now() - started);
    if (outcome.kind === 'timedOut') return { ok: false, latencyMs, detail: `timed out after ${timeoutMs} ms` };
    if (outcome.kind === 'failed') return { ok: false, latencyMs, detail: describe(outcome.error) };
    const { value } = outcome;
    if (typeof value === 'boolean') return { ok: value, latencyMs };
    if (typeof value !== 'object' || value === null || typeof value.ok !== 'boolean')
      return { ok: false, latencyMs, detail: 'the check answered neither a boolean nor {ok}' };
    const detail = typeof value.detail === 'string' ? { detail: redactText(value.detail, 300) } : {};
    return { ok: value.ok, latencyMs, ...detail };
  };
}

const describe = (error: unknown) =>
  redactText(error instanceof Error ? error.message || error.name : String(error), 300);
const round = (ms: number) => Math.round(ms * 1000) / 1000;
