import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import type { Outbound } from '../platform/outbound.ts';
import type { Probe } from './compile.ts';
import type { createHeartbeats } from './heartbeats.ts';
import type { Standing } from './judge.ts';
import type { CheckContext, Outcome } from './probes/probe.ts';
import type { Recorder } from './record.ts';
import { createSchedule } from './schedule.ts';
import { dropStates, loadKept } from './store.ts';

/** Room for a thousand targets that all hang at once. */
const MAX_RUNNING = 1000;
const START_RETRY_MS = 1000;

/** Checks the declared probes for as long as this hub is the one that does; of several hubs one at a time is started. */
export function createProber(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  outbound: Pick<Outbound, 'request' | 'open' | 'records'>;
  recorder: Recorder;
  heartbeats: ReturnType<typeof createHeartbeats>;
  probes(): readonly Probe[];
  isDeclared(id: string): boolean;
  keyOf(project: string): string | undefined;
}) {
  const { db, clock, log, recorder, heartbeats } = deps;
  const memories = new Map<string, CheckContext['memory']>();
  const schedule = createSchedule({ clock, maxRunning: MAX_RUNNING, run: checkAndRecord });
  let stopping = new AbortController();
  let loaded = false;
  let wanted = false;
  let turn: Promise<void> = Promise.resolve();
  let retry: NodeJS.Timeout | undefined;
  /** When the hub was last away (wall clock, epoch ms): stopped, or at a standstill. */
  let away: { from: number; to: number } | undefined;

  async function look(probe: Probe): Promise<Outcome> {
    const kept = recorder.kept(probe.id);
    const apiKey = deps.keyOf(probe.project);
    const memory = memories.get(probe.id) ?? {};
    memories.set(probe.id, memory);
    const now = clock.now();
    const stoppedAt = kept.standing.lastCheckAt;
    const absence = away && stoppedAt !== null ? { ...away, from: Math.min(stoppedAt, away.from) } : away;
    return probe.check({
      outbound: deps.outbound,
      clock,
      signal: stopping.signal,
      ...(apiKey === undefined ? {} : { apiKey }),
      was: kept.standing.status,
      logs: kept.logs,
      memory,
      beat: () => heartbeats.newest(probe.id),
      ...(absence ? { away: { fromAgoMs: now - absence.from, toAgoMs: now - absence.to } } : {}),
    });
  }

  async function checkAndRecord(probe: Probe): Promise<void> {
    const started = clock.monotonic();
    const { signal } = stopping;
    try {
      const outcome = await look(probe);
      if (signal.aborted || !deps.isDeclared(probe.id)) return;
      const gap = schedule.standstillSince(started);
      if (gap) {
        const now = clock.now();
        away = { from: now - (clock.monotonic() - gap.from), to: now - (clock.monotonic() - gap.to) };
        // A hub that stood still ran out of its own time: that says nothing of the target.
        if (outcome.status === 'down') return;
      }
      recorder.record(probe, outcome, clock.now());
    } catch (error) {
      if (!signal.aborted) log.error({ err: error, probe: probe.id, target: probe.target }, 'a check failed by itself');
    }
  }

  /** Makes what is stored fit what is declared: forgets probes that are gone, begins the wait of new heartbeats. */
  async function settle(): Promise<void> {
    const declared = new Map(deps.probes().map((probe) => [probe.id, probe]));
    const stored = await loadKept(db);
    const gone = [...stored.keys()].filter((id) => !declared.has(id));
    for (const id of gone) {
      recorder.forget(id);
      memories.delete(id);
    }
    if (gone.length > 0) {
      await recorder.settle();
      await dropStates(db, gone);
    }
    await heartbeats.begin(deps.probes());
  }

  async function begin(): Promise<void> {
    if (loaded || !wanted) return;
    try {
      const stored = await loadKept(db);
      recorder.load(stored);
      await settle();
      const last = Math.max(0, ...[...stored.values()].map(({ standing }) => standing.lastCheckAt ?? 0));
      away = last > 0 ? { from: last, to: clock.now() } : undefined;
      loaded = true;
      schedule.start(deps.probes());
      log.info({ probes: deps.probes().length }, 'probing');
    } catch (error) {
      log.error({ err: error }, 'probing could not begin; it will be tried again');
      retry = setTimeout(() => void queue(begin), START_RETRY_MS);
    }
  }

  async function end(): Promise<void> {
    clearTimeout(retry);
    if (!loaded) return;
    loaded = false;
    stopping.abort();
    await schedule.stop();
    await recorder.settle();
    stopping = new AbortController();
  }

  /** Starting, stopping and changing take turns. */
  function queue(step: () => Promise<void>): Promise<void> {
    const done = turn.then(step);
    turn = done.catch(() => undefined);
    return done;
  }

  return {
    running: () => loaded,
    start(): Promise<void> {
      wanted = true;
      return queue(begin);
    },
    stop(): Promise<void> {
      wanted = false;
      return queue(end);
    },
    /** Takes up changed declarations. */
    sync(): Promise<void> {
      return queue(async () => {
        if (!loaded) return;
        schedule.replace(deps.probes());
        await settle();
      });
    },
    /** Checks one probe now. On a hub that does not probe, what is stored is read first and the result written at once. */
    async check(probe: Probe): Promise<Standing> {
      if (loaded) await schedule.runNow(probe.id, { afresh: false });
      else {
        const stored = (await loadKept(db, probe.id)).get(probe.id);
        if (stored) recorder.adopt(probe.id, stored);
        await checkAndRecord(probe);
        await recorder.settle();
      }
      return recorder.kept(probe.id).standing;
    },
    /** Checks a probe as soon as the check under way has ended, if this hub probes. */
    checkSoon(probe: Probe): void {
      if (loaded) void schedule.runNow(probe.id, { afresh: true });
    },
    skipped: schedule.skipped,
  };
}
