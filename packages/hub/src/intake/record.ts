import type { ServiceStatus } from '@orrery/protocol';
import { type Db, inTransaction } from '../platform/db.ts';
import { inHalves } from '../platform/halves.ts';
import type { Log } from '../platform/log.ts';
import { isOutage } from '../platform/outage.ts';
import type { Probe } from './compile.ts';
import type { AppendEvents, Facts, IncomingEvent, IncomingSample, Seen, StoreSamples } from './facts.ts';
import type { Hubs } from './hubs/hubs.ts';
import { judge } from './judge.ts';
import { createLogKeeper } from './logs.ts';
import type { Outcome } from './probes/probe.ts';
import type { Refusals } from './refusals.ts';
import { checkNumber, createCheckWriter, createStateWriter, type Kept, NOTHING_KEPT } from './store.ts';
import { countCheck } from './uptime.ts';
import { withinRoom } from './waitingRoom.ts';

/** Checks that say what the ones before them said wait for company: their transaction costs more than they do. */
const CALM_MS = 1000;
/** A change is news; what else comes within this long goes with it. */
const NEWS_MS = 20;
const RETRY_MS = 200;
const MAX_RETRY_MS = 1000;
const MAX_BATCH = 2000;
/** So often a batch is taken apart in search of the checks that no database takes. */
const MAX_TRIES = 64;

/** What a check comes to in the end: the target's own doing, or unknown when the hub could not look. */
export type Verdict = Omit<Outcome, 'status'> & { status: ServiceStatus };

type Entry = { probe: Probe; outcome: Verdict; at: number; kept: Kept; from: ServiceStatus; excused: boolean };

/** Other hubs have taken over: what this one saw is theirs to see. */
class Replaced extends Error {}

export type Recorder = ReturnType<typeof createRecorder>;

/**
 * Judges what checks saw and writes it together: all that came in within a moment is one transaction, told of once it is committed.
 * While the database cannot be written, checks wait in memory (as many as there is room for) and probing goes on. One that is itself
 * why it cannot be stored holds up no other.
 */
export function createRecorder(deps: {
  db: Db;
  log: Log;
  storeSamples: StoreSamples;
  appendEvents: AppendEvents;
  refusals: Refusals;
  hubs: Pick<Hubs, 'shared' | 'guard'>;
  emit(facts: Facts): void;
  /** Whether trouble is expected there at a time, epoch ms: then a failed check does not count against uptime. */
  inMaintenance?(project: string, service: string, at: number): boolean;
}) {
  const { db, log } = deps;
  const logKeeper = createLogKeeper();
  const saveChecks = createCheckWriter();
  const saveStates = createStateWriter();
  const judged = new Map<string, Kept>();
  const committed = new Map<string, Kept>();
  let waiting: Entry[] = [];
  let timer: NodeJS.Timeout | undefined;
  let hasNews = false;
  let writing: Promise<void> | undefined;
  let failures = 0;

  /** Judges what a check saw at `at`, epoch ms; `ranAt` is when it began, by the clock that hubs share. */
  function record(probe: Probe, outcome: Verdict, at: number, ranAt: number | null): Kept {
    const before = judged.get(probe.id) ?? NOTHING_KEPT;
    const excused = outcome.status === 'down' && deps.inMaintenance?.(probe.project, probe.service, at) === true;
    const counts = outcome.status !== 'unknown' && !excused;
    const kept: Kept = {
      standing: judge(before.standing, outcome, probe, at),
      hours: counts ? countCheck(before.hours, at, outcome.status !== 'down') : before.hours,
      logs: outcome.logs?.position ?? before.logs,
      ranAt,
    };
    judged.set(probe.id, kept);
    waiting.push({ probe, outcome, at, kept, from: before.standing.status, excused });
    if (outcome.refused) deps.refusals.addAll(probe.project, outcome.refused);
    writeWithin(kept.standing.status === before.standing.status ? CALM_MS : NEWS_MS);
    return kept;
  }

  function writeWithin(ms: number): void {
    // While the database cannot be written, its retry has the word.
    if (failures === 0 && ms === NEWS_MS && !hasNews) {
      hasNews = true;
      clearTimeout(timer);
      timer = setTimeout(flushSoon, ms);
    } else timer ??= setTimeout(flushSoon, ms);
  }

  /** Takes what is stored of one probe for what is known of it. */
  function adopt(id: string, kept: Kept): void {
    judged.set(id, kept);
    committed.set(id, kept);
  }

  function flushSoon(): void {
    timer = undefined;
    hasNews = false;
    void flush().finally(() => {
      if (waiting.length > 0)
        timer ??= setTimeout(flushSoon, failures === 0 ? 0 : Math.min(RETRY_MS * 2 ** failures, MAX_RETRY_MS));
    });
  }

  /** One at a time: of two at once the older could come last. */
  function flush(): Promise<void> {
    writing ??= writeBatch().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  async function writeBatch(): Promise<void> {
    const declared = waiting.filter(({ probe }) => judged.has(probe.id));
    const batch = declared.slice(0, MAX_BATCH);
    waiting = declared.slice(MAX_BATCH);
    if (batch.length === 0) return;
    const { done, bad, left, error } = await inHalves(batch, store, {
      isShared: (why) => why instanceof Replaced || isOutage(why),
      tries: MAX_TRIES,
    });
    if (error instanceof Replaced)
      return log.warn({ checks: left.length }, 'other hubs have taken over; what was seen is dropped');
    // Where nothing at all was stored, the checks are not to blame.
    const refused = done.length > 0 ? bad : [];
    const open = new Set([...left, ...(done.length > 0 ? [] : bad.map(({ item }) => item))]);
    for (const { item, error: err } of refused)
      log.error({ err, probe: item.probe.id, target: item.probe.target }, 'a check cannot be stored and is left out');
    if (open.size === 0) {
      failures = 0;
      return;
    }
    failures += 1;
    if (failures === 1)
      log.error({ err: error ?? bad[0]?.error, checks: open.size }, 'checks could not be stored; they wait');
    waiting = withinRoom([...batch.filter((entry) => open.has(entry)), ...waiting]);
  }

  /** Stores these together and tells of them. */
  async function store(batch: readonly Entry[]): Promise<void> {
    const refused = await inTransaction(db, (trx) => write(trx, batch));
    for (const [project, reasons] of refused) deps.refusals.addAll(project, reasons);
    for (const { probe, kept } of batch) if (judged.has(probe.id)) committed.set(probe.id, kept);
    deps.emit(factsOf(batch));
  }

  /** What of it was refused comes back: a transaction may be tried more than once. */
  async function write(trx: Db, batch: readonly Entry[]) {
    const refusals: (readonly [string, Awaited<ReturnType<StoreSamples>>['refused']])[] = [];
    if (deps.hubs.shared && !(await deps.hubs.guard(trx))) throw new Replaced();
    const newest = new Map(batch.map((entry) => [entry.probe.id, entry]));
    await saveChecks(
      trx,
      batch.map(({ probe, outcome, at }) => ({
        probe: probe.key,
        at,
        status: checkNumber(outcome.status),
        latency_ms: outcome.latencyMs,
        reason: outcome.reason ?? null,
      })),
    );
    await saveStates(
      trx,
      [...newest].map(([id, { kept }]) => ({ id, kept })),
    );
    for (const [project, entries] of Map.groupBy(batch, (entry) => entry.probe.project)) {
      const at = Math.max(...entries.map((entry) => entry.at));
      const { refused } = await deps.storeSamples(trx, project, entries.flatMap(samplesOf), at);
      refusals.push([project, refused]);
    }
    for (const { probe, outcome, at } of batch)
      if (outcome.logs && outcome.logs.entries.length > 0)
        await logKeeper.store(trx, { project: probe.project, service: probe.service }, outcome.logs.entries, at);
    const events = batch.flatMap(eventsOf);
    if (events.length > 0) await deps.appendEvents(trx, events);
    return refusals;
  }

  return {
    record,
    /** The standing of a probe as of its last check, written or not. */
    kept: (id: string): Kept => judged.get(id) ?? NOTHING_KEPT,
    /** Checks that could not be written yet; none while all is well. */
    waiting: () => (failures === 0 ? 0 : waiting.length),
    /** What is written of a probe. */
    committed: (id: string): Kept | undefined => committed.get(id),
    adopt,
    forget(ids: Iterable<string>): void {
      for (const id of ids) {
        judged.delete(id);
        committed.delete(id);
      }
      waiting = waiting.filter((entry) => judged.has(entry.probe.id));
    },
    /** Writes what waits now; one try. */
    async settle(): Promise<void> {
      clearTimeout(timer);
      timer = undefined;
      hasNews = false;
      await writing;
      while (waiting.length > 0) {
        await flush();
        if (failures > 0) break;
      }
    },
  };
}

/** The series of a probe's own figures: one per service and kind; further probes of the same kind are told apart by number. */
function samplesOf({ probe, outcome, at, excused }: Entry): IncomingSample[] {
  const tags = probe.ordinal === 0 ? { kind: probe.kind } : { kind: probe.kind, probe: String(probe.ordinal + 1) };
  const own = { service: probe.service, tags, at };
  if (outcome.status === 'unknown') return [];
  // Of uptime too nothing is said by a check that failed where trouble was expected.
  const samples: IncomingSample[] = excused
    ? []
    : [{ key: 'probe.up', value: outcome.status === 'down' ? 0 : 1, ...own }];
  // The latency of a failure is the latency of nothing.
  if (outcome.latencyMs !== null && outcome.status !== 'down')
    samples.push({ key: 'probe.latency_ms', value: outcome.latencyMs, unit: 'ms', ...own });
  if (outcome.logs)
    samples.push({
      key: 'logs.error_count',
      value: outcome.logs.entries.filter((entry) => entry.level >= 3).length,
      service: probe.service,
      unit: 'count',
      at,
    });
  for (const figure of outcome.figures ?? []) samples.push({ ...figure, ...own });
  for (const sample of outcome.samples ?? [])
    samples.push(probe.kind === 'instance' ? { ...sample, at } : ofService(probe, sample, at));
  return samples;
}

/** What a probe reads out of a service is the service's; an instance speaks for its whole project. */
const ofService = ({ service, ordinal }: Probe, sample: IncomingSample, at: number): IncomingSample => ({
  ...sample,
  ...(ordinal === 0 ? {} : { tags: { ...sample.tags, probe: String(ordinal + 1) } }),
  service,
  at,
});

function eventsOf({ probe, kept: { standing }, from, at }: Entry): IncomingEvent[] {
  const { status, reason } = standing;
  // What nobody could see is said of the hub, once, and not of every target.
  if (status === from || status === 'unknown' || (from === 'unknown' && status === 'up')) return [];
  return [
    {
      id: `${probe.id}-${at}`,
      at,
      type: 'probe.status',
      project: probe.project,
      service: probe.service,
      title: `${probe.project}/${probe.service} is ${status}${reason && status !== 'up' ? `: ${reason}` : ''}`,
      data: { probeId: probe.id, kind: probe.kind, target: probe.target, from, to: status, reason },
    },
  ];
}

function factsOf(batch: readonly Entry[]): Facts {
  const seen = new Map<string, Seen>();
  for (const { probe, outcome, at } of batch) {
    if (!outcome.heard) continue;
    seen.set(probe.project, {
      ...seen.get(probe.project),
      project: probe.project,
      at,
      ...(outcome.version === undefined ? {} : { version: outcome.version }),
      ...(outcome.capabilities === undefined ? {} : { capabilities: outcome.capabilities }),
    });
  }
  const at = Math.max(...batch.map((entry) => entry.at));
  const projects = [...new Set(batch.map((entry) => entry.probe.project))];
  const calm = batch.every(({ kept, from }) => kept.standing.status === from);
  return { at, projects, seen: [...seen.values()], calm };
}
