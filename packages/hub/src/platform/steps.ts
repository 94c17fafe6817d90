import type { Job } from '@orrery/protocol';
import { type Clock, iso } from './clock.ts';
import { type Db, isLostRace } from './db.ts';
import type { createJobRows, JobRow } from './job-rows.ts';
import type { JobDefinition } from './jobs.ts';
import type { Log } from './log.ts';
import { isOutage } from './outage.ts';
import { inSavepoint } from './savepoint.ts';

/** What an agent does whenever something happens, in place of a schedule. */
export type StepDefinition = { name: string; agent: JobDefinition['agent'] };

type Tally = {
  runs: number;
  failures: number;
  consecutive: number;
  unsaved: { runs: number; failures: number };
  lastRunAt?: number;
  lastDurationMs?: number;
  lastError?: string;
};

const SAVE_MS = 10_000;
/** Thousands of events may fail for one reason: it is said once in a while. */
const SAID_MS = 5000;

/**
 * Runs the steps of agents beside what they follow: a step that fails is that agent's failure and nobody else's, and one of an agent that
 * is switched off is not run. Every hub runs them for what comes in at it; what they did is added up in the database.
 */
export function createSteps(deps: {
  clock: Clock;
  log: Log;
  holderId: string;
  rows: Pick<ReturnType<typeof createJobRows>, 'add'>;
  enabled(agent: JobDefinition['agent']): boolean;
}) {
  const { clock, log, rows } = deps;
  const steps = new Map<string, { step: StepDefinition; tally: Tally }>();
  let timer: NodeJS.Timeout | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;

  function failed(step: StepDefinition, tally: Tally, error: unknown): void {
    tally.failures += 1;
    tally.unsaved.failures += 1;
    tally.consecutive += 1;
    tally.lastError = error instanceof Error ? error.message : String(error);
    if (clock.monotonic() - saidAt < SAID_MS) return;
    saidAt = clock.monotonic();
    log.error({ err: error, step: step.name }, 'a step failed; what it belongs to goes on');
  }

  async function save(): Promise<void> {
    timer = undefined;
    for (const { step, tally } of steps.values()) {
      const { unsaved } = tally;
      if (unsaved.runs + unsaved.failures === 0) continue;
      tally.unsaved = { runs: 0, failures: 0 };
      try {
        await rows.add(step.name, {
          ...unsaved,
          last_run_at: tally.lastRunAt ?? null,
          last_duration_ms: tally.lastDurationMs ?? null,
          last_error: tally.lastError ?? null,
          holder: deps.holderId,
          consecutive: tally.consecutive,
        });
      } catch (error) {
        tally.unsaved.runs += unsaved.runs;
        tally.unsaved.failures += unsaved.failures;
        log.warn({ err: error, step: step.name }, 'what a step did was not saved; it is tried again');
        saveSoon();
      }
    }
  }

  function saveSoon(): void {
    timer ??= setTimeout(() => void save(), SAVE_MS).unref();
  }

  return {
    /**
     * Makes a step: `run` does the work in a part of the transaction that it is handed, which alone is undone when it fails. A database that is
     * away, and a race that was lost, are the transaction's own to deal with.
     */
    define(step: StepDefinition) {
      const tally: Tally = { runs: 0, failures: 0, consecutive: 0, unsaved: { runs: 0, failures: 0 } };
      steps.set(step.name, { step, tally });
      return async function run(trx: Db, work: (trx: Db) => Promise<void>): Promise<void> {
        if (!deps.enabled(step.agent)) return;
        const started = clock.monotonic();
        try {
          await inSavepoint(trx, work);
          tally.consecutive = 0;
          delete tally.lastError;
        } catch (error) {
          if (isOutage(error) || isLostRace(error)) throw error;
          failed(step, tally, error);
        }
        tally.runs += 1;
        tally.unsaved.runs += 1;
        tally.lastRunAt = clock.now();
        tally.lastDurationMs = Math.round(clock.monotonic() - started);
        saveSoon();
      };
    },

    /** Steps of which the last three runs here failed. */
    failing: (): string[] => [...steps].flatMap(([name, { tally }]) => (tally.consecutive >= 3 ? [name] : [])),

    /** Forgets the failures of an agent's steps. */
    restart(agent: JobDefinition['agent']): void {
      for (const { step, tally } of steps.values())
        if (step.agent === agent) {
          tally.consecutive = 0;
          delete tally.lastError;
        }
    },

    list(stored: ReadonlyMap<string, JobRow>): Job[] {
      return [...steps.values()].map(({ step: { name, agent }, tally }): Job => {
        const row = stored.get(name);
        const lastRunAt = Math.max(tally.lastRunAt ?? 0, row?.last_run_at ?? 0);
        const here = lastRunAt === tally.lastRunAt;
        const lastError = here ? tally.lastError : (row?.last_error ?? undefined);
        const lastDurationMs = here ? tally.lastDurationMs : (row?.last_duration_ms ?? undefined);
        return {
          ...{ name, agent, schedule: 'as it happens', enabled: deps.enabled(agent), running: false },
          runs: (row?.runs ?? 0) + tally.unsaved.runs,
          failures: (row?.failures ?? 0) + tally.unsaved.failures,
          restarts: row?.restarts ?? 0,
          failing: here ? tally.consecutive : (row?.consecutive ?? 0),
          ...(lastRunAt > 0 ? { lastRunAt: iso(lastRunAt) } : {}),
          ...(lastDurationMs === undefined ? {} : { lastDurationMs }),
          ...(lastError === undefined ? {} : { lastError }),
        };
      });
    },

    /** Saves what is not saved yet. */
    async stop(): Promise<void> {
      clearTimeout(timer);
      await save();
      clearTimeout(timer);
    },
  };
}
