import { setTimeout as wait } from 'node:timers/promises';
import type { AgentName, Job } from '@orrery/protocol';
import { Cron } from 'croner';
import { type Clock, iso } from './clock.ts';
import type { Db } from './db.ts';
import { dropLease, leaseHolder, leaseLeft, SERVER_TIME, takeLease } from './leases.ts';
import type { Log } from './log.ts';
import { isOutage } from './outage.ts';

export type Schedule = { everyMs: number } | { cron: string; timezone?: string };
export type JobContext = { signal: AbortSignal };
export type JobDefinition = {
  name: string;
  /** The agent that people see it under; jobs of the house itself have none of the seven. */
  agent: AgentName | 'Hub';
  schedule: Schedule;
  /** The run's signal is aborted after this long; a run that ignores it is reported and never overlapped by another. */
  timeoutMs: number;
  run(context: JobContext): Promise<void>;
};

/** Declares one job as data. */
export const defineJob = (job: JobDefinition): JobDefinition => job;

type State = {
  running: boolean;
  runs: number;
  failures: number;
  consecutive: number;
  /** Whether the last failure was the database's: then the job is tried again as soon as it is back, and not after a growing pause. */
  outage: boolean;
  restarts: number;
  lastRunAt?: number;
  lastDurationMs?: number;
  lastError?: string;
  nextRunAt?: number;
  savedAt: number;
};
type JobRow = {
  name: string;
  runs: number;
  failures: number;
  restarts: number;
  last_run_at: number | null;
  last_duration_ms: number | null;
  last_error: string | null;
  last_slot_at: number | null;
  holder: string | null;
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
}) {
  const { db, clock, log, holderId } = deps;
  const tables = db.withTables<{ jobs: JobRow }>();
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
    // What the leader before had begun to judge, or was about to, is looked at by this one at once.
    if (told)
      for (const { name, schedule } of definitions)
        if ('everyMs' in schedule && schedule.everyMs <= PROMPT_MS) wakeUps.get(name)?.();
    deps.onLead?.(told);
  }

  async function keepLead(): Promise<void> {
    // A hub that is alone on its database holds the lease until it ends.
    while (!stopping.signal.aborted && (deps.shared || !leading())) {
      await wait(away ? AGAIN_MS : next, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      if (!stopping.signal.aborted) await lead();
    }
  }

  async function runOnce(job: JobDefinition, state: State): Promise<void> {
    const started = clock.monotonic();
    const timeout = AbortSignal.timeout(job.timeoutMs);
    const signal = AbortSignal.any([timeout, stopping.signal]);
    state.running = true;
    state.runs += 1;
    state.lastRunAt = clock.now();
    const late = setTimeout(() => {
      state.lastError = `still running after its ${job.timeoutMs} ms; the next run waits for it`;
      log.error({ job: job.name }, state.lastError);
    }, job.timeoutMs + 1000);
    try {
      await job.run({ signal });
      state.consecutive = 0;
      state.outage = false;
      delete state.lastError;
    } catch (error) {
      const known = state.outage;
      state.outage = isOutage(error);
      state.failures += 1;
      state.consecutive += 1;
      state.lastError = error instanceof Error ? error.message : String(error);
      if (!stopping.signal.aborted && !(known && state.outage))
        log.error({ err: error, job: job.name }, 'a job failed');
    } finally {
      clearTimeout(late);
      state.running = false;
      state.lastDurationMs = Math.round(clock.monotonic() - started);
    }
    await save(job.name, state).catch((error: unknown) =>
      log.warn({ err: error, job: job.name }, 'a job status was not saved'),
    );
  }

  async function save(name: string, state: State, always = false): Promise<void> {
    const due = clock.monotonic() - state.savedAt >= SAVE_EVERY_MS || state.consecutive > 0;
    if (!due && !always) return;
    state.savedAt = clock.monotonic();
    const values = {
      runs: state.runs,
      failures: state.failures,
      restarts: state.restarts,
      last_run_at: state.lastRunAt ?? null,
      last_duration_ms: state.lastDurationMs ?? null,
      last_error: state.lastError ?? null,
      holder: holderId,
    };
    await tables
      .insertInto('jobs')
      .values({ name, last_slot_at: null, ...values })
      .onConflict((oc) => oc.column('name').doUpdateSet(values))
      .execute();
  }

  /** Claims one slot of a calendar schedule in SQL, so that it runs exactly once however many hubs and restarts there are. */
  async function claimSlot(name: string, slot: number): Promise<boolean> {
    await tables
      .insertInto('jobs')
      .values({
        name,
        runs: 0,
        failures: 0,
        restarts: 0,
        last_run_at: null,
        last_duration_ms: null,
        last_error: null,
        last_slot_at: null,
        holder: null,
      })
      .onConflict((oc) => oc.column('name').doNothing())
      .execute();
    const claimed = await tables
      .updateTable('jobs')
      .set({ last_slot_at: slot })
      .where('name', '=', name)
      .where((eb) => eb.or([eb('last_slot_at', 'is', null), eb('last_slot_at', '<', slot)]))
      .executeTakeFirst();
    return Number(claimed.numUpdatedRows) === 1;
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

  async function supervise(job: JobDefinition, state: State): Promise<void> {
    let first = true;
    /** A slot whose time has come, until it is known to be somebody's. */
    let due: number | undefined;
    while (!stopping.signal.aborted) {
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
      state.nextRunAt = slot ?? clock.now() + delay;
      const woken = await sleep(job.name, Math.max(delay, 5));
      if (slot !== undefined && clock.now() >= slot) due = slot;
      if (stopping.signal.aborted || !leading()) continue;
      if (slot !== undefined && !woken) {
        if (clock.now() < slot) continue;
        const claimed = await claimSlot(job.name, slot).catch((error: unknown) => {
          log.debug({ err: error, job: job.name }, 'a slot could not be claimed; it is tried again');
          return undefined;
        });
        if (claimed !== undefined) due = undefined;
        if (!claimed) continue;
      }
      first = false;
      await runOnce(job, state);
    }
  }

  async function list(): Promise<Job[]> {
    const rows = new Map((await tables.selectFrom('jobs').selectAll().execute()).map((row) => [row.name, row]));
    return definitions.map((job) => {
      const mine = states.get(job.name);
      const row = rows.get(job.name);
      const here = leading();
      const lastRunAt = here ? mine?.lastRunAt : (row?.last_run_at ?? undefined);
      const lastDurationMs = here ? mine?.lastDurationMs : (row?.last_duration_ms ?? undefined);
      const lastError = here ? mine?.lastError : (row?.last_error ?? undefined);
      return {
        name: job.name,
        agent: job.agent,
        schedule:
          'everyMs' in job.schedule
            ? `every ${job.schedule.everyMs / 1000} s`
            : `${job.schedule.cron} (${job.schedule.timezone ?? 'UTC'})`,
        enabled: true,
        running: mine?.running ?? false,
        runs: (here ? mine?.runs : row?.runs) ?? 0,
        failures: (here ? mine?.failures : row?.failures) ?? 0,
        restarts: (here ? mine?.restarts : row?.restarts) ?? 0,
        ...(lastRunAt === undefined ? {} : { lastRunAt: iso(lastRunAt) }),
        ...(lastDurationMs === undefined ? {} : { lastDurationMs }),
        ...(lastError === undefined ? {} : { lastError }),
        ...(here && mine?.nextRunAt !== undefined && Number.isFinite(mine.nextRunAt)
          ? { nextRunAt: iso(mine.nextRunAt) }
          : {}),
        ...(here ? { holder: holderId } : row?.holder ? { holder: row.holder } : {}),
      };
    });
  }

  return {
    leading,
    /** The hub that runs the jobs, by its id; as far as the database tells. */
    leader: () => leaseHolder(db, LEADER),
    /** For how long the database has not taken a write that it was asked for, ms. */
    silentMs: () => (askingSince === undefined ? 0 : clock.monotonic() - askingSince),
    /** Jobs of this hub whose last three runs failed. */
    failing: () => [...states].flatMap(([name, { consecutive }]) => (leading() && consecutive >= 3 ? [name] : [])),
    async start(jobs: readonly JobDefinition[]): Promise<void> {
      definitions = jobs;
      const rows = new Map((await tables.selectFrom('jobs').selectAll().execute()).map((row) => [row.name, row]));
      await lead();
      loops.push(keepLead());
      for (const job of jobs) {
        const row = rows.get(job.name);
        const state: State = {
          running: false,
          runs: row?.runs ?? 0,
          failures: row?.failures ?? 0,
          restarts: row?.restarts ?? 0,
          consecutive: 0,
          outage: false,
          savedAt: Number.NEGATIVE_INFINITY,
        };
        states.set(job.name, state);
        loops.push(supervise(job, state));
      }
    },
    /** Runs a job now instead of at its next turn; nothing happens while it runs already. */
    wake(name: string): void {
      wakeUps.get(name)?.();
    },
    /** Ends a job's back-off and runs it now. Undefined for an unknown name. */
    async restart(name: string): Promise<Job | undefined> {
      const state = states.get(name);
      if (!state) return undefined;
      state.restarts += 1;
      state.consecutive = 0;
      wakeUps.get(name)?.();
      await save(name, state, true);
      return (await list()).find((job) => job.name === name);
    },
    list,
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.all(loops);
      try {
        for (const [name, state] of states) if (state.runs > 0) await save(name, state, true);
        if (leading()) await dropLease(db, LEADER, holderId);
      } catch (error) {
        log.warn({ err: error }, 'the job lease could not be given back; it ends by itself');
      }
      leadUntil = 0;
    },
  };
}
