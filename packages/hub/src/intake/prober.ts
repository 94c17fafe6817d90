import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import { type Outbound, OutboundError } from '../platform/outbound.ts';
import { type Probe, phaseOf } from './compile.ts';
import type { createHeartbeats } from './heartbeats.ts';
import { waitAfterHandover } from './hubs/handover.ts';
import type { Hubs } from './hubs/hubs.ts';
import type { Role } from './hubs/rendezvous.ts';
import { createWitnesses } from './hubs/witnesses.ts';
import type { Standing } from './judge.ts';
import type { CheckContext, Outcome } from './probes/probe.ts';
import type { Recorder, Verdict } from './record.ts';
import { createSchedule, firstWait } from './schedule.ts';
import type { createSelfCheck } from './selfcheck.ts';
import { dropStates, loadKept } from './store.ts';

/** Room for a thousand targets that all hang at once. */
const MAX_RUNNING = 1000;
const START_RETRY_MS = 1000;
/** A check under way when its probe changes hands may end within this long; the hub that takes over runs it again otherwise. */
const LAST_WORD_MS = 250;

/** Checks the probes that are this hub's: all of them, or its share where several hubs live on one database. */
export function createProber(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  outbound: Pick<Outbound, 'request' | 'open' | 'records'>;
  recorder: Recorder;
  heartbeats: ReturnType<typeof createHeartbeats>;
  hubs: Hubs;
  selfCheck: ReturnType<typeof createSelfCheck>;
  probes(): readonly Probe[];
  isDeclared(id: string): boolean;
  keyOf(project: string): string | undefined;
  onLag?(ms: number): void;
  /** Probes may have changed hands: what is known of others' is old. */
  onMoved(): void;
}) {
  const { db, clock, log, recorder, heartbeats, hubs, selfCheck } = deps;
  const memories = new Map<string, CheckContext['memory']>();
  /** What this hub has to do with its probes, by probe id. */
  const roles = new Map<string, Exclude<Role, undefined>>();
  const running = new Map<string, AbortController>();
  const startedAt = clock.monotonic();
  const time = () => (hubs.shared ? hubs.time() : clock.monotonic() - startedAt);
  const schedule = createSchedule({
    clock,
    maxRunning: MAX_RUNNING,
    time,
    run: checkAndRecord,
    ...(deps.onLag ? { onLag: deps.onLag } : {}),
  });
  const witnesses = createWitnesses({ db, hubs, log });
  let loaded = false;
  let wanted = false;
  let known = new Set<string>();
  /** The hubs among which everything that is this one's has been taken. */
  let taken: string | null | undefined;
  let turn: Promise<void> = Promise.resolve();
  let retry: NodeJS.Timeout | undefined;
  /** When the hub was last away (wall clock, epoch ms): stopped, or at a standstill. */
  let away: { from: number; to: number } | undefined;

  async function look(probe: Probe, signal: AbortSignal): Promise<Outcome> {
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
      signal,
      ...(apiKey === undefined ? {} : { apiKey }),
      was: kept.standing.status,
      logs: kept.logs,
      memory,
      beat: () => heartbeats.newest(probe.id),
      ...(absence ? { away: { fromAgoMs: now - absence.from, toAgoMs: now - absence.to } } : {}),
    });
  }

  /** Whether the hub itself is why nothing was seen: then nothing is said of the target. */
  async function weigh(probe: Probe, outcome: Outcome, started: number): Promise<Verdict> {
    const gap = schedule.standstillSince(started, probe.timeoutMs);
    if (gap) {
      const now = clock.now();
      away = { from: now - (clock.monotonic() - gap.from), to: now - (clock.monotonic() - gap.to) };
      if (outcome.status === 'down')
        return blind(`this hub itself stood still for ${((gap.to - gap.from) / 1000).toFixed(1)} s`);
    }
    if (outcome.unreached) {
      const blame = await selfCheck.blame(probe);
      return blame === undefined ? outcome : blind(blame);
    }
    if (probe.kind !== 'heartbeat') selfCheck.reached(probe);
    return outcome;
  }

  /** What this hub sees of a probe now. */
  async function see(probe: Probe, signal: AbortSignal, started: number): Promise<Verdict> {
    const outcome = await look(probe, signal).catch((error: unknown) => {
      if (error instanceof OutboundError && error.kind === 'starved') return { ...blind(error.message) };
      throw error;
    });
    return outcome.status === 'unknown' ? outcome : await weigh(probe, outcome as Outcome, started);
  }

  async function checkAndRecord(probe: Probe): Promise<void> {
    // Others may have taken over, or be about to.
    if (!hubs.mayAct()) return;
    const started = clock.monotonic();
    const ranAt = hubs.shared ? time() : null;
    const cut = new AbortController();
    running.set(probe.id, cut);
    try {
      const own = await see(probe, cut.signal, started);
      const role = roles.get(probe.id) ?? 'judge';
      if (cut.signal.aborted || !deps.isDeclared(probe.id)) return;
      if (role === 'witness') return await witnesses.tell(probe, own);
      const standing = recorder.kept(probe.id).standing.status;
      const verdict = probe.quorum > 1 ? await witnesses.agree(probe, own, standing, ranAt, cut.signal) : own;
      if (cut.signal.aborted) return;
      const { standing: after } = recorder.record(probe, verdict, clock.now(), ranAt);
      if (isToConfirm(probe, verdict, after)) schedule.again(probe.id, confirmAfter(probe));
    } catch (error) {
      if (!cut.signal.aborted)
        log.error({ err: error, probe: probe.id, target: probe.target }, 'a check failed by itself');
    } finally {
      if (running.get(probe.id) === cut) running.delete(probe.id);
    }
  }

  /** Ends with these probes: a check that is nearly done has its word, the others are cut. What they saw is written. */
  async function drop(ids: readonly string[], graceMs: number): Promise<void> {
    const ended = schedule.leave(ids);
    const late = setTimeout(() => {
      for (const id of ids) running.get(id)?.abort();
    }, graceMs);
    await ended;
    clearTimeout(late);
    await recorder.settle();
    for (const id of ids) roles.delete(id);
    recorder.forget(ids);
  }

  /** Makes what is stored fit what is declared: forgets probes that are gone, begins the wait of new heartbeats. */
  async function settle(gone: readonly string[]): Promise<void> {
    for (const id of gone) memories.delete(id);
    if (gone.length > 0) {
      await drop(gone, 0);
      await dropStates(db, gone);
    }
    await heartbeats.begin(deps.probes());
  }

  const roleOf = (probe: Probe): Role => hubs.roleOf(probe.id, probe.quorum);

  /** Ends with what is not this hub's any more. */
  async function letGo(): Promise<void> {
    const probes = new Map(deps.probes().map((probe) => [probe.id, probe]));
    const others = [...roles].flatMap(([id, role]) => {
      const probe = probes.get(id);
      return probe && roleOf(probe) === role ? [] : [id];
    });
    if (others.length > 0) await drop(others, LAST_WORD_MS);
  }

  /** Takes what is this hub's and what it has not yet, from where it was left. */
  async function take(): Promise<void> {
    const isFirst = !loaded;
    const members = hubs.members();
    const view = hubs.view();
    const fresh = deps.probes().filter((probe) => roleOf(probe) !== undefined && !roles.has(probe.id));
    const isOnlyOne = members.length === 1;
    const stored = await loadKept(db, isOnlyOne && isFirst ? undefined : fresh.map(({ id }) => id));
    if (isFirst) {
      const declared = new Set(deps.probes().map(({ id }) => id));
      await settle(isOnlyOne ? [...stored.keys()].filter((id) => !declared.has(id)) : []);
      const last = Math.max(0, ...[...stored.values()].map(({ standing }) => standing.lastCheckAt ?? 0));
      away = last > 0 && isOnlyOne ? { from: last, to: clock.now() } : undefined;
    }
    // What changed meanwhile is taken up by those who saw it change.
    if (!wanted || !hubs.settled() || view !== hubs.view()) return;
    taken = view;
    schedule.start();
    loaded = true;
    known = new Set(deps.probes().map(({ id }) => id));
    for (const probe of fresh) {
      const role = deps.isDeclared(probe.id) ? roleOf(probe) : undefined;
      if (role === undefined) continue;
      const kept = stored.get(probe.id);
      if (kept) recorder.adopt(probe.id, kept);
      roles.set(probe.id, role);
      const ranAt = isFirst && isOnlyOne ? null : (kept?.ranAt ?? null);
      schedule.enter(
        probe,
        waitAfterHandover({ everyMs: probe.everyMs, phase: phaseOf(probe) }, ranAt, time()) ?? firstWait(probe),
      );
    }
    if (isFirst || fresh.length > 0) log.info({ probes: roles.size, hubs: hubs.members().length }, 'probing');
  }

  async function begin(): Promise<void> {
    if (loaded || !wanted) return;
    try {
      await take();
    } catch (error) {
      log.error({ err: error }, 'probing could not begin; it will be tried again');
      retry = setTimeout(() => void queue(begin), START_RETRY_MS);
    }
  }

  async function end(): Promise<void> {
    clearTimeout(retry);
    selfCheck.forget();
    if (!loaded) return;
    loaded = false;
    await drop([...roles.keys()], hubs.shared ? LAST_WORD_MS : 0);
    await schedule.stop();
  }

  /** Starting, stopping and changing take turns. */
  function queue(step: () => Promise<void>): Promise<void> {
    const done = turn.then(step);
    turn = done.catch(() => undefined);
    return done;
  }

  hubs.count(() => roles.size);
  hubs.watch({
    lost() {
      for (const cut of running.values()) cut.abort();
      void schedule.leave(roles.keys());
      recorder.forget([...roles.keys()]);
      roles.clear();
      taken = undefined;
      deps.onMoved();
    },
    release: () =>
      queue(async () => {
        await letGo();
        deps.onMoved();
      }),
    claim: () => queue(async () => void (wanted && taken !== hubs.view() && (await take()))),
  });

  return {
    /** Whether this hub has a probe and writes what comes of it. */
    judges: (id: string): boolean => loaded && roles.get(id) === 'judge',
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
        const probes = deps.probes();
        schedule.replace(probes.filter(({ id }) => roles.has(id)));
        const declared = new Set(probes.map(({ id }) => id));
        await settle([...known].filter((id) => !declared.has(id)));
        known = declared;
        await letGo();
        taken = undefined;
        await take();
      });
    },
    /** Checks one probe now. Where no hub has it, what is stored is read first and the result written at once. */
    async check(probe: Probe): Promise<Standing> {
      if (roles.get(probe.id) === 'judge') await schedule.runNow(probe.id, { afresh: false });
      else if (hubs.members().length > 1) return (await askOwner(probe)) ?? recorder.kept(probe.id).standing;
      else {
        const stored = (await loadKept(db, [probe.id])).get(probe.id);
        if (stored) recorder.adopt(probe.id, stored);
        await checkAndRecord(probe);
        await recorder.settle();
      }
      return recorder.kept(probe.id).standing;
    },
    /** Checks a probe as soon as the check under way has ended, if it is this hub's. */
    checkSoon(probe: Probe): void {
      if (roles.has(probe.id)) void schedule.runNow(probe.id, { afresh: true });
    },
    /** Looks once at a probe that another hub judges, and writes down what is seen for whoever asked. */
    async witness(probe: Probe): Promise<void> {
      if (!loaded || !hubs.mayAct() || roles.get(probe.id) === 'judge') return;
      try {
        await witnesses.tell(probe, await see(probe, AbortSignal.timeout(MOST_MS), clock.monotonic()));
      } catch (error) {
        log.warn({ err: error, probe: probe.id }, 'a look for another hub failed; that one goes on without it');
      }
    },
    skipped: schedule.skipped,
  };

  /** The hub whose probe it is runs it; what it wrote is read. */
  async function askOwner(probe: Probe): Promise<Standing | undefined> {
    const stored = async () => (await loadKept(db, [probe.id])).get(probe.id);
    const before = await stored();
    hubs.tell({ kind: 'look', refs: [{ project: probe.project, service: probe.service, probe: probe.id }] });
    const deadline = clock.monotonic() + probe.timeoutMs + ANSWER_MS;
    for (;;) {
      await pause(LOOK_AGAIN_MS);
      const now = await stored();
      if (now?.ranAt !== before?.ranAt || clock.monotonic() > deadline) return now?.standing;
    }
  }
}

/** No declared time limit of a check is longer. */
const MOST_MS = 120_000;
const ANSWER_MS = 1500;
const LOOK_AGAIN_MS = 200;

/** A first failure is looked at once more at once: what it costs to be sure is a moment, not an interval. */
const CONFIRM_MS = 100;
const isToConfirm = (probe: Probe, verdict: Verdict, { streak }: Standing): boolean =>
  verdict.status === 'down' && streak === 1 && probe.quorum === 1;
/** Not all at one time when many fail together. */
const confirmAfter = (probe: Probe): number => CONFIRM_MS * (1 + phaseOf(probe));

const blind = (reason: string): Verdict => ({ status: 'unknown', latencyMs: null, reason, heard: false });
