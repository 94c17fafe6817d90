import { hkdfSync, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  type Capabilities,
  type Health,
  type LogLevel,
  MESH_PAYLOADS,
  type Metrics,
  type WireSample,
  WireSample as WireSampleShape,
} from '@orrery/protocol';
import { memoryActionStore } from './action-store.ts';
import { type ActionCall, type ActionHandler, createActions } from './actions.ts';
import { createKeyCheck } from './answers.ts';
import { type AttackWatch, createAttackWatch } from './attacks/index.ts';
import { type AuditResult, auditAction } from './audits.ts';
import { createDoor } from './door.ts';
import { createEmitter, type DeliveryStatus, type Queued } from './emitter.ts';
import { createHealth } from './health.ts';
import { httpLink } from './link.ts';
import { captureConsole, pinoStream } from './log-sources.ts';
import { createLogRing } from './logs.ts';
import { createMetrics } from './metrics.ts';
import { type InstanceOptions, readOptions } from './options.ts';
import { cloudEvent } from './outbox.ts';
import { createOutgoing, type Outgoing } from './outgoing.ts';
import { createPerformance } from './performance.ts';
import { createPools, type Pools } from './pools.ts';
import { createQueryLog, type QueryLog } from './queries.ts';
import { type Reporting, startReporting } from './reporting.ts';
import { createRequests, type Requests, repeated } from './requests.ts';
import { createTracer, type Tracer } from './tracer.ts';

type Payload<Kind extends keyof typeof MESH_PAYLOADS> = (typeof MESH_PAYLOADS)[Kind]['_zod']['input'];
type Own<Kind extends keyof typeof MESH_PAYLOADS> = Omit<Payload<Kind>, 'projectSlug'>;

export type Instance = {
  readonly project: string;
  readonly basePath: string;
  /** Whether `handle` answers this path. */
  handles(pathname: string): boolean;
  /** Answers a request for one of the SDK's routes; undefined for any other request. */
  handle(request: Request): Promise<Response | undefined>;
  /** Runs the checks, with details. */
  health(): Promise<Health>;
  metrics(): Promise<Metrics>;
  readonly logs: {
    write(level: LogLevel, message: string, fields?: Record<string, unknown>): void;
    /** A destination for pino: `pino(instance.logs.pinoStream())`. */
    pinoStream(): { write(chunk: string): void };
    /** Keeps what goes to the console; call the answer to end it. */
    captureConsole(target?: Console): () => void;
  };
  readonly tracer: Tracer;
  /** Looks at answered requests for attacks; the adapters call it. */
  readonly attacks: AttackWatch;
  /** Counts calls to other hosts: those of `fetch`, undici and `node:http` by itself while it runs. */
  readonly outgoing: Pick<Outgoing, 'record'>;
  readonly queries: QueryLog;
  /** Which request a statement belongs to: what adapters open and run. */
  readonly requests: Requests;
  /** Pools of connections whose fullness is reported: `tracePool` of `@orrery/sdk/pg` adds one. */
  readonly pools: Pick<Pools, 'watch'>;
  /** Sends an event of the product, such as `lead.created`. It never throws: what cannot travel is said in the answer. */
  emit(type: string, data?: unknown, given?: { id?: string; time?: Date }): Queued;
  /** Sends samples beside the regular metrics; what is not finite is refused by field. */
  sample(...samples: WireSample[]): { queued: number; refused: string[] };
  /** Sends a summary to the hub; `projectSlug` is filled in. */
  readonly summary: {
    graph(summary: Own<'graph.summary.nodes'>): Queued;
    audit(summary: Own<'audit.summary.status'>): Queued;
    security(summary: Own<'security.summary.status'>): Queued;
    deploy(summary: Own<'deploy.summary.status'>): Queued;
  };
  /** Reports that this project integrates with another one. */
  edge(edge: Omit<Payload<'integration.edge'>, 'fromProject'>): Queued;
  /** What waits, was delivered, refused and dropped. */
  delivery(): DeliveryStatus | undefined;
  /** Begins to send presence, health, metrics and summaries at their intervals. */
  start(): void;
  /** Sends what waits, at most for `timeoutMs` (default 2,000), and ends. True when nothing was left. */
  stop(options?: { timeoutMs?: number }): Promise<boolean>;
};

/** Builds the instance of one product process. Nothing is sent before `start`, `emit`, `sample`, `summary` or `edge` is called. */
export function createInstance(options: InstanceOptions): Instance {
  const { basePath, meshNs, apiKeys, secrets, hub } = readOptions(options);
  const { project, version } = options;
  const now = () => performance.now();
  const reuseMs = options.reuseMs ?? 1000;
  const timeoutMs = options.checkTimeoutMs ?? 2000;

  const ring = createLogRing(options.logCapacity ?? 1000);
  const attacks = createAttackWatch({
    ...options.attacks,
    // The same on every process of the product, and known to nobody who has the tokens alone.
    key: new Uint8Array(
      hkdfSync('sha256', hub?.key || apiKeys[0] || randomBytes(32), 'orrery', `attack-actors:${project}`, 32),
    ),
    now,
  });
  const requests = createRequests();
  const repeats = repeated();
  const pools = createPools(now);
  const tracer = createTracer(options.tracer ?? {}, now, repeats);
  const queries = createQueryLog(options.queries ?? {}, now, requests);
  const performances = createPerformance({ tracer, queries, repeats, pools });
  const health = createHealth({ checks: options.checks ?? {}, version, timeoutMs, reuseMs, now });
  const metrics = createMetrics({
    project,
    sources: options.metrics ?? {},
    tracer,
    queries,
    attacks,
    pools,
    process: options.processMetrics ?? true,
    timeoutMs,
    reuseMs,
    now,
  });
  const outgoing = createOutgoing(hub ? [hub.url] : [], now);
  const handlers: Record<string, ActionHandler> = {
    // Asked for by the hub to see at once what it would hear within a minute.
    ...(hub || options.onRefresh ? { 'graph.refresh': refresh } : {}),
    ...options.actions,
    ...Object.fromEntries(
      Object.entries(options.audits ?? {}).map(([name, run]) => [name, auditAction(run, reportAudit)]),
    ),
  };
  const actions = createActions({
    handlers,
    secrets,
    store: options.actionStore ?? memoryActionStore(),
    timeoutMs: options.actionTimeoutMs ?? 300_000,
    log: ring,
    onEnd({ result: _, ...run }, { requestId }) {
      if (!emitter) return;
      const data = { ...run, requestId, title: `${run.action} ${run.status}` };
      // The hub gives what it learns of this run by itself the same id, and keeps one of the two.
      emitter.add(cloudEvent(meshNs, source, 'events.action.finished', data, { id: `run-${run.auditId}` }));
    },
  });
  const capabilities: Capabilities = {
    project,
    ...(options.name === undefined ? {} : { name: options.name }),
    tools: [...(options.tools ?? [])],
    endpoints: {
      health: `${basePath}/health`,
      metrics: `${basePath}/metrics`,
      logs: `${basePath}/logs`,
      ...(Object.keys(handlers).length > 0 ? { actions: `${basePath}/actions` } : {}),
      ...options.endpoints,
    },
    events: [...(options.events ?? [])],
    actions: Object.keys(handlers),
    version,
  };
  const door = createDoor({
    basePath,
    health,
    metrics,
    logs: ring,
    capabilities,
    actions,
    keyFits: createKeyCheck(apiKeys),
  });

  const source = options.hubUrl ?? `urn:orrery:${project}`;
  const wrap = (subject: string, data: unknown) => cloudEvent(meshNs, source, subject, data);
  const onRefused =
    hub?.onRefused ??
    (({ id, field, reason }) => ring.write('warn', `the hub refused an event: ${field} ${reason}`, { id }));
  const onError = hub?.onError ?? ((reason: string) => ring.write('warn', `the hub cannot be reached: ${reason}`));
  const hubTimeoutMs = hub?.timeoutMs ?? 10_000;
  const ask = async (headers: Headers, body: Uint8Array) => {
    const answer = await actions.post(headers, body);
    return { status: answer.status, body: await answer.text() };
  };
  const emitter = hub
    ? createEmitter({
        link: hub.link
          ? hub.link.open({ slug: project, meshNs, timeoutMs: hubTimeoutMs, ask, onError })
          : httpLink({ url: hub.url, key: hub.key, timeoutMs: hubTimeoutMs }),
        limits: {
          maxEvents: hub.maxEvents ?? 10_000,
          maxSamples: hub.maxSamples ?? 50_000,
          maxBytes: hub.maxBytes ?? 16 * 1024 * 1024,
        },
        backoff: { baseMs: hub.retryBaseMs ?? 500, capMs: hub.retryCapMs ?? 30_000 },
        onRefused,
        onError,
        wrap,
        samplesMessage: (samples) => ({ projectSlug: project, samples }),
      })
    : undefined;
  const noHub = { queued: false, reason: 'no hub is configured' } as const;
  const instanceId =
    hub?.instanceId ??
    (hostname()
      .replace(/[^A-Za-z0-9_-]/g, '-')
      .slice(0, 64) ||
      'instance');
  let reporting: Reporting | undefined;

  const send = (subject: keyof typeof MESH_PAYLOADS, payload: unknown, id?: string): Queued => {
    if (!emitter) return noHub;
    const parsed = MESH_PAYLOADS[subject].safeParse(payload);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      return { queued: false, reason: `${issue?.path.join('.')}: ${issue?.message}` };
    }
    return emitter.add(wrap(id === undefined ? subject : subject.replace('<hubId>', id), parsed.data));
  };
  const about = (summary: object) => ({ ...summary, projectSlug: project });

  async function refresh(): Promise<{ refreshed: true }> {
    await Promise.all([reporting?.now(), options.onRefresh?.()]);
    return { refreshed: true };
  }

  function reportAttacks(): void {
    if (!emitter) return;
    const report = attacks.take();
    if (report) emitter.add(cloudEvent(meshNs, source, 'events.security.attack', report));
  }

  function reportAudit({ ok, warn, fail }: AuditResult, { action }: ActionCall): void {
    const lastRun = new Date().toISOString();
    send('audit.summary.status', about({ ok, warn, fail, lastRun }));
    ring.write(fail > 0 ? 'warn' : 'info', `${action} finished: ${ok} ok, ${warn} warnings, ${fail} failed`);
  }

  return {
    project,
    basePath,
    handles: (pathname) => door.handles(pathname),
    handle: (request) => door.handle(request),
    async health() {
      const { latencyMs: _latencyMs, ...report } = await health();
      return report;
    },
    metrics: () => metrics.read(),
    logs: {
      write: (level, message, fields) => ring.write(level, message, fields),
      pinoStream: () => pinoStream(ring),
      captureConsole: (target) => captureConsole(ring, target),
    },
    tracer,
    attacks,
    outgoing,
    queries,
    requests,
    pools,
    emit(type, data, given = {}) {
      if (!emitter) return noHub;
      if (!/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,7}$/.test(type) || type.length > 128)
        return { queued: false, reason: 'type: must be dot-separated names of at most 128 characters' };
      if (given.id !== undefined && (given.id === '' || given.id.length > 128))
        return { queued: false, reason: 'id: must have 1 to 128 characters' };
      if (given.time && Number.isNaN(given.time.getTime())) return { queued: false, reason: 'time: is no time' };
      return emitter.add(cloudEvent(meshNs, source, `events.${type}`, data ?? {}, given));
    },
    sample(...samples) {
      const refused: string[] = [];
      const at = new Date().toISOString();
      const good: WireSample[] = [];
      for (const sample of samples) {
        const parsed = WireSampleShape.safeParse(sample);
        if (parsed.success) good.push({ at, ...parsed.data });
        else refused.push(`${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`);
      }
      if (!emitter) return { queued: 0, refused: [noHub.reason] };
      emitter.addSamples(good);
      return { queued: good.length, refused };
    },
    summary: {
      graph: (summary) => send('graph.summary.nodes', about(summary)),
      audit: (summary) => send('audit.summary.status', about(summary)),
      security: (summary) => send('security.summary.status', about(summary)),
      deploy: (summary) => send('deploy.summary.status', about(summary)),
    },
    edge: (edge) => send('integration.edge', { ...edge, fromProject: project }),
    delivery: () => emitter?.status(),
    start() {
      if (!emitter || !hub || reporting) return;
      const callsEveryMs = hub.callsEveryMs ?? 60_000;
      if (callsEveryMs > 0) outgoing.start();
      reporting = startReporting({
        callsEveryMs,
        attacksEveryMs: hub.attacksEveryMs ?? 5000,
        attacks: reportAttacks,
        calls: () => {
          const calls = outgoing.take();
          if (calls) send('calls.summary.outgoing', about({ ...calls, ts: new Date().toISOString() }));
        },
        performanceEveryMs: hub.performanceEveryMs ?? 60_000,
        performance: () => {
          const window = performances.take(now());
          if (window) send('performance.summary.window', about({ ...window, instance: instanceId }));
        },
        summariesEveryMs: options.onRefresh ? (hub.summariesEveryMs ?? 90_000) : 0,
        summaries: () => options.onRefresh?.(),
        presenceEveryMs: hub.presenceEveryMs ?? 60_000,
        metricsEveryMs: hub.metricsEveryMs ?? 15_000,
        presence: () => {
          if (options.hubUrl === undefined) return;
          const tools = [...(options.tools ?? [])];
          const presence = { meshNs, hubUrl: options.hubUrl, version, tools, capabilities: capabilities.actions };
          send('hub.presence.<hubId>', about(presence), instanceId);
        },
        health: async () => {
          const report = await health();
          const failed = Object.entries(report.checks).filter(([, check]) => !check.ok);
          const degradedReasons = failed.map(([name, check]) => (check.detail ? `${name}: ${check.detail}` : name));
          const { status, latencyMs, timestamp } = report;
          send('hub.health.<hubId>', about({ status, latencyMs, degradedReasons, sampleAt: timestamp }), instanceId);
        },
        metrics: async () => emitter.addSamples(await metrics.samples()),
      });
    },
    async stop({ timeoutMs: deadlineMs = 2000 } = {}) {
      reporting?.stop();
      reportAttacks();
      outgoing.stop();
      return emitter ? emitter.stop(deadlineMs) : true;
    },
  };
}
