import type { Clock } from '../../platform/clock.ts';
import { OutboundError, type Pool } from '../../platform/outbound.ts';
import { type Book, type Provider, pickKey } from '../providers/book.ts';
import { FaultError, type ProviderKey } from '../providers/keys.ts';
import type { Chosen } from '../routing/decide.ts';
import { bridgeOf } from '../translate/index.ts';
import type { Guardrail, Lost } from '../types.ts';
import type { Json } from '../wire/api.ts';
import { answersAsked } from '../wire/request.ts';
import { attempt, type Opened } from './attempt.ts';
import { type Fault, faultOf, type Spent, wordsOf } from './fault.ts';
import { outgoing } from './outgoing.ts';
import type { Watch } from './overhead.ts';
import type { Prepared } from './prepare.ts';

export type Failover = { provider: string; reason: string };
export type Served = { opened: Opened; chosen: Chosen; provider: Provider; key: ProviderKey };
/** `lost`: what the others have used that were asked and did not serve. */
export type Sought = { failovers: Failover[]; lost: Lost[] } & (
  | ({ ok: true; release(): void } & Served)
  | { ok: false; faults: Fault[]; refusal?: { reason: string; field?: string } }
);
export type SeekDeps = {
  book: Book;
  pool: Pool;
  clock: Clock;
  guardrail: Guardrail | undefined;
  hedgeAfterMs(): number | undefined;
};

/**
 * Asks one provider after another until one has content for the caller. What is the caller's own fault ends the search; so does the
 * caller's leaving. With hedging the next is asked as well while the first is silent, and the first with content wins.
 */
export async function seek(
  deps: SeekDeps,
  call: Prepared,
  candidates: readonly Chosen[],
  watch: Watch,
  signal: AbortSignal,
): Promise<Sought> {
  const failovers: Failover[] = [];
  const faults: Fault[] = [];
  const lost: Lost[] = [];
  let refusal: { reason: string; field?: string } | undefined;
  const note = (chosen: Chosen, fault: Fault) => {
    faults.push(fault);
    failovers.push({ provider: chosen.provider, reason: wordsOf(fault) });
  };
  const waiting = [...candidates];
  const started = deps.clock.monotonic();
  const left = () =>
    call.deadlineMs === undefined ? undefined : Math.max(1, call.deadlineMs - (deps.clock.monotonic() - started));

  /** The next candidate that can be asked at all, under way. */
  function launch(): Running | undefined {
    for (let chosen = waiting.shift(); chosen; chosen = waiting.shift()) {
      const provider = deps.book.find(chosen.provider);
      const key = provider && pickKey(provider);
      if (!provider || !key) {
        note(chosen, { reason: 'stopped', detail: 'it rests' });
        continue;
      }
      const request = outgoing(call, chosen, provider, key, deps.guardrail);
      if (!request.ok) {
        refusal ??= { reason: request.reason, ...(request.field === undefined ? {} : { field: request.field }) };
        failovers.push({ provider: chosen.provider, reason: request.why });
        continue;
      }
      return run(deps, call, { chosen, provider, key }, request, left(), signal);
    }
    return undefined;
  }

  const running = new Set<Running>();
  /** Ends those that are not needed any more, and counts what they have used. */
  const endOthers = async () => {
    for (const other of running) other.cancel();
    for (const other of running) lost.push(...lostOf(call, other.chosen, await other.result));
  };
  const begin = () => {
    const one = launch();
    if (one) running.add(one);
    return one !== undefined;
  };
  begin();
  while (running.size > 0) {
    const waited = watch.wait();
    const hedge = running.size === 1 && waiting.length > 0 ? deps.hedgeAfterMs() : undefined;
    const first = await firstOf(running, hedge);
    waited();
    if (first === undefined) {
      begin();
      continue;
    }
    running.delete(first.one);
    if ('opened' in first) {
      await endOthers();
      const { chosen, provider, key } = first.one;
      return { ok: true, failovers, lost, opened: first.opened, chosen, provider, key, release: first.one.release };
    }
    first.one.release();
    lost.push(...lostOf(call, first.one.chosen, first));
    note(first.one.chosen, first.fault);
    if (signal.aborted) break;
    const late = left();
    if (running.size === 0 && (late === undefined || late > 1)) begin();
  }
  await endOthers();
  return { ok: false, failovers, lost, faults, ...(refusal ? { refusal } : {}) };
}

type Result = { opened: Opened } | { fault: Fault; spent?: Spent | undefined };
type Running = Omit<Served, 'opened'> & {
  result: Promise<Result>;
  release(): void;
  cancel(): void;
};

function run(
  deps: SeekDeps,
  call: Prepared,
  served: Omit<Served, 'opened'>,
  request: { headers: Record<string, string>; body: Buffer | string },
  totalMs: number | undefined,
  signal: AbortSignal,
): Running {
  const { provider, key, chosen } = served;
  const own = new AbortController();
  const onAbort = () => own.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  const { stats } = provider;
  stats.begin();
  key.inFlight += 1;
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    stats.end();
    key.inFlight -= 1;
    signal.removeEventListener('abort', onAbort);
  };
  const from = deps.clock.monotonic();
  const { stream } = call.facts;
  const answers = answersAsked(call.body);
  const bridge = bridgeOf(call.api, chosen.api);
  const translate = bridge && ((body: Json) => bridge.answer(body, call.body));
  const { pool, clock } = deps;
  if (signal.aborted) own.abort();
  const result = key
    .guard(() =>
      attempt({
        ...{ pool, clock, provider, api: chosen.api, stream, answers, translate },
        ...request,
        ...{ totalMs, signal: own.signal },
      }),
    )
    .then(
      (opened) => {
        if (opened.kind !== 'caller') stats.succeeded(deps.clock.monotonic() - from);
        return { opened };
      },
      (error: unknown) => {
        const fault = error instanceof FaultError ? error.fault : faultOf(asOutbound(error));
        if (fault.reason !== 'stopped') stats.failed(wordsOf(fault));
        return { fault, spent: error instanceof FaultError ? error.spent : undefined };
      },
    );
  return {
    ...served,
    result,
    release,
    cancel() {
      own.abort();
      void result.then(release);
    },
  };
}

const CHARS_PER_TOKEN = 3;

/** What an attempt has used that did not serve: also one that had an answer when another was first. */
function lostOf({ facts }: Prepared, { provider, model }: Chosen, result: Result): Lost[] {
  const spent = 'opened' in result ? spentByOpened(result.opened) : result.spent;
  if (!spent) return [];
  const { usage, chars } = spent;
  const said = Math.ceil(chars / CHARS_PER_TOKEN);
  if (usage && usage.outputTokens >= said) return [{ provider, model, usage, estimated: false }];
  const inputTokens = usage?.inputTokens ?? facts.estimate.inputTokens;
  return [{ provider, model, usage: { ...usage, inputTokens, outputTokens: said }, estimated: true }];
}

function spentByOpened(opened: Opened): Spent | undefined {
  if (opened.kind === 'stream') return { usage: opened.usage(), chars: opened.receivedChars() };
  if (opened.kind === 'whole') return opened.usage ? { usage: opened.usage, chars: 0 } : { chars: opened.bytes.length };
  return undefined;
}

const asOutbound = (error: unknown): OutboundError =>
  error instanceof OutboundError ? error : new OutboundError('protocol', 'the exchange failed');

type First = { one: Running } & Result;

/** The first of them that ends, or undefined when none has after the time to hedge. */
async function firstOf(running: ReadonlySet<Running>, hedgeMs: number | undefined): Promise<First | undefined> {
  const results: Promise<First | undefined>[] = [...running].map((one) =>
    one.result.then((result): First => ({ one, ...result })),
  );
  if (hedgeMs === undefined) return Promise.race(results);
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, hedgeMs, undefined);
  });
  return Promise.race([...results, silence]).finally(() => clearTimeout(timer));
}
