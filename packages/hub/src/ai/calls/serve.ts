import type { AiSplitDeclaration } from '@orrery/protocol';
import { factsOf } from '../providers/book.ts';
import type { ProviderFacts } from '../routing/decide.ts';
import { type Chosen, type Decision, decide } from '../routing/decide.ts';
import { bridgeOf } from '../translate/index.ts';
import type { Accounts, Cache, CachedAnswer, CallOutcome, Contents, Lost, Usage } from '../types.ts';
import type { Json } from '../wire/api.ts';
import type { WireError } from '../wire/errors.ts';
import { writeEvent } from '../wire/events.ts';
import type { OpenStream } from './attempt.ts';
import { type Fault, statusOfLast } from './fault.ts';
import { createWatch } from './overhead.ts';
import type { Prepared } from './prepare.ts';
import { type Failover, type SeekDeps, type Sought, seek } from './seek.ts';

export type ServeDeps = SeekDeps & {
  accounts: Accounts;
  cache: Cache | undefined;
  contents: Contents | undefined;
  splits(): readonly AiSplitDeclaration[];
  /** USD for so many tokens of a provider's model; null when it has no price. */
  priceOf(provider: string, model: string, tokens: { input: number; output: number }): number | null;
};

/** Where a stream goes. */
export type StreamSink = {
  start(): void;
  write(bytes: Uint8Array | string): boolean;
  /** Resolves when there is room again, or nobody is left to read. */
  drained(): Promise<void>;
  end(): void;
};
export type Answer = {
  id: string;
  provider?: string;
  model?: string;
  failovers: Failover[];
  latencyMs: number;
  overheadMs: number;
} & (
  | {
      kind: 'whole';
      status: number;
      contentType: string;
      bytes: Uint8Array;
      body?: Json;
      usage?: Usage;
      cached?: boolean;
      /** What the call has cost in all, in US dollars; null when nobody knows, absent when it did not come to an answer. */
      costUsd?: number | null;
    }
  | { kind: 'refused'; error: WireError; retryAfterMs?: number }
  /** Carries the stream to its end and settles the call. */
  | { kind: 'stream'; contentType: string; carry(sink: StreamSink): Promise<void> }
);

/** What routing decides for a call now, without asking anybody. */
export function decideNow(deps: ServeDeps, call: Prepared): Decision {
  const providers: ProviderFacts[] = deps.book.all().map(factsOf);
  const { inputTokens: input, maxOutputTokens: output } = call.question;
  return decide(call.question, providers, deps.splits(), (provider, model) =>
    deps.priceOf(provider, model, { input, output }),
  );
}

/**
 * Serves one call: decides, asks the accounts, finds a provider that has content, and settles before the answer is closed. Never throws
 * for what a provider does.
 */
export async function serve(
  deps: ServeDeps,
  call: Prepared,
  signal: AbortSignal,
  failureEvent: (error: WireError) => string,
): Promise<Answer> {
  const watch = createWatch(deps.clock);
  const decision = decideNow(deps, call);
  const failovers: Failover[] = [];
  const lost: Lost[] = [];
  let settled = false;
  const settle = async (outcome: Ending): Promise<number | null> => {
    if (settled) return null;
    settled = true;
    const whole: CallOutcome = { ...outcome, ...watch.figures(), failovers, lost, decision };
    return deps.accounts.settle(call.facts, whole);
  };
  const base = () => ({ id: call.facts.id, failovers, ...watch.figures() });
  const refuse = (error: WireError, retryAfterMs?: number): Answer => ({
    ...base(),
    kind: 'refused',
    error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

  const admission = await deps.accounts.admit(call.facts, decision.candidates, signal);
  if (!admission.ok) {
    const { status, reason, detail, retryAfterMs } = admission;
    return refuse({ status, code: reason, message: detail }, retryAfterMs);
  }
  try {
    if (decision.none) {
      const error = errorOf(decision);
      await settle({ outcome: 'refused', status: error.status, error: error.message });
      return refuse(error, decision.retryAfterMs);
    }
    const kept = deps.cache?.wants(call.facts)
      ? await deps.cache.get(call.facts, call.bytes, steeredBy(call))
      : undefined;
    if (kept) {
      await settle({ outcome: 'ok', status: kept.status, cached: true, ...servedBy(kept) });
      const { body, ...rest } = kept;
      // A stream is given again as it was, in one piece.
      const parsed = isStream(kept) ? {} : { body: bodyOf(kept) };
      return { ...base(), kind: 'whole', ...rest, bytes: body, ...parsed, cached: true, costUsd: 0 };
    }
    const { only } = admission;
    const candidates = decision.candidates.filter(
      (one) => (!admission.localOnly || one.local) && (only === undefined || only.includes(one)),
    );
    if (candidates.length === 0 && only?.length === 0) {
      const message = 'No model that your role may use can serve this (ai.guardrails.models).';
      await settle({ outcome: 'refused', status: 403, error: 'model_not_allowed' });
      return refuse({ status: 403, code: 'model_not_allowed', message });
    }
    const sought = await seek(deps, call, candidates, watch, signal);
    failovers.push(...sought.failovers);
    lost.push(...sought.lost);
    if (!sought.ok) {
      const error = failureOf(sought, candidates, admission.localOnly === true, signal.aborted);
      const outcome = signal.aborted
        ? 'cancelled'
        : sought.refusal && sought.faults.length === 0
          ? 'refused'
          : 'failed';
      await settle({ outcome, status: error.status, error: error.message });
      return refuse(error, restOf(sought.faults));
    }
    const { opened, chosen, provider, key } = sought;
    const by = { provider: provider.name, model: chosen.model, providerKey: key.id };
    if (opened.kind === 'stream') {
      watch.first();
      const carry = (sink: StreamSink) =>
        carryStream({ deps, call, sought, opened, sink, settle, by, watch, failureEvent, signal });
      return { ...base(), ...by, kind: 'stream', contentType: opened.contentType, carry };
    }
    sought.release();
    if (opened.kind === 'caller') {
      await settle({
        outcome: 'refused',
        status: opened.status,
        ...by,
        error: `the provider answered ${opened.status}`,
      });
      if (bridgeOf(call.api, chosen.api) || opened.bytes.length === 0)
        return refuse({ status: opened.status, code: 'provider_refused', message: messageOf(opened.bytes) });
      return {
        ...base(),
        ...by,
        kind: 'whole',
        status: opened.status,
        contentType: opened.contentType,
        bytes: opened.bytes,
      };
    }
    const { contentType, bytes, body, usage } = opened;
    const nano = await settle({ outcome: 'ok', status: 200, ...by, ...(usage ? { usage } : {}) });
    const costUsd = nano === null ? null : nano / 1e9;
    await remember(deps, call, { status: 200, contentType, body: bytes, ...by });
    return {
      ...{ ...base(), ...by, kind: 'whole', status: 200, contentType, bytes, body, costUsd },
      ...(usage ? { usage } : {}),
    };
  } catch (error) {
    await settle({ outcome: 'failed', status: 500, error: 'the hub failed' });
    throw error;
  }
}

/** How a call ends, as far as its figures do not say it. */
type Ending = Omit<CallOutcome, 'latencyMs' | 'overheadMs' | 'decision' | 'failovers' | 'lost'>;

type Carry = {
  deps: ServeDeps;
  call: Prepared;
  sought: Sought & { ok: true };
  opened: OpenStream;
  sink: StreamSink;
  settle(outcome: Ending): Promise<unknown>;
  by: { provider: string; model: string; providerKey: string };
  watch: ReturnType<typeof createWatch>;
  failureEvent(error: WireError): string;
  signal: AbortSignal;
};

async function carryStream({
  deps,
  call,
  sought,
  opened,
  sink,
  settle,
  by,
  watch,
  failureEvent,
  signal,
}: Carry): Promise<void> {
  const bridge = bridgeOf(call.api, sought.chosen.api)?.stream(call.body);
  const waited = watch.wait();
  let waitingForRoom = false;
  const record = createRecord(deps, call);
  const write = (bytes: Uint8Array | string) => {
    record?.add(bytes);
    if (sink.write(bytes) || waitingForRoom) return;
    // Whoever reads slowly makes the provider wait, not the hub's memory grow.
    waitingForRoom = true;
    opened.pause();
    void sink.drained().then(() => {
      waitingForRoom = false;
      opened.resume();
    });
  };
  sink.start();
  let fault: Fault | undefined;
  try {
    fault = await opened.pump((bytes, events) => {
      if (!bridge) return write(bytes);
      const text = events
        .flatMap((event) => bridge.take(event))
        .map(writeEvent)
        .join('');
      if (text !== '') write(text);
    });
  } finally {
    sought.release();
    waited();
  }
  let last = '';
  if (!fault)
    try {
      last = bridge?.end().map(writeEvent).join('') ?? '';
    } catch (error) {
      fault = { reason: 'wrong_shape', detail: error instanceof Error ? error.message : String(error) };
    }
  const usage = opened.usage();
  const known = { ...by, status: 200, receivedChars: opened.receivedChars(), ...(usage ? { usage } : {}) };
  if (signal.aborted) {
    await settle({ outcome: 'cancelled', ...known });
    return;
  }
  if (fault) {
    if (fault.reason !== 'stopped') sought.key.fail(fault);
    sought.provider.stats.failed(fault.reason);
    const message = `The provider "${by.provider}" failed after the answer had begun (${fault.reason}); what came is not whole.`;
    write(failureEvent({ status: 502, code: 'stream_interrupted', message }));
    await settle({ outcome: 'cut', ...known, error: fault.reason });
  } else {
    if (last !== '') write(last);
    await settle({ outcome: 'ok', ...known });
    const body = record?.whole();
    if (body) await remember(deps, call, { status: 200, contentType: opened.contentType, body, ...by });
  }
  sink.end();
}

/** Keeps what was answered, for the tenants that want it: to be given again, or to be read. */
async function remember(deps: ServeDeps, call: Prepared, answer: CachedAnswer): Promise<void> {
  if (deps.cache?.wants(call.facts)) await deps.cache.put(call.facts, call.bytes, answer, steeredBy(call));
  if (deps.contents?.wants(call.facts)) await deps.contents.keep(call.facts, call.bytes, answer.body);
}

/** What the caller says in headers beside its body, as far as it reaches a provider and changes the answer. */
const steeredBy = ({ headers }: Prepared): string =>
  ['anthropic-version', 'anthropic-beta', 'openai-beta'].map((name) => headers[name] ?? '').join('\n');

const MOST_RECORDED = 2 * 1024 * 1024;

/** What goes to the caller of a stream, where somebody wants it; a stream that is too long is not kept. */
function createRecord(deps: ServeDeps, call: Prepared) {
  if (!deps.cache?.wants(call.facts) && !deps.contents?.wants(call.facts)) return undefined;
  const pieces: Buffer[] = [];
  let size = 0;
  return {
    add(bytes: Uint8Array | string): void {
      size += bytes.length;
      if (size <= MOST_RECORDED) pieces.push(Buffer.from(bytes));
    },
    whole: (): Buffer | undefined => (size <= MOST_RECORDED ? Buffer.concat(pieces) : undefined),
  };
}

function errorOf(decision: Decision): WireError {
  const { code = 'unsatisfiable', detail = '' } = decision.none ?? {};
  const status = { model_not_found: 404, no_provider: 503, unsatisfiable: 400, resting: 503 }[code];
  return { status, code, message: detail, ...(code === 'model_not_found' ? { field: 'model' } : {}) };
}

function failureOf(
  sought: Sought & { ok: false },
  candidates: readonly Chosen[],
  localOnly: boolean,
  aborted: boolean,
): WireError {
  if (aborted) return { status: 499, code: 'cancelled', message: 'The caller left.' };
  if (candidates.length === 0 && localOnly)
    return { status: 402, code: 'over_budget', message: 'Over budget, and no local model can serve this.' };
  const { refusal, faults, failovers } = sought;
  if (refusal && faults.length === 0)
    return {
      status: 400,
      code: refusal.field === undefined ? 'guardrail' : 'cannot_carry',
      message: refusal.field === undefined ? refusal.reason : `${refusal.field}: ${refusal.reason}`,
      field: refusal.field,
    };
  const told = failovers.map(({ provider, reason }) => `${provider}: ${reason}`).join('; ');
  return {
    status: statusOfLast(faults),
    code: faults.at(-1)?.reason === 'key_refused' ? 'provider_refused_key' : 'no_provider_answered',
    message: `No provider could answer (${told}).`,
  };
}

/** When the first of those that said so may be asked again. */
function restOf(faults: readonly Fault[]): number | undefined {
  const rests = faults.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  return rests.length > 0 ? Math.min(...rests) : undefined;
}

const servedBy = ({ provider, model }: CachedAnswer) => ({
  ...(provider === undefined ? {} : { provider }),
  ...(model === undefined ? {} : { model }),
});
const isStream = ({ contentType }: CachedAnswer): boolean => contentType.startsWith('text/event-stream');
const bodyOf = (kept: CachedAnswer): Json => JSON.parse(new TextDecoder().decode(kept.body));

/** What a provider said of a request that it refused, in its own words. */
function messageOf(bytes: Buffer): string {
  try {
    const body = JSON.parse(bytes.toString('utf8'));
    const message = body?.error?.message;
    if (typeof message === 'string') return message.slice(0, 2000);
  } catch {
    // A refusal that is no JSON has no message of its own.
  }
  return 'The provider refused the request.';
}
