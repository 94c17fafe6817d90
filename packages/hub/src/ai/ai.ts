import type { AiApi, AiProviderDeclaration, AiProviderView, AiSplitDeclaration } from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { Outbound } from '../platform/outbound.ts';
import { noTracing, type Tracer } from '../platform/tracing.ts';
import { type Prepared, type PrepareInput, prepare } from './calls/prepare.ts';
import { type Answer, decideNow, type ServeDeps, serve } from './calls/serve.ts';
import { authorizeAi } from './may.ts';
import { createBook } from './providers/book.ts';
import { shareRests } from './providers/shared.ts';
import { viewOf } from './providers/view.ts';
import { probeAll } from './providers/watch.ts';
import type { Decision } from './routing/decide.ts';
import { traced } from './telemetry.ts';
import type { Accounts, Cache, Contents, Guardrail, Intent } from './types.ts';
import { errorEvent } from './wire/errors.ts';
import { type ReadRequest, readRequest } from './wire/request.ts';

export type AiConfig = {
  readonly providers: readonly { readonly declaration: AiProviderDeclaration }[];
  readonly splits: readonly AiSplitDeclaration[];
  readonly fallback: 'any' | 'same';
  readonly hedgeAfterMs?: number;
};
export type AiDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  outbound: Outbound;
  /** Names this hub to the others. */
  hubId: string;
  config(): AiConfig;
  accounts: Accounts;
  cache?: Cache | undefined;
  contents?: Contents | undefined;
  guardrail?: Guardrail | undefined;
  /** USD for so many tokens; null when there is no price. */
  priceOf?: ServeDeps['priceOf'];
  tracer?: Tracer;
  breaker?: { failures: number; restMs: number };
};
const BREAKER = { failures: 5, restMs: 10_000 };
const PROBE_EVERY_MS = 30_000;
const SHARE_EVERY_MS = 2000;

/** The task that the orchestrator hands to a model: as a chat completion, on whatever provider fits. */
export type Task = Pick<
  PrepareInput,
  'caller' | 'intent' | 'tenant' | 'project' | 'localOnly' | 'maxLatencyMs' | 'maxCostUsd'
> & {
  body: Record<string, unknown>;
};

export type Ai = ReturnType<typeof createAi>;

/** The AI gateway: every call to a model passes here, is routed, failed over, accounted for and audited. */
export function createAi(deps: AiDeps) {
  const { clock, log, db } = deps;
  const tracer = deps.tracer ?? noTracing;
  const rests = shareRests({ db, clock, log, hub: deps.hubId, book: () => book });
  const book = createBook({ clock, breaker: deps.breaker ?? BREAKER, onRest: rests.tell });
  const pool = deps.outbound.pool(
    (origin) => book.all().find((provider) => portOf(provider.origin) === portOf(origin))?.timeouts.connect ?? 5000,
  );
  const serving: ServeDeps = {
    ...{ book, pool, clock },
    accounts: deps.accounts,
    cache: deps.cache,
    contents: deps.contents,
    guardrail: deps.guardrail,
    hedgeAfterMs: () => deps.config().hedgeAfterMs,
    splits: () => deps.config().splits,
    priceOf: deps.priceOf ?? (() => null),
  };
  let timers: NodeJS.Timeout[] = [];

  const probing = { book, pool, clock, log };
  const read = (api: AiApi, body: unknown, length: number): ReadRequest => {
    const found = readRequest(api, body, length);
    if (!('reason' in found)) return found;
    throw new HubError('invalid', `${found.field}: ${found.reason}`, { fields: [found] });
  };

  return {
    /** Providers and splits as they are declared now. */
    sync(config: AiConfig): void {
      book.sync(config.providers.map(({ declaration }) => declaration));
      void probeAll(probing);
    },
    start(): void {
      const share = () =>
        void rests
          .read()
          .catch((error: unknown) => log.warn({ err: error }, 'what other hubs leave alone was not read'));
      timers = [setInterval(() => void probeAll(probing), PROBE_EVERY_MS), setInterval(share, SHARE_EVERY_MS)];
      for (const timer of timers) timer.unref();
    },
    async stop(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      await pool.close();
      await rests.settled();
    },

    /** Serves a request of a wire format as it came. Throws HubError for one that is no such request. */
    async call(input: {
      caller: Caller;
      api: AiApi;
      body: unknown;
      bytes: Buffer;
      headers: Prepared['headers'];
      signal: AbortSignal;
      requestId: string;
    }): Promise<Answer> {
      const { caller, api, body, bytes, headers, signal } = input;
      authorizeAi(caller);
      const prepared = prepare({
        ...{ caller, api, bytes, headers, body: body as Prepared['body'] },
        read: read(api, body, bytes.length),
        intent: api as Intent,
        protocol: api === 'messages' ? 'anthropic' : 'openai',
        now: clock.now(),
        tenant: caller.tenant,
        project: projectOf(caller, headers),
        fallback: deps.config().fallback,
      });
      return traced(tracer, prepared.facts, () =>
        serve(serving, prepared, signal, (error) => errorEvent(api, error, input.requestId)),
      );
    },

    /** Has a task of the orchestrator's done by a model. */
    async run(task: Task, signal: AbortSignal): Promise<Answer> {
      const { body, ...rest } = task;
      const bytes = Buffer.from(JSON.stringify(body));
      const prepared = prepare({
        ...rest,
        ...{ api: 'chat', protocol: 'orrery', body, bytes, headers: {} },
        read: read('chat', body, bytes.length),
        now: clock.now(),
        fallback: deps.config().fallback,
      });
      return traced(tracer, prepared.facts, () =>
        serve(serving, prepared, signal, (error) => errorEvent('chat', error, prepared.facts.id)),
      );
    },

    /** What routing would do with a request now, and why; nobody is asked. */
    explain(caller: Caller, api: AiApi, body: Record<string, unknown>, localOnly = false): Decision {
      authorizeAi(caller);
      const bytes = Buffer.from(JSON.stringify(body));
      return decideNow(
        serving,
        prepare({
          ...{ caller, api, body, bytes, headers: {}, localOnly },
          ...{ intent: api as Intent, protocol: 'openai', now: clock.now(), tenant: caller.tenant },
          read: read(api, body, bytes.length),
          fallback: deps.config().fallback,
        }),
      );
    },

    providers: (): AiProviderView[] => book.all().map((provider) => viewOf(provider, clock)),
    probe: () => probeAll(probing),

    /** Names that callers may ask for, each once, with who serves it. */
    models(): { id: string; owned_by: string }[] {
      const names = new Map<string, string>();
      for (const { name, models, stats } of book.all()) {
        const own = models.length > 0 ? models.flatMap((model) => [model.name, ...model.aliases]) : stats.listed();
        for (const id of own) if (!names.has(id)) names.set(id, name);
      }
      for (const { model, name } of deps.config().splits) if (!names.has(model)) names.set(model, name);
      return [...names].map(([id, owned_by]) => ({ id, owned_by }));
    },
  };
}

/** As a port that is written, or the one that its scheme means. */
function portOf(origin: string): string {
  const { protocol, hostname, port } = new URL(origin);
  return `${protocol}//${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

/** Which project a call is for: the caller's header, where the caller may see that project. */
function projectOf(caller: Caller, headers: Prepared['headers']): string | undefined {
  const named = headers['x-orrery-project'];
  if (named !== undefined) {
    if (typeof named !== 'string' || !/^[a-z0-9][a-z0-9_-]{0,62}$/.test(named))
      throw new HubError('invalid', 'x-orrery-project: must be the slug of a project', {
        fields: [{ field: 'x-orrery-project', reason: 'must be the slug of a project' }],
      });
    authorizeAi(caller, named);
    return named;
  }
  const [only] = caller.projects === 'all' || caller.projects.length !== 1 ? [] : caller.projects;
  return only;
}
