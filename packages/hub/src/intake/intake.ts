import type { Caller } from '../access/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { Outbound } from '../platform/outbound.ts';
import type { Secrets } from '../platform/secrets.ts';
import type { Tracer } from '../platform/tracing.ts';
import { createAccept } from './accept.ts';
import { compileProbes, type Probe, type WatchedProject } from './compile.ts';
import { expire } from './expire.ts';
import type { AppendEvents, Facts, StoreEdges, StoreSamples, StoreWindows } from './facts.ts';
import { createHeartbeats } from './heartbeats.ts';
import { aloneHub, type Hubs } from './hubs/hubs.ts';
import type { ServiceRef } from './hubs/news.ts';
import { lookFromElsewhere } from './hubs/secondLook.ts';
import type { Standing } from './judge.ts';
import { type LogFilter, logLinesAfter, projectLogs } from './logs.ts';
import { meshHubs } from './mesh/hubs.ts';
import { createMesh } from './mesh/mesh.ts';
import { beatsOf, meshStates } from './mesh/state.ts';
import type { Stranger } from './mesh/strangers.ts';
import { createMonitor } from './monitor.ts';
import { opsHealth } from './opsHealth.ts';
import { statesAt } from './past.ts';
import { createProber } from './prober.ts';
import { createRecorder } from './record.ts';
import { createRefusals } from './refusals.ts';
import { createSelfCheck, type SelfCheckTarget } from './selfcheck.ts';
import { createStates } from './states.ts';
import { NOTHING_KEPT } from './store.ts';

type IntakeDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  outbound: Pick<Outbound, 'request' | 'open' | 'records'>;
  secrets: Secrets;
  /** Where jobs reach this hub, for the URLs of heartbeats. */
  publicUrl: string;
  apiKeyOf(slug: string): Promise<string | undefined>;
  storeSamples: StoreSamples;
  storeEdges: StoreEdges;
  storeWindows: StoreWindows;
  appendEvents: AppendEvents;
  /** This hub among those on the database; by itself, unless said otherwise. */
  hubs?: Hubs;
  /** What the operator says that this hub must reach to believe that its own network works. */
  selfCheckTargets?: () => readonly SelfCheckTarget[];
  /** Whether trouble is expected there at a time, epoch ms: then a failed check does not count against uptime. */
  inMaintenance?(project: string, service: string, at: number): boolean;
  /** The NATS server that projects may be heard by, and who is told of strangers there. */
  mesh?: {
    url?: string | undefined;
    onStranger?(stranger: Stranger): void;
    /** Given in the hub of one project. */
    speaker?: Parameters<typeof createMesh>[0]['speaker'] | undefined;
  };
  /** Told of every planned check how late it began, ms. */
  onLag?(ms: number): void;
  /** Measures what is taken in; nothing unless given. */
  tracer?: Tracer;
};

/** A probe's state; times are epoch ms of the hub's clock. */
type ProbeState = { probeId: string; project: string; service: string; kind: string; target: string } & Pick<
  Standing,
  'status' | 'since' | 'lastCheckAt' | 'latencyMs' | 'reason' | 'flips'
> & { consecutiveFailures: number; intervalMs: number; instanceChecks: Standing['checks'] };

export type Intake = ReturnType<typeof createIntake>;

/** Facts arrive here: by probes that ask, by projects that push, by jobs that call. Whatever comes out has been checked and stored. */
export function createIntake(deps: IntakeDeps) {
  const { db, clock, log } = deps;
  const hubs = deps.hubs ?? aloneHub(clock);
  const refusals = createRefusals();
  const listeners = new Set<(facts: Facts) => void>();
  const emit = (facts: Facts) => {
    for (const listener of listeners)
      try {
        listener(facts);
      } catch (error) {
        log.error({ err: error, projects: facts.projects }, 'whoever listens for facts failed; the facts are stored');
      }
  };
  let probes: readonly Probe[] = [];
  let ids: ReadonlySet<string> = new Set();
  let projects: ReadonlyMap<string, WatchedProject> = new Map();
  let keys: ReadonlyMap<string, string> = new Map();

  const accept = createAccept({ ...deps, refusals, emit, projectOf: (slug) => projects.get(slug) });
  const mesh = createMesh({
    clock,
    log,
    url: deps.mesh?.url,
    ...(deps.mesh?.onStranger ? { onStranger: deps.mesh.onStranger } : {}),
    ...(deps.mesh?.speaker ? { speaker: deps.mesh.speaker } : {}),
    name: `orrery ${hubs.name}`,
    refusals,
    take: accept.takeCarried,
  });
  const heartbeats = createHeartbeats({ ...deps, shared: hubs.shared });
  const recorder = createRecorder({
    ...deps,
    refusals,
    emit,
    hubs,
  });
  const selfCheck = createSelfCheck({
    clock,
    open: deps.outbound.open,
    targets: deps.selfCheckTargets ?? (() => []),
    onChange(isolation) {
      hubs.isolated(isolation);
      if (isolation)
        log.warn({ reason: isolation.reason }, 'this hub is isolated: what it does not reach is unknown, not down');
      else log.info('this hub reaches its targets again');
    },
  });
  const prober = createProber({
    ...deps,
    recorder,
    heartbeats,
    hubs,
    selfCheck,
    onMoved: () => states.forget(),
    probes: () => probes,
    isDeclared: (id) => ids.has(id),
    keyOf: (slug) => keys.get(slug),
  });

  const states = createStates({ db, clock, hubs, recorder, probes: () => probes, judges: prober.judges });

  /** Whose probes are meant by a reference. */
  const meant = ({ project, service, probe }: ServiceRef) =>
    probes.filter(
      (one) =>
        one.project === project &&
        (service === undefined || one.service === service) &&
        (probe === undefined || one.id === probe),
    );
  hubs.onNews((news) => {
    if (news.kind === 'agents') return;
    if (news.kind === 'facts') return states.changed(news.projects);
    for (const ref of news.refs)
      for (const probe of meant(ref)) {
        if (ref.by === undefined) prober.checkSoon(probe);
        else if (ref.by === hubs.id) void prober.witness(probe);
      }
  });

  const healthDeps = {
    db,
    probes: () => probes,
    keptOf: states.kept,
    isProject: (slug: string) => projects.has(slug),
    heartbeatUrl: heartbeats.urlOf,
    now: clock.now,
  };

  /** Why a project has no log here; throws not_found for a project that nobody declared. */
  async function noteOf(slug: string): Promise<string | undefined> {
    if (!projects.has(slug)) throw new HubError('not_found', `No project "${slug}".`);
    const readers = probes.filter((probe) => probe.project === slug && probe.kind === 'instance');
    if (readers.length === 0)
      return 'No probe of the kind "instance" is declared for this project, and only that kind reads logs.';
    const kept = await states.kept();
    const notes = readers.flatMap((probe) => {
      const note = kept.get(probe.id)?.logs.note;
      return note ? [`${probe.service}: the log could not be read: ${note}`] : [];
    });
    return notes.length > 0 ? notes.join('; ') : undefined;
  }

  /** Runs the probes of these services now, on whichever hub has them. */
  function checkSoon(refs: readonly ServiceRef[]): void {
    const others: ServiceRef[] = [];
    for (const ref of refs)
      for (const probe of meant(ref)) {
        if (prober.judges(probe.id)) prober.checkSoon(probe);
        else others.push({ project: probe.project, service: probe.service, probe: probe.id });
      }
    if (others.length > 0) hubs.tell({ kind: 'look', refs: others });
  }

  return {
    /** Takes up the declared projects: their probes, their keys, their heartbeat URLs. */
    async sync(declared: readonly WatchedProject[]): Promise<void> {
      const found = await Promise.all(declared.map(async ({ slug }) => [slug, await deps.apiKeyOf(slug)] as const));
      keys = new Map(found.flatMap(([slug, key]) => (key === undefined ? [] : [[slug, key] as const])));
      projects = new Map(declared.map((project) => [project.slug, project]));
      probes = compileProbes(declared);
      ids = new Set(probes.map((probe) => probe.id));
      heartbeats.sync(probes);
      refusals.keep(new Set(projects.keys()));
      mesh.sync(declared);
      await prober.sync();
    },
    /** Begins to probe; resolves when it has. Called again without effect. */
    async start(): Promise<void> {
      mesh.start();
      await prober.start();
    },
    /** Ends probing and writes what was seen; what is under way is cut. */
    async stop(): Promise<void> {
      await mesh.stop();
      await prober.stop();
    },
    /** Tells of everything that was taken in, after it is committed. */
    onFacts(listener: (facts: Facts) => void): void {
      listeners.add(listener);
    },
    async states(): Promise<ProbeState[]> {
      const kept = await states.kept();
      return probes.map(({ id, project, service, kind, target, intervalMs }) => {
        const { standing } = kept.get(id) ?? NOTHING_KEPT;
        const { status, since, lastCheckAt, latencyMs, reason, failures, checks, flips } = standing;
        const state = { status, since, lastCheckAt, latencyMs, reason, flips };
        return {
          probeId: id,
          project,
          service,
          kind,
          target,
          ...state,
          consecutiveFailures: failures,
          intervalMs,
          instanceChecks: checks,
        };
      });
    },
    /** How each probe stood at a moment (epoch ms), as far as its checks are kept. */
    statesAt: (at: number) => statesAt(db, probes, at),
    opsHealth: (caller: Caller, filter: { project?: string | undefined; history: number }) =>
      opsHealth(healthDeps, caller, filter),
    projectLogs: (caller: Caller, filter: LogFilter) => projectLogs({ db, noteOf }, caller, filter),
    logLinesAfter: (after: number, limit: number) => logLinesAfter(db, clock.now(), after, limit),
    acceptEvents: accept.acceptEvents,
    /** How projects are reached and heard over NATS. */
    mesh,
    /** What projects said last, of these kinds. */
    meshStates: (kinds: readonly string[], project?: string) => meshStates(db, kinds, project),
    beats: (slugs: readonly string[]) => beatsOf(db, slugs),
    /** The projects as they were taken up. */
    projects: () => [...projects.values()],
    meshHubs: (caller: Caller, project?: string) => meshHubs(db, caller, project),
    /** Takes a beat; throws not_found for a token that no heartbeat has. Resolves once it is stored. */
    async beat(token: string, failed: boolean): Promise<void> {
      const probe = await heartbeats.beat(token, failed);
      if (!probe) throw new HubError('not_found', 'No heartbeat has this address.');
      const shown = recorder.kept(probe.id).standing.status;
      if (failed || shown !== 'up') checkSoon([{ project: probe.project, service: probe.service, probe: probe.id }]);
    },
    checkSoon,
    /** What another hub than the one that judges sees of a service now; empty where there is none, or it does not answer in time. */
    lookFromElsewhere: (ref: ServiceRef, signal: AbortSignal) =>
      lookFromElsewhere({ db, hubs, clock, look: (probe) => void prober.witness(probe) }, meant(ref), signal),
    runOnce: createMonitor({ probes: () => probes, check: prober.check }),
    /** Deletes checks older than `keepMs`, and old log lines and ids. */
    expire: (keepMs: number) => expire(db, clock.now(), keepMs),
    /** What was not taken in, by project and reason, since the start. */
    refusals: refusals.list,
    /** Counts among these what another door of the hub did not take in; `why` is a fixed word. */
    refuse: (project: string, why: string) => refusals.add(project, why),
    /** Checks that wait in memory because the database cannot take them. */
    waitingChecks: recorder.waiting,
    /** Checks that did not run because the one before had not ended. */
    skippedChecks: prober.skipped,
  };
}
