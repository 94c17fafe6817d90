import { setTimeout as wait } from 'node:timers/promises';
import type { AgentName, Job } from '@orrery/protocol';
import { Cron } from 'croner';
import { type Clock, iso } from './clock.ts';
import type { Db } from './db.ts';
import { createJobRows, type JobRow } from './job-rows.ts';
import { type Grace, type Run, startRun } from './job-run.ts';
import { dropLease, leaseHolder, leaseLeft, SERVER_TIME, takeLease } from './leases.ts';
import type { Log } from './log.ts';
import { isOutage } from './outage.ts';
import { createSteps, type StepDefinition } from './steps.ts';

export type Schedule = { everyMs: number } | { cron: string; timezone?: string };
export type JobContext = { signal: AbortSignal };
export type JobDefinition = {
  name: string;
  /** The agent that people see it under; jobs of the house itself have none of the seven. */
  agent: AgentName | 'Hub';
  schedule: Schedule;
  /**
   * The run's signal is aborted after this long. One that ignores it is reported, and left behind half a minute later: the next run may
   * then overlap it, as that of another hub would after this one was paused.
   */
  timeoutMs: number;
  run(context: JobContext): Promise<void>;
};

/** Declares one job as data. */
export const defineJob = (job: JobDefinition): JobDefinition => job;

type State = {
  running: boolean;
  run?: Run;
  runs: number;
  failures: number;
  consecutive: number;
  /** Whether the last failure was the database's: then the job is tried again as soon as it is back, and not after a growing pause. */
  outage: boolean;
  restarts: number;
  /** Runs that ignored their signal and still go on. */
  left: number;
  /** Whether it is to run at once, whatever its schedule says. */
  again: boolean;
  lastRunAt?: number;
  lastDurationMs?: number;
  lastError?: string;
  nextRunAt?: number;
  savedAt: number;
  /** Whether something happened since. */
  unsaved: boolean;
};

const LEADER = 'jobs';
const LEASE_MS = 3000;
const RENEW_MS = 1000;
/** A holder stops leading so long before another may begin. */
const MARGIN_MS = 400;
/** How soon a database that was away is asked again. */
const AGAIN_MS = 500;
const MAX_BACKOFF_MS = 5 * 60_000;
const OUTAGE_MS = 2000;
const SAVE_EVERY_MS = 10_000;
const FIRST_MS = 2000;
/** So many runs of a job that never end are let lie; then it is not begun again by itself. */
const MAX_LEFT = 3;
/** Jobs that come at least this often are what makes a hub prompt. */
const PROMPT_MS = 5000;

/** An offset, not the zone's name, for UTC: reading a zone brings 6 MiB of tables into memory. */
const timeOf = ({ timezone }: { timezone?: string }) => (timezone === undefined ? { utcOffset: 0 } : { timezone });

export type Jobs = ReturnType<typeof createJobs>;

/**
 * Runs the jobs of this hub. Of several hubs on one database the holder of one lease runs all of them; when it dies another takes over
 * within the lease's 3 s. A job never overlaps itself; one that fails backs off (doubling up to five minutes) and never stops another.
 */
export function createJobs(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  holderId: string;
  shared: boolean;
  /** Whether the lease runs by the database's clock, as it must where hubs have clocks of their own. */
  serverTime?: boolean;
  onLead?: (leading: boolean) => void;
  /** Whether the jobs of an agent run at all; all of them unless said otherwise. */
  enabled?: (agent: JobDefinition['agent']) => boolean;
  /** How long a run may take to obey its signal. */
  grace?: Grace;
}) {
  const { db, clock, log, holderId } = deps;
  const enabled = deps.enabled ?? (() => true);
  const rows = createJobRows(db);
  const steps = createSteps({ clock, log, holderId, rows, enabled });
  const stopping = new AbortController();
  const states = new Map<string, State>();
  const wakeUps = new Map<string, () => void>();
  const loops: Promise<void>[] = [];
  let definitions: readonly JobDefinition[] = [];
  let leadUntil = 0;
  let told = false;
  let away = false;
  /** Since when the database has been asked to write the lease, in vain so far (monotonic ms). A hub that stood still has not asked. */
  let askingSince: number | undefined;
  const leading = () => clock.monotonic() < leadUntil;
  const now = () => (deps.serverTime ? SERVER_TIME : clock.now());
  /** How soon the lease is asked for again: another's at its very end. */
  let next = RENEW_MS;

  async function lead(): Promise<void> {
    const asked = clock.monotonic();
    askingSince ??= asked;
    try {
      const lease = await takeLease(db, LEADER, holderId, now(), LEASE_MS, { alone: !deps.shared });
      if (lease) {
        leadUntil = deps.shared ? asked + LEASE_MS - MARGIN_MS : Number.POSITIVE_INFINITY;
      } else leadUntil = 0;
      next = lease ? RENEW_MS : Math.min(RENEW_MS, (await leaseLeft(db, LEADER, now())) + 20);
      askingSince = undefined;
      away = false;
    } catch (error) {
      if (!away) log.warn({ err: error }, 'the job lease could not be renewed');
      away = true;
      // From a database that is away nobody else can take it: this hub goes on looking, and writes nothing until it has asked again.
      if (isOutage(error)) return;
    }
    // Compared with what was told, not with a moment ago: a lease that ran out meanwhile was lost all the same.
    if (told === leading()) return;
    told = leading();
    // Others have run the jobs meanwhile: what they counted goes on from where it is.
    if (told) await takeUp();
    // What the leader before had begun to judge, or was about to, is looked at by this one at once.
    if (told)
      for (const { name, schedule } of definitions)
        if ('everyMs' in schedule && schedule.everyMs <= PROMPT_MS) wakeUps.get(name)?.();
    deps.onLead?.(told);
  }

  async function takeUp(): Promise<void> {
    try {
      for (const [name, row] of await rows.all()) {
        const state = states.get(name);
        if (state)
          for (const key of ['runs', 'failures', 'restarts'] as const) state[key] = Math.max(state[key], row[key]);
      }
    } catch (error) {
      log.warn({ err: error }, 'what jobs have done on other hubs could not be read');
    }
  }

  async function keepLead(): Promise<void> {
    // A hub that is alone on its database holds the lease until it ends.
    while (!stopping.signal.aborted && (deps.shared || !leading())) {
      await wait(away ? AGAIN_MS : next, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      if (!stopping.signal.aborted) await lead();
    }
  }

  function failed(job: JobDefinition, state: State, error: unknown): void {
    const known = state.outage;
    state.outage = isOutage(error);
    state.failures += 1;
    state.consecutive += 1;
    state.lastError = error instanceof Error ? error.message : String(error);
    if (!stopping.signal.aborted && !(known && state.outage)) log.error({ err: error, job: job.name }, 'a job failed');
  }

  const keep = (job: JobDefinition, state: State, always: boolean) =>
    save(state, always).catch((error: unknown) =>
      log.warn({ err: error, job: job.name }, 'a job status was not saved'),
    );

  async function runOnce(job: JobDefinition, state: State): Promise<void> {
    const started = clock.monotonic();
    const failing = state.consecutive > 0;
    state.running = true;
    state.runs += 1;
    state.lastRunAt = clock.now();
    const late = setTimeout(() => {
      state.lastError = `still running after its ${job.timeoutMs} ms`;
      log.error({ job: job.name }, state.lastError);
      void keep(job, state, true);
    }, job.timeoutMs + 1000);
    const run = startRun(job, {
      stopping: stopping.signal,
      stray: (error) => failed(job, state, error),
      ...(deps.grace ? { grace: deps.grace } : {}),
    });
    state.run = run;
    const outcome = await run.ended;
    clearTimeout(late);
    delete state.run;
    state.running = false;
    state.lastDurationMs = Math.round(clock.monotonic() - started);
    if (outcome.kind === 'done') {
      state.consecutive = 0;
      state.outage = false;
      delete state.lastError;
    } else if (outcome.kind === 'failed') failed(job, state, outcome.error);
    else if (outcome.kind === 'left') {
      state.left += 1;
      void run.settled.then(() => {
        state.left -= 1;
        log.warn({ job: job.name }, 'a run that had been left behind has ended after all');
      });
      failed(
        job,
        state,
        new Error(`did not end after its ${job.timeoutMs} ms though it was told to; it was left behind`),
      );
    }
    await keep(job, state, failing !== state.consecutive > 0);
  }

  /** Stores what a job did, at most every ten seconds, and with it what the others did since: one write for all of them. */
  async function save(state: State, always = false): Promise<void> {
    state.unsaved = true;
    const due = clock.monotonic() - state.savedAt >= SAVE_EVERY_MS || state.consecutive > 0;
    if (due || always) await saveAll();
  }

  async function saveAll(): Promise<void> {
    const some = [...states].filter(([, { unsaved }]) => unsaved);
    if (some.length === 0) return;
    for (const [, state] of some) {
      state.unsaved = false;
      state.savedAt = clock.monotonic();
    }
    try {
      await rows.save(
        some.map(([name, state]) => ({
          name,
          runs: state.runs,
          failures: state.failures,
          restarts: state.restarts,
          last_run_at: state.lastRunAt ?? null,
          last_duration_ms: state.lastDurationMs ?? null,
          last_error: state.lastError ?? null,
          holder: holderId,
          consecutive: state.consecutive,
          next_run_at: state.nextRunAt !== undefined && Number.isFinite(state.nextRunAt) ? state.nextRunAt : null,
        })),
      );
    } catch (error) {
      for (const [, state] of some) state.unsaved = true;
      throw error;
    }
  }

  /** True when somebody woke the job before its time. */
  async function sleep(name: string, ms: number): Promise<boolean> {
    const poked = Promise.withResolvers<true>();
    wakeUps.set(name, () => poked.resolve(true));
    const timer = new AbortController();
    const woken = await Promise.race([
      poked.promise,
      wait(ms, false, { signal: AbortSignal.any([timer.signal, stopping.signal]), ref: false }).catch(() => false),
    ]);
    timer.abort();
    return woken;
  }

  /** Turns the loop of one job for good. What it could stumble over itself ends no other loop, and this one only for a while. */
  async function supervise(job: JobDefinition, state: State): Promise<void> {
    const turn = takeTurns(job, state);
    while (!stopping.signal.aborted) {
      try {
        await turn();
      } catch (error) {
        failed(job, state, error);
        await sleep(job.name, FIRST_MS);
      }
    }
  }

  /** One turn of a job: waits for its time, and runs it when it is this hub's to run. */
  function takeTurns(job: JobDefinition, state: State): () => Promise<void> {
    let first = true;
    /** A slot whose time has come, until it is known to be somebody's. */
    let due: number | undefined;
    return async () => {
      const { schedule } = job;
      let slot: number | undefined;
      let delay: number;
      // Soon after the start first: what a stop left lying is not left for a whole interval more.
      if ('everyMs' in schedule) delay = first ? Math.min(schedule.everyMs, FIRST_MS) : schedule.everyMs;
      else {
        const after = (at: number) =>
          new Cron(schedule.cron, timeOf(schedule)).nextRun(new Date(at))?.getTime() ?? Number.POSITIVE_INFINITY;
        // Of slots that were missed the newest counts.
        if (due !== undefined && after(due) <= clock.now()) due = after(due);
        slot = due ?? after(clock.now());
        delay = due === undefined ? Math.min(slot - clock.now(), 60_000) : AGAIN_MS;
      }
      // A calendar has its own pace: backing off would only make its next slot late.
      if (state.consecutive > 0 && state.outage && slot === undefined)
        delay = Math.max(Math.min(delay, OUTAGE_MS), 1000);
      else if (state.consecutive > 0 && slot === undefined)
        delay = Math.min(MAX_BACKOFF_MS, Math.max(delay, 1000) * 2 ** Math.min(state.consecutive, 16));
      if (state.again) delay = 0;
      state.nextRunAt = slot ?? clock.now() + delay;
      const woken = (await sleep(job.name, Math.max(delay, 5))) || state.again;
      state.again = false;
      if (slot !== undefined && clock.now() >= slot) due = slot;
      if (stopping.signal.aborted || !leading()) return;
      if (!enabled(job.agent)) {
        // A slot that came while it was off is nobody's.
        due = undefined;
        return;
      }
      if (!woken && state.left >= MAX_LEFT) {
        state.lastError = `${state.left} runs of it never ended; restart it once what they wait for is there again, or restart the hub`;
        return;
      }
      if (slot !== undefined && !woken) {
        if (clock.now() < slot) return;
        const claimed = await rows.claimSlot(job.name, slot).catch((error: unknown) => {
          log.debug({ err: error, job: job.name }, 'a slot could not be claimed; it is tried again');
          return undefined;
        });
        if (claimed !== undefined) due = undefined;
        if (!claimed) return;
      }
      first = false;
      await runOnce(job, state);
    };
  }

  async function list(): Promise<Job[]> {
    const stored = await rows.all();
    const here = leading();
    const scheduled = definitions.map((job) =>
      jobView(job, { here, holderId, enabled: enabled(job.agent) }, states.get(job.name), stored.get(job.name)),
    );
    return [...scheduled, ...steps.list(stored)];
  }

  /** Ends a job's run and its back-off, and runs it now; one of the calendar only when `now` says so or its last run failed. */
  function restartState(job: JobDefinition, state: State, now: boolean): void {
    const run = now || 'everyMs' in job.schedule || state.consecutive > 0 || state.running;
    state.restarts += 1;
    state.consecutive = 0;
    state.run?.cut();
    if (!run) return;
    state.again = true;
    wakeUps.get(job.name)?.();
  }

  return {
    leading,
    /** The hub that runs the jobs, by its id; as far as the database tells. */
    leader: () => leaseHolder(db, LEADER),
    /** Whether some hub, this one or another, runs the jobs now. */
    led: async () => leading() || (deps.shared && (await leaseLeft(db, LEADER, now())) > 0),
    /** For how long the database has not taken a write that it was asked for, ms. */
    silentMs: () => (askingSince === undefined ? 0 : clock.monotonic() - askingSince),
    /** Jobs of this hub whose last three runs failed. */
    failing: () => [
      ...[...states].flatMap(([name, { consecutive }]) => (leading() && consecutive >= 3 ? [name] : [])),
      ...steps.failing(),
    ],
    /** Makes a step of an agent: what it does whenever something happens. */
    step: (step: StepDefinition) => steps.define(step),
    async start(jobs: readonly JobDefinition[]): Promise<void> {
      definitions = jobs;
      const stored = await rows.all();
      await lead();
      loops.push(keepLead());
      for (const job of jobs) {
        const row = stored.get(job.name);
        const state: State = {
          running: false,
          runs: row?.runs ?? 0,
          failures: row?.failures ?? 0,
          restarts: row?.restarts ?? 0,
          consecutive: 0,
          outage: false,
          left: 0,
          again: false,
          savedAt: Number.NEGATIVE_INFINITY,
          unsaved: false,
        };
        states.set(job.name, state);
        loops.push(supervise(job, state));
      }
    },
    /** Runs a job now instead of at its next turn; nothing happens while it runs already. */
    wake(name: string): void {
      wakeUps.get(name)?.();
    },
    /** Ends a job's run and its back-off and runs it now. Undefined for an unknown name. */
    async restart(name: string): Promise<Job | undefined> {
      const state = states.get(name);
      const job = definitions.find((one) => one.name === name);
      if (!state || !job) return undefined;
      restartState(job, state, true);
      await save(state, true);
      return (await list()).find((one) => one.name === name);
    },
    /** The same for every job of an agent; one of the calendar keeps its time unless its last run failed. */
    restartAgent(agent: JobDefinition['agent']): void {
      steps.restart(agent);
      for (const job of definitions) {
        const state = states.get(job.name);
        if (state && job.agent === agent) restartState(job, state, false);
      }
    },
    /** Has jobs that may have been off look again whether they are on. */
    look(): void {
      for (const job of definitions) if ('everyMs' in job.schedule) wakeUps.get(job.name)?.();
    },
    list,
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.all(loops);
      try {
        for (const state of states.values()) state.unsaved ||= state.runs > 0;
        await saveAll();
        await steps.stop();
        if (leading()) await dropLease(db, LEADER, holderId);
      } catch (error) {
        log.warn({ err: error }, 'the job lease could not be given back; it ends by itself');
      }
      leadUntil = 0;
    },
  };
}

/** A job as people see it: from this hub's memory where it leads, else from what the one that leads has stored. */
function jobView(
  job: JobDefinition,
  { here, holderId, enabled }: { here: boolean; holderId: string; enabled: boolean },
  mine: State | undefined,
  row: JobRow | undefined,
): Job {
  const seen = here
    ? mine
    : row && {
        runs: row.runs,
        failures: row.failures,
        restarts: row.restarts,
        consecutive: row.consecutive,
        lastRunAt: row.last_run_at ?? undefined,
        lastDurationMs: row.last_duration_ms ?? undefined,
        lastError: row.last_error ?? undefined,
        nextRunAt: row.next_run_at ?? undefined,
      };
  const holder = here ? holderId : row?.holder;
  const { lastRunAt, lastDurationMs, lastError, nextRunAt } = seen ?? {};
  return {
    name: job.name,
    agent: job.agent,
    schedule:
      'everyMs' in job.schedule
        ? `every ${job.schedule.everyMs / 1000} s`
        : `${job.schedule.cron} (${job.schedule.timezone ?? 'UTC'})`,
    enabled,
    running: here && mine?.running === true,
    runs: seen?.runs ?? 0,
    failures: seen?.failures ?? 0,
    restarts: seen?.restarts ?? 0,
    failing: seen?.consecutive ?? 0,
    ...(here && mine && mine.left > 0 ? { left: mine.left } : {}),
    ...(lastRunAt === undefined ? {} : { lastRunAt: iso(lastRunAt) }),
    ...(lastDurationMs === undefined ? {} : { lastDurationMs }),
    ...(lastError === undefined ? {} : { lastError }),
    ...(enabled && nextRunAt !== undefined && Number.isFinite(nextRunAt) ? { nextRunAt: iso(nextRunAt) } : {}),
    ...(holder ? { holder } : {}),
  };
}
